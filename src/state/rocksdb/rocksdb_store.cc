// RocksDB behind the port: without a write-ahead log, as what counts is in checkpoints, with one block cache
// that memtables are charged to. The only file that includes its headers. Its own threads flush and compact.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "state/ordered_store.h"

namespace penstock {

namespace {

constexpr int64_t kLeastMemory = int64_t{8} << 20;
constexpr int64_t kMostMemory = int64_t{1} << 30;

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status StatusOf(const rocksdb::Status& status) {
  if (status.ok()) return Status::Ok();
  return Status(StatusCode::kIo, "state on disk: " + status.ToString())
      .WithHint("io.tmp.dirs and state.backend.rocksdb.localdir name the folder");
}

class Cursor : public StoreCursor {
 public:
  explicit Cursor(std::unique_ptr<rocksdb::Iterator> at) : at_(std::move(at)) {}
  void Seek(std::string_view key) override { at_->Seek(SliceOf(key)); }
  bool valid() const override { return at_->Valid(); }
  void Next() override { at_->Next(); }
  std::string_view key() const override { return ViewOf(at_->key()); }
  std::string_view value() const override { return ViewOf(at_->value()); }
  Status status() const override { return StatusOf(at_->status()); }

 private:
  std::unique_ptr<rocksdb::Iterator> at_;
};

// Keeps the database open.
class SnapshotView : public StoreView {
 public:
  explicit SnapshotView(std::shared_ptr<rocksdb::DB> db)
      : db_(std::move(db)), snapshot_(db_->GetSnapshot()) {}
  ~SnapshotView() override { db_->ReleaseSnapshot(snapshot_); }
  std::unique_ptr<StoreCursor> NewCursor() override {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    options.fill_cache = false;
    options.readahead_size = size_t{256} << 10;
    return std::make_unique<Cursor>(std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options)));
  }

 private:
  std::shared_ptr<rocksdb::DB> db_;
  const rocksdb::Snapshot* snapshot_;
};

class NothingView : public StoreView {
 public:
  std::unique_ptr<StoreCursor> NewCursor() override {
    return std::make_unique<Cursor>(std::unique_ptr<rocksdb::Iterator>(rocksdb::NewEmptyIterator()));
  }
};

class RocksStore : public OrderedStore {
 public:
  RocksStore(FileSystem* files, std::string directory, MemoryBudget* memory)
      : files_(files), directory_(std::move(directory)), memory_(memory) {}
  ~RocksStore() override {
    if (!db_) return;
    memory_->Give(taken_);
    std::weak_ptr<rocksdb::DB> open = db_;
    db_.reset();
    // A view may still read; whoever owns the folder removes what is left.
    if (open.expired()) static_cast<void>(RemoveTree(*files_, directory_));
  }

  uint32_t NewPrefix() override { return ++prefixes_; }
  std::unique_ptr<StoreWriter> NewWriter() override { return std::make_unique<Writer>(this); }

  Status Get(std::span<const std::string> keys, std::vector<std::optional<std::string>>* values) override {
    values->assign(keys.size(), std::nullopt);
    if (!is_open_) return Status::Ok();
    std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), keys.size(), slices.data(),
                  found.data(), statuses.data());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      RETURN_IF_ERROR(StatusOf(statuses[i]));
      (*values)[i] = found[i].ToString();
    }
    return Status::Ok();
  }

  std::shared_ptr<StoreView> View() override {
    if (!is_open_) return std::make_shared<NothingView>();
    return std::make_shared<SnapshotView>(db_);
  }
  std::unique_ptr<ScratchFile> NewScratch() override {
    return MakeScratchFile(files_, directory_, "scratch-" + std::to_string(++scratches_));
  }
  int64_t MemoryBytes() const override { return is_open_ ? taken_ : 0; }
  int64_t DiskBytes() const override {
    uint64_t bytes = 0;
    if (is_open_) db_->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
    return static_cast<int64_t>(bytes);
  }

 private:
  class Writer : public StoreWriter {
   public:
    explicit Writer(RocksStore* store) : store_(store) {}
    void Put(std::string_view key, std::string_view value) override {
      batch_.Put(SliceOf(key), SliceOf(value));
    }
    void Erase(std::string_view key) override { batch_.Delete(SliceOf(key)); }
    void EraseRange(std::string_view from, std::string_view to) override {
      batch_.DeleteRange(SliceOf(from), SliceOf(to));
    }
    Status Commit() override {
      if (batch_.Count() == 0) return Status::Ok();
      RETURN_IF_ERROR(store_->Open());
      rocksdb::WriteOptions options;
      options.disableWAL = true;
      rocksdb::Status written = store_->db_->Write(options, &batch_);
      batch_.Clear();
      return StatusOf(written);
    }

   private:
    RocksStore* store_;
    rocksdb::WriteBatch batch_;
  };

  Status Open() {
    if (is_open_) return Status::Ok();
    std::lock_guard lock(opening_);
    if (is_open_) return Status::Ok();
    RETURN_IF_ERROR(files_->CreateDirectories(directory_));
    taken_ =
        memory_->limited() ? std::clamp(memory_->limit() / 4, kLeastMemory, kMostMemory) : kMostMemory / 4;
    rocksdb::DB* db = nullptr;
    RETURN_IF_ERROR(StatusOf(rocksdb::DB::Open(Options(taken_), directory_, &db)));
    db_.reset(db);
    memory_->Take(taken_);
    is_open_ = true;
    return Status::Ok();
  }

  static rocksdb::Options Options(int64_t memory) {
    auto bytes = static_cast<size_t>(memory);
    std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(bytes, -1, false, 0.2);
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.block_size = size_t{8} << 10;
    table.cache_index_and_filter_blocks = true;
    table.cache_index_and_filter_blocks_with_high_priority = true;
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
    table.filter_policy.reset(rocksdb::NewRibbonFilterPolicy(10));
    table.format_version = 5;
    rocksdb::Options options;
    options.create_if_missing = true;
    options.error_if_exists = true;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(bytes / 2, cache);
    options.write_buffer_size = std::clamp(bytes / 8, size_t{1} << 20, size_t{64} << 20);
    options.max_write_buffer_number = 4;
    options.max_background_jobs = 2;
    options.level_compaction_dynamic_level_bytes = true;
    options.target_file_size_base = options.write_buffer_size;
    options.max_bytes_for_level_base = options.write_buffer_size * 8;
    options.compression_per_level = {rocksdb::kNoCompression,  rocksdb::kNoCompression,
                                     rocksdb::kLZ4Compression, rocksdb::kLZ4Compression,
                                     rocksdb::kLZ4Compression, rocksdb::kLZ4Compression,
                                     rocksdb::kLZ4Compression};
    options.optimize_filters_for_hits = true;  // keys that are not there are mostly not asked for
    options.max_open_files = 500;
    options.info_log_level = rocksdb::WARN_LEVEL;
    options.keep_log_file_num = 1;
    options.avoid_unnecessary_blocking_io = true;
    options.avoid_flush_during_shutdown = true;
    return options;
  }

  FileSystem* files_;
  const std::string directory_;
  MemoryBudget* memory_;
  std::atomic<uint32_t> prefixes_{0}, scratches_{0};
  std::mutex opening_;
  std::atomic<bool> is_open_{false};
  int64_t taken_ = 0;
  std::shared_ptr<rocksdb::DB> db_;
};

}  // namespace

std::shared_ptr<OrderedStore> MakeRocksStore(FileSystem* files, std::string directory, MemoryBudget* memory) {
  return std::make_shared<RocksStore>(files, std::move(directory), memory);
}

}  // namespace penstock
