// Writers' schemas by their number.
// Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "formats/avro/confluent/avro_confluent_decoder.h"

#include "formats/avro/avro_decoder.h"

namespace penstock {

namespace {

// So many schemas are kept; more can only be numbers that somebody made up.
constexpr size_t kWritersMax = 10'000;

class PlainReader : public AvroRecordReader {
 public:
  explicit PlainReader(AvroProgram program) : program_(std::move(program)) {}
  bool Read(std::string_view record, DecodedRows* out, std::string* problem) const override {
    return DecodeAvroRecord(program_, record, out, problem);
  }

 private:
  AvroProgram program_;
};

}  // namespace

std::string AvroMessagePrefix(int32_t id) {
  std::string prefix(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    prefix.push_back(static_cast<char>(static_cast<uint32_t>(id) >> shift));
  return prefix;
}

Result<std::unique_ptr<AvroRecordReader>> MakeAvroRecordReader(AvroSchemaPtr writer, AvroSchemaPtr reader,
                                                               const std::vector<Field>& columns) {
  AvroProgram program(std::move(writer), std::move(reader), columns);
  if (!program.usable()) return Status::InvalidData(program.problem());
  return std::unique_ptr<AvroRecordReader>(new PlainReader(std::move(program)));
}

Result<AvroConfluentDecoder::Writer> AvroConfluentDecoder::Fetch(int32_t id) {
  Result<std::string> text = registry_->Fetch(id);
  Status failure = text.status();
  if (text) {
    Result<AvroSchemaPtr> schema = AvroSchema::Parse(*text);
    failure = schema.status();
    if (schema) {
      Result<std::unique_ptr<AvroRecordReader>> reader = make_reader_(std::move(*schema));
      if (reader) return Writer{std::move(*reader), ""};
      failure = reader.status();
    }
  } else if (failure.code() != StatusCode::kNotFound && failure.code() != StatusCode::kInvalidData) {
    return std::move(failure).WithContext("asking for the Avro schema with id " + std::to_string(id));
  }
  return Writer{nullptr, "schema id " + std::to_string(id) + ": " + failure.message()};
}

Result<const AvroConfluentDecoder::Writer*> AvroConfluentDecoder::Find(int32_t id) {
  if (last_ != nullptr && id == last_id_) return last_;
  auto found = writers_.find(id);
  if (found == writers_.end()) {
    ASSIGN_OR_RETURN(Writer writer, Fetch(id));
    if (writers_.size() >= kWritersMax) writers_.clear();
    found = writers_.emplace(id, std::move(writer)).first;
  }
  last_id_ = id;
  last_ = &found->second;
  return last_;
}

Status AvroConfluentDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  if (record.empty() && skip_empty_) return Status::Ok();
  if (record.size() < kAvroMessagePrefixBytes || record[0] != 0) {
    return ReportBadRecord(record, "the message does not begin with 0 and a schema id", offset,
                           on_bad_record_, out);
  }
  uint32_t id = 0;
  for (size_t i = 1; i < kAvroMessagePrefixBytes; ++i) id = id << 8 | static_cast<uint8_t>(record[i]);
  ASSIGN_OR_RETURN(const Writer* writer, Find(static_cast<int32_t>(id)));
  std::string problem;
  if (writer->reader == nullptr) {
    problem = writer->problem;
  } else if (writer->reader->Read(record.substr(kAvroMessagePrefixBytes), out, &problem)) {
    return Status::Ok();
  } else {
    problem = "schema id " + std::to_string(static_cast<int32_t>(id)) + ": " + problem;
  }
  return ReportBadRecord(record, problem, offset, on_bad_record_, out);
}

}  // namespace penstock
