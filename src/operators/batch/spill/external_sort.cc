// Runs and their merging.
#include "operators/batch/spill/external_sort.h"

#include <algorithm>
#include <cstring>

namespace penstock {

// Bytes of a row in memory: this, the key, the encoded row.
struct ExternalSort::Record {
  uint32_t sequence, key_size, row_size;
  static Record Of(const char* at) {
    Record record;
    std::memcpy(&record, at, sizeof(record));
    return record;
  }
  std::string_view key(const char* at) const { return {at + sizeof(Record), key_size}; }
  std::string_view row(const char* at) const { return {at + sizeof(Record) + key_size, row_size}; }
};

namespace {

uint64_t PrefixOf(std::string_view key) {
  unsigned char bytes[8] = {};
  std::memcpy(bytes, key.data(), std::min<size_t>(key.size(), 8));
  uint64_t prefix = 0;
  for (unsigned char byte : bytes) prefix = prefix << 8 | byte;
  return prefix;
}

}  // namespace

bool ExternalSort::Less(const Entry& a, const Entry& b) {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  Record left = Record::Of(a.record), right = Record::Of(b.record);
  int order = left.key(a.record).compare(right.key(b.record));
  return order != 0 ? order < 0 : left.sequence < right.sequence;
}

class ExternalSort::MemoryCursor : public SortedCursor {
 public:
  explicit MemoryCursor(const std::vector<Entry>& entries) : entries_(entries) {}
  Result<bool> Next() override {
    if (next_ >= entries_.size()) return false;
    at_ = entries_[next_++].record;
    record_ = Record::Of(at_);
    return true;
  }
  std::string_view key() const override { return record_.key(at_); }
  std::string_view row() const override { return record_.row(at_); }

 private:
  const std::vector<Entry>& entries_;
  size_t next_ = 0;
  const char* at_ = nullptr;
  Record record_{};
};

// The smallest of several sorted runs; of equal keys the one of the earlier run. A heap of runs, whose top
// has the present row.
class ExternalSort::MergeCursor : public SortedCursor {
 public:
  Status AddRun(const SpillFilePtr& file) {
    ASSIGN_OR_RETURN(std::unique_ptr<SpillReader> reader, SpillReader::Open(file));
    sources_.push_back({{}, {}, std::move(reader)});
    ASSIGN_OR_RETURN(bool more, Advance(&sources_.back()));
    if (!more) return Status::Ok();
    heap_.push_back(sources_.size() - 1);
    std::push_heap(heap_.begin(), heap_.end(), After{this});
    return Status::Ok();
  }
  Result<bool> Next() override {
    if (started_ && !heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), After{this});
      ASSIGN_OR_RETURN(bool more, Advance(&sources_[heap_.back()]));
      if (more)
        std::push_heap(heap_.begin(), heap_.end(), After{this});
      else
        heap_.pop_back();
    }
    started_ = true;
    return !heap_.empty();
  }
  std::string_view key() const override { return sources_[heap_.front()].key; }
  std::string_view row() const override { return sources_[heap_.front()].row; }

 private:
  struct Run {
    std::string_view key, row;
    std::unique_ptr<SpillReader> reader;
  };
  struct After {
    const MergeCursor* cursor;
    bool operator()(size_t a, size_t b) const {
      int order = cursor->sources_[a].key.compare(cursor->sources_[b].key);
      return order != 0 ? order > 0 : a > b;
    }
  };
  static Result<bool> Advance(Run* run) {
    ASSIGN_OR_RETURN(bool more, run->reader->Next());
    run->key = run->reader->key();
    run->row = run->reader->value();
    return more;
  }

  std::vector<Run> sources_;
  std::vector<size_t> heap_;
  bool started_ = false;
};

Status ExternalSort::Add(std::string_view key, std::string_view row) {
  size_t size = sizeof(Record) + key.size() + row.size();
  RETURN_IF_ERROR(MakeRoom(size));
  char* at = arena_.Take(size);
  Record record{sequence_++, static_cast<uint32_t>(key.size()), static_cast<uint32_t>(row.size())};
  std::memcpy(at, &record, sizeof(record));
  std::memcpy(at + sizeof(record), key.data(), key.size());
  std::memcpy(at + sizeof(record) + key.size(), row.data(), row.size());
  entries_.push_back({PrefixOf(key), at});
  ++rows_;
  return Status::Ok();
}

Status ExternalSort::MakeRoom(size_t bytes) {
  bool grows = entries_.size() == entries_.capacity();
  if (arena_.Growth(bytes) == 0 && !grows) return Status::Ok();
  size_t capacity = grows ? std::max<size_t>(64, entries_.capacity() * 2) : entries_.capacity();
  // While the entries move, both copies are there.
  size_t moving = grows ? entries_.capacity() * sizeof(Entry) : 0;
  if (!held_.TryHold(arena_.bytes() + arena_.Growth(bytes) + capacity * sizeof(Entry) + moving)) {
    if (!entries_.empty()) RETURN_IF_ERROR(SpillMemory());
    return Status::Ok();
  }
  if (grows) entries_.reserve(capacity);
  return Status::Ok();
}

void ExternalSort::SortMemory() {
  bool all = most_rows_ < 0 || most_rows_ >= static_cast<int64_t>(entries_.size());
  if (all) {
    std::sort(entries_.begin(), entries_.end(), Less);
    return;
  }
  auto last = entries_.begin() + most_rows_;
  std::partial_sort(entries_.begin(), last, entries_.end(), Less);
  entries_.erase(last, entries_.end());
}

Status ExternalSort::SpillMemory() {
  SortMemory();
  ASSIGN_OR_RETURN(std::unique_ptr<SpillWriter> writer, space_->NewFile());
  for (const Entry& entry : entries_) {
    Record record = Record::Of(entry.record);
    RETURN_IF_ERROR(writer->Add(record.key(entry.record), record.row(entry.record)));
  }
  ASSIGN_OR_RETURN(SpillFilePtr run, space_->Finish(std::move(writer)));
  runs_.push_back(std::move(run));
  entries_ = {};
  arena_.Clear();
  held_.ReleaseAll();
  sequence_ = 0;
  return Status::Ok();
}

Status ExternalSort::Finish() {
  SortMemory();
  if (runs_.empty()) return Status::Ok();
  // Readers need blocks of their own.
  if (!entries_.empty()) RETURN_IF_ERROR(SpillMemory());
  size_t most = space_->most_readers(cursors_);
  while (runs_.size() > most) {
    std::vector<SpillFilePtr> merged;
    for (size_t begin = 0; begin < runs_.size(); begin += most) {
      size_t end = std::min(begin + most, runs_.size());
      SpillFilePtr run = runs_[begin];
      if (end - begin > 1) RETURN_IF_ERROR(MergeRuns(begin, end, &run));
      for (size_t i = begin; i < end; ++i) runs_[i] = nullptr;
      merged.push_back(std::move(run));
    }
    runs_ = std::move(merged);
  }
  return Status::Ok();
}

Status ExternalSort::MergeRuns(size_t begin, size_t end, SpillFilePtr* into) const {
  ASSIGN_OR_RETURN(std::unique_ptr<MergeCursor> cursor, Merge(begin, end));
  ASSIGN_OR_RETURN(std::unique_ptr<SpillWriter> writer, space_->NewFile());
  for (int64_t row = 0; most_rows_ < 0 || row < most_rows_; ++row) {
    ASSIGN_OR_RETURN(bool more, cursor->Next());
    if (!more) break;
    RETURN_IF_ERROR(writer->Add(cursor->key(), cursor->row()));
  }
  ASSIGN_OR_RETURN(*into, space_->Finish(std::move(writer)));
  return Status::Ok();
}

Result<std::unique_ptr<ExternalSort::MergeCursor>> ExternalSort::Merge(size_t begin, size_t end) const {
  auto cursor = std::make_unique<MergeCursor>();
  for (size_t i = begin; i < end; ++i) RETURN_IF_ERROR(cursor->AddRun(runs_[i]));
  return cursor;
}

Result<std::unique_ptr<SortedCursor>> ExternalSort::NewCursor() const {
  if (runs_.empty()) return std::unique_ptr<SortedCursor>(new MemoryCursor(entries_));
  ASSIGN_OR_RETURN(std::unique_ptr<MergeCursor> cursor, Merge(0, runs_.size()));
  return std::unique_ptr<SortedCursor>(std::move(cursor));
}

}  // namespace penstock
