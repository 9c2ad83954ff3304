// AvroConfluentDecoder: messages with the number of their writer's schema, step 2 of a record's way. A number
// that is new is asked for once, at the registry, and resolved against the table's schema; from then on it is
// one look-up. A record whose schema does not go with the table, or that the registry does not know, is bad;
// a registry that does not answer fails the call, for no record may be lost to that.
#pragma once

#include <functional>
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

// How records of one writer's schema become rows.
class AvroRecordReader {
 public:
  virtual ~AvroRecordReader() = default;
  // Appends the record's rows; false, nothing appended and the reason, when it is bad.
  virtual bool Read(std::string_view record, DecodedRows* out, std::string* problem) const = 0;
};

class AvroConfluentDecoder : public Decoder {
 public:
  // Makes the reader of a writer's schema; an error says why its records have no place in the table.
  using MakeReader = std::function<Result<std::unique_ptr<AvroRecordReader>>(AvroSchemaPtr writer)>;

  // `skip_empty`: a message without bytes has no row (a tombstone); else it is bad.
  AvroConfluentDecoder(const FormatRequest& request, MakeReader make_reader, bool skip_empty = false)
      : registry_(request.registry),
        make_reader_(std::move(make_reader)),
        on_bad_record_(request.on_bad_record),
        skip_empty_(skip_empty) {}
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;

 private:
  // How records of one schema are read.
  struct Writer {
    std::unique_ptr<AvroRecordReader> reader;  // null: not at all, because of the problem
    std::string problem;
  };
  Result<const Writer*> Find(int32_t id);
  Result<Writer> Fetch(int32_t id);

  std::shared_ptr<SchemaRegistry> registry_;
  MakeReader make_reader_;
  OnBadRecord on_bad_record_;
  bool skip_empty_;
  std::unordered_map<int32_t, Writer> writers_;
  int32_t last_id_ = 0;
  const Writer* last_ = nullptr;  // of last_id_
};

// Reads records of `columns`, resolved against the schema `reader`.
Result<std::unique_ptr<AvroRecordReader>> MakeAvroRecordReader(AvroSchemaPtr writer, AvroSchemaPtr reader,
                                                               const std::vector<Field>& columns);

}  // namespace penstock
