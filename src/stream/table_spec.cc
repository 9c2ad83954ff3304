// The serialised form of table specs.
#include "stream/table_spec.h"

namespace penstock {

namespace {
void WriteColumns(const std::vector<TableSpecColumn>& columns, ByteWriter& out) {
  out.Varint(columns.size());
  for (const TableSpecColumn& column : columns) {
    out.String(column.name);
    column.type.Write(out);
    out.String(column.metadata_key);
  }
}

Status ReadColumns(ByteReader& in, std::vector<TableSpecColumn>* columns) {
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    TableSpecColumn column;
    column.name = std::string(in.String());
    ASSIGN_OR_RETURN(column.type, DataType::Read(in));
    column.metadata_key = std::string(in.String());
    columns->push_back(std::move(column));
  }
  return Status::Ok();
}
}  // namespace

std::string TableSpec::Serialize() const {
  ByteWriter out;
  out.String(table);
  out.Varint(options.size());
  for (const auto& [key, value] : options) {
    out.String(key);
    out.String(value);
  }
  WriteColumns(columns, out);
  WriteColumns(stored, out);
  out.Varint(primary_key.size());
  for (int key : primary_key) out.Varint(static_cast<uint64_t>(key));
  out.Varint(partition_keys.size());
  for (const std::string& key : partition_keys) out.String(key);
  out.Varint(changelog);
  out.Bool(bad_rows_lane);
  out.Fixed(limit);
  return out.Take();
}

Result<TableSpec> TableSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  TableSpec spec;
  spec.table = std::string(in.String());
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    std::string key(in.String());
    spec.options[key] = std::string(in.String());
  }
  RETURN_IF_ERROR(ReadColumns(in, &spec.columns));
  RETURN_IF_ERROR(ReadColumns(in, &spec.stored));
  for (uint64_t i = 0, count = in.Count(); i < count; ++i)
    spec.primary_key.push_back(static_cast<int>(in.Varint()));
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) spec.partition_keys.emplace_back(in.String());
  spec.changelog = static_cast<unsigned>(in.Varint());
  spec.bad_rows_lane = in.Bool();
  spec.limit = in.Fixed<int64_t>();
  if (!in.ok()) return Status::Corruption("serialised table spec is damaged");
  return spec;
}

}  // namespace penstock
