// Rows of a key in order of arrival. In state: element = 8 bytes of position, big endian; value = identity
// and row bytes, each with its length; pending changes have their sign before the identity.
#include "operators/changelog/sink_materializer.h"

#include <algorithm>

#include "base/strings.h"
#include "data/value_text.h"

namespace penstock {

std::string SinkMaterializerSpec::Serialize() const {
  ByteWriter out;
  for (const std::vector<int>* columns : {&primary_key, &upsert_key}) {
    out.Varint(columns->size());
    for (int column : *columns) out.Varint(static_cast<uint64_t>(column));
  }
  out.Varint(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    types[i].Write(out);
    out.String(names[i]);
  }
  out.Fixed(static_cast<uint8_t>(action));
  out.Bool(watermarks);
  out.Fixed(ttl_ms);
  return out.Take();
}

Result<SinkMaterializerSpec> SinkMaterializerSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  SinkMaterializerSpec spec;
  for (std::vector<int>* columns : {&spec.primary_key, &spec.upsert_key}) {
    for (uint64_t i = 0, count = in.Count(); i < count; ++i)
      columns->push_back(static_cast<int>(in.Varint()));
  }
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.types.push_back(std::move(type));
    spec.names.emplace_back(in.String());
  }
  spec.action = static_cast<ConflictAction>(in.Fixed<uint8_t>());
  spec.watermarks = in.Bool();
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

namespace {

std::vector<DataType> Pick(const std::vector<DataType>& types, const std::vector<int>& columns) {
  std::vector<DataType> picked;
  for (int column : columns) picked.push_back(types[static_cast<size_t>(column)]);
  return picked;
}

std::string PositionAfter(std::string_view last) {
  uint64_t number = 0;
  for (char byte : last) number = number << 8 | static_cast<uint8_t>(byte);
  ++number;
  std::string position(8, '\0');
  for (size_t i = 8; i-- > 0; number >>= 8) position[i] = static_cast<char>(number & 0xff);
  return position;
}

}  // namespace

SinkMaterializer::SinkMaterializer(SinkMaterializerSpec spec)
    : spec_(std::move(spec)),
      key_codec_(Pick(spec_.types, spec_.primary_key)),
      upsert_codec_(Pick(spec_.types, spec_.upsert_key)),
      emitter_(spec_.types) {}

Status SinkMaterializer::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(rows_, context->state->OpenMap({"rows", 0, spec_.ttl_ms}));
  if (spec_.action != ConflictAction::kDeduplicate) {
    ASSIGN_OR_RETURN(pending_, context->state->OpenMap({"pending", 0, 0}));
  }
  return Status::Ok();
}

std::vector<SinkMaterializer::Entry> SinkMaterializer::Load(MapState* state, StateKey key) const {
  std::vector<Entry> entries;
  state->Scan(0, key, "", [&](std::string_view element, std::string_view value) {
    ByteReader in(value);
    std::string identity(in.String());
    std::string row(in.String());
    entries.push_back({std::string(element), std::move(identity), std::move(row)});
    return true;
  });
  return entries;
}

void SinkMaterializer::Store(MapState* state, StateKey key, const Entry& entry) {
  ByteWriter value;
  value.String(entry.identity);
  value.String(entry.row);
  state->Put(0, key, entry.position, value.Take());
}

std::string SinkMaterializer::Identity(const Batch& batch, int64_t row, const std::string& encoded) const {
  if (spec_.upsert_key.empty()) return encoded;
  std::vector<ColumnPtr> columns;
  for (int column : spec_.upsert_key) columns.push_back(batch.column(column));
  std::string identity;
  upsert_codec_.EncodeRow(columns, row, &identity);
  return identity;
}

void SinkMaterializer::AddRow(const Batch& batch, int64_t row, StateKey key) {
  std::vector<Entry> entries = Load(rows_, key);
  Entry added;
  emitter_.codec().EncodeRow(batch.columns, row, &added.row);
  added.identity = Identity(batch, row, added.row);
  emitter_.Add(entries.empty() ? RowKind::kInsert : RowKind::kUpdateAfter, batch, row);
  added.position = PositionAfter(entries.empty() ? "" : entries.back().position);
  if (!spec_.upsert_key.empty()) {
    for (const Entry& entry : entries) {
      if (entry.identity != added.identity) continue;
      added.position = entry.position;
      break;
    }
  }
  Store(rows_, key, added);
}

void SinkMaterializer::RetractRow(const Batch& batch, int64_t row, StateKey key) {
  std::vector<Entry> entries = Load(rows_, key);
  std::string encoded;
  emitter_.codec().EncodeRow(batch.columns, row, &encoded);
  std::string identity = Identity(batch, row, encoded);
  size_t at = 0;
  while (at < entries.size() && entries[at].identity != identity) ++at;
  if (at == entries.size()) return;  // its state has expired
  rows_->Erase(0, key, entries[at].position);
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at));
  if (entries.empty()) {
    emitter_.Add(RowKind::kDelete, batch, row);
  } else if (at == entries.size()) {
    emitter_.AddEncoded(RowKind::kUpdateAfter, entries.back().row);
  }
}

// A change and its opposite within the same bundle cancel each other out, in either order: they may have
// overtaken one another on the way.
void SinkMaterializer::Buffer(const Batch& batch, int64_t row, StateKey key) {
  std::vector<Entry> entries = Load(pending_, key);
  Entry added;
  emitter_.codec().EncodeRow(batch.columns, row, &added.row);
  bool add = IsAdd(batch.kind(row));
  std::string identity = Identity(batch, row, added.row);
  std::string opposite = (add ? '-' : '+') + identity;
  for (size_t i = entries.size(); i-- > 0;) {
    if (entries[i].identity != opposite) continue;
    pending_->Erase(0, key, entries[i].position);
    return;
  }
  added.identity = (add ? '+' : '-') + identity;
  added.position = PositionAfter(entries.empty() ? "" : entries.back().position);
  if (add && !spec_.upsert_key.empty()) {  // the same row again replaces itself
    for (const Entry& entry : entries) {
      if (entry.identity == added.identity) added.position = entry.position;
    }
  }
  Store(pending_, key, added);
}

std::string SinkMaterializer::Describe(std::string_view row) const {
  std::vector<ColumnBuilder> builders = MakeBuilders(spec_.types);
  emitter_.codec().Decode(row, builders);
  std::vector<ColumnPtr> columns = FinishBuilders(builders);
  std::vector<std::string> parts;
  for (int key : spec_.primary_key) {
    auto at = static_cast<size_t>(key);
    parts.push_back(spec_.names[at] + "=" +
                    ValueToText(columns[at]->ValueAt(0), spec_.types[at], *context_->eval->zone));
  }
  return Join(parts, ", ");
}

Status SinkMaterializer::CompactKey(StateKey key) {
  std::vector<Entry> emitted = Load(rows_, key);
  std::vector<Entry> live = emitted;
  for (const Entry& change : Load(pending_, key)) {
    std::string identity = change.identity.substr(1);
    auto same = std::find_if(live.begin(), live.end(),
                             [&](const Entry& entry) { return entry.identity == identity; });
    if (change.identity[0] == '-') {
      if (same != live.end()) live.erase(same);
    } else if (same != live.end()) {
      same->row = change.row;
    } else {
      live.push_back({"", identity, change.row});
    }
  }
  pending_->Clear(0, key);
  if (live.size() > 1 && spec_.action == ConflictAction::kError) {
    return Status::InvalidData(
               "Primary key constraint violation: multiple distinct records with the same primary key found. "
               "Conflicting key: [" +
               Describe(live[0].row) + "].")
        .WithHint("use ON CONFLICT DO NOTHING to keep the first record, or DO DEDUPLICATE to keep the last");
  }
  if (live.empty()) {
    if (!emitted.empty()) {
      emitter_.AddEncoded(RowKind::kDelete, emitted[0].row);
      rows_->Clear(0, key);
    }
    return Status::Ok();
  }
  if (!emitted.empty() && emitted[0].row == live[0].row) return Status::Ok();
  emitter_.AddEncoded(emitted.empty() ? RowKind::kInsert : RowKind::kUpdateAfter, live[0].row);
  rows_->Clear(0, key);
  live[0].position = PositionAfter("");
  Store(rows_, key, live[0]);
  return Status::Ok();
}

Status SinkMaterializer::Compact() {
  if (pending_ == nullptr) return Status::Ok();
  std::vector<std::string> keys;
  pending_->ForEachKey(0, [&](StateKey key) { keys.emplace_back(key.bytes); });
  for (const std::string& key : keys) RETURN_IF_ERROR(CompactKey({key, HashKey(key)}));
  return Status::Ok();
}

Result<Progress> SinkMaterializer::Process(int, const Batch& batch, Output& out) {
  std::vector<ColumnPtr> columns;
  KeyBlock keys;
  if (batch.rows > 0) {  // marks alone may come without columns
    for (int key : spec_.primary_key) columns.push_back(batch.column(key));
    key_codec_.Encode(columns, batch.rows, &keys);
  }
  size_t mark = 0;
  for (int64_t row = 0; row <= batch.rows; ++row) {
    for (; mark < batch.marks.size() && batch.marks[mark].offset <= row; ++mark) {
      if (batch.marks[mark].kind == MarkKind::kWatermark) RETURN_IF_ERROR(Compact());
      emitter_.MarkTo(batch.marks[mark], &queue_);
    }
    if (row == batch.rows) break;
    StateKey key{keys[row], HashKey(keys[row])};
    if (pending_ != nullptr) {
      Buffer(batch, row, key);
    } else if (IsAdd(batch.kind(row))) {
      AddRow(batch, row, key);
    } else {
      RetractRow(batch, row, key);
    }
  }
  emitter_.FlushTo(&queue_);
  return queue_.Flush(out);
}

// A drained input has sent its last watermark before.
Result<Progress> SinkMaterializer::OnEndOfInput(int, bool, Output& out) { return Flush(out); }

Result<Progress> SinkMaterializer::Flush(Output& out) {
  if (!spec_.watermarks) RETURN_IF_ERROR(Compact());
  emitter_.FlushTo(&queue_);
  return queue_.Flush(out);
}

}  // namespace penstock
