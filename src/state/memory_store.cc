// The store of the simulation and of tests: a map, copied for views.
#include <atomic>
#include <map>
#include <mutex>

#include "state/ordered_store.h"

namespace penstock {

namespace {

using Entries = std::map<std::string, std::string, std::less<>>;

class MemoryView : public StoreView {
 public:
  explicit MemoryView(Entries entries) : entries_(std::move(entries)) {}
  std::unique_ptr<StoreCursor> NewCursor() override { return std::make_unique<Cursor>(&entries_); }

 private:
  class Cursor : public StoreCursor {
   public:
    explicit Cursor(const Entries* entries) : entries_(entries), at_(entries->end()) {}
    void Seek(std::string_view key) override { at_ = entries_->lower_bound(key); }
    bool valid() const override { return at_ != entries_->end(); }
    void Next() override { ++at_; }
    std::string_view key() const override { return at_->first; }
    std::string_view value() const override { return at_->second; }
    Status status() const override { return Status::Ok(); }

   private:
    const Entries* entries_;
    Entries::const_iterator at_;
  };
  Entries entries_;
};

class MemoryStore : public OrderedStore {
 public:
  uint32_t NewPrefix() override { return ++prefixes_; }
  std::unique_ptr<StoreWriter> NewWriter() override { return std::make_unique<Writer>(this); }
  Status Get(std::span<const std::string> keys, std::vector<std::optional<std::string>>* values) override {
    std::lock_guard lock(mutex_);
    values->clear();
    for (const std::string& key : keys) {
      auto at = entries_.find(key);
      values->push_back(at == entries_.end() ? std::nullopt : std::optional(at->second));
    }
    return Status::Ok();
  }
  std::shared_ptr<StoreView> View() override {
    std::lock_guard lock(mutex_);
    return std::make_shared<MemoryView>(entries_);
  }
  std::unique_ptr<ScratchFile> NewScratch() override { return MakeMemoryScratch(); }
  int64_t MemoryBytes() const override { return 0; }
  int64_t DiskBytes() const override { return 0; }

 private:
  class Writer : public StoreWriter {
   public:
    explicit Writer(MemoryStore* store) : store_(store) {}
    void Put(std::string_view key, std::string_view value) override {
      std::lock_guard lock(store_->mutex_);
      store_->entries_.insert_or_assign(std::string(key), std::string(value));
    }
    void Erase(std::string_view key) override {
      std::lock_guard lock(store_->mutex_);
      auto at = store_->entries_.find(key);
      if (at != store_->entries_.end()) store_->entries_.erase(at);
    }
    void EraseRange(std::string_view from, std::string_view to) override {
      std::lock_guard lock(store_->mutex_);
      store_->entries_.erase(store_->entries_.lower_bound(from), store_->entries_.lower_bound(to));
    }
    Status Commit() override { return Status::Ok(); }

   private:
    MemoryStore* store_;
  };

  std::atomic<uint32_t> prefixes_{0};
  std::mutex mutex_;
  Entries entries_;
};

}  // namespace

std::shared_ptr<OrderedStore> MakeMemoryStore() { return std::make_shared<MemoryStore>(); }

}  // namespace penstock
