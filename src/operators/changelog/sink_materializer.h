// SinkMaterializer: before an upsert sink whose primary key is not the key of the changes. Two ways:
// history (ON CONFLICT DO DEDUPLICATE, and Flink's default): all live rows of a primary key in order of
// arrival; the last one is what the sink shows, and taking it back brings the one before it up again.
// compaction (DO NOTHING, DO ERROR): changes wait until the watermark passes, cancel each other out, and what
// is left is the row; several rows are a conflict: the first one stays, or the job fails.
#pragma once

#include "data/key_codec.h"
#include "operators/row_emitter.h"

namespace penstock {

enum class ConflictAction : uint8_t { kDeduplicate, kNothing, kError };

struct SinkMaterializerSpec {
  std::vector<int> primary_key;
  std::vector<int> upsert_key;  // empty: rows are told apart by all their columns
  std::vector<DataType> types;
  std::vector<std::string> names;
  ConflictAction action = ConflictAction::kDeduplicate;
  bool watermarks = false;  // the input has watermarks; without, compaction happens before every barrier
  int64_t ttl_ms = 0;
  std::string Serialize() const;
  static Result<SinkMaterializerSpec> Parse(std::string_view bytes);
};

class SinkMaterializer : public Operator {
 public:
  explicit SinkMaterializer(SinkMaterializerSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  Result<Progress> Resume(Output& out) override { return queue_.Flush(out); }
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override;
  Result<Progress> Flush(Output& out) override;

 private:
  // A row kept in state: where it stands, its identity and its bytes.
  struct Entry {
    std::string position, identity, row;
  };
  std::vector<Entry> Load(MapState* state, StateKey key) const;
  void Store(MapState* state, StateKey key, const Entry& entry);
  std::string Identity(const Batch& batch, int64_t row, const std::string& encoded) const;

  void AddRow(const Batch& batch, int64_t row, StateKey key);
  void RetractRow(const Batch& batch, int64_t row, StateKey key);
  void Buffer(const Batch& batch, int64_t row, StateKey key);
  Status Compact();
  Status CompactKey(StateKey key);
  std::string Describe(std::string_view row) const;

  SinkMaterializerSpec spec_;
  KeyCodec key_codec_, upsert_codec_;
  RowEmitter emitter_;
  EmitQueue queue_;
  MapState* rows_ = nullptr;     // history: live rows; compaction: the row that was emitted
  MapState* pending_ = nullptr;  // compaction: changes since the last watermark
};

}  // namespace penstock
