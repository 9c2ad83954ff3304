// AvroConfluentDecoder: messages with the number of their writer's schema, step 2 of a record's way. A number
// that is new is asked for once, at the registry, and resolved against the table's schema; from then on it is
// one look-up. A record whose schema does not go with the table, or that the registry does not know, is bad;
// a registry that does not answer fails the call, for no record may be lost to that.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "formats/avro/avro_program.h"
#include "formats/decoder.h"
#include "formats/format.h"

namespace penstock {

// The bytes before a record: 0, and the schema's id, big-endian.
std::string AvroMessagePrefix(int32_t id);
inline constexpr size_t kAvroMessagePrefixBytes = 5;

class AvroConfluentDecoder : public Decoder {
 public:
  AvroConfluentDecoder(const FormatRequest& request, AvroSchemaPtr reader);
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;

 private:
  // How records of one schema are read.
  struct Writer {
    std::unique_ptr<AvroProgram> program;  // null: not at all, because of the problem
    std::string problem;
  };
  Result<const Writer*> Find(int32_t id);
  Result<Writer> Fetch(int32_t id);

  std::shared_ptr<SchemaRegistry> registry_;
  AvroSchemaPtr reader_;
  std::vector<Field> columns_;
  OnBadRecord on_bad_record_;
  std::unordered_map<int32_t, Writer> writers_;
  int32_t last_id_ = 0;
  const Writer* last_ = nullptr;  // of last_id_
};

}  // namespace penstock
