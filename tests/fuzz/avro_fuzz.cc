// Fuzz target: Avro as it comes from outside. The first byte chooses: a schema alone; a writer's schema and a
// record of it, read into columns of every type; a container file. Nothing may crash, run away or read too
// far, and what was read as a schema must be read the same from its own JSON.
#include "formats/avro/avro_decoder.h"
#include "formats/avro/avro_file.h"
#include "formats/avro/avro_types.h"
#include "fuzz/decoded_text.h"

namespace {

using namespace penstock;

class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string_view bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  Status ReadAt(uint64_t offset, size_t size, char* to) override {
    CHECK(offset <= bytes_.size() && size <= bytes_.size() - offset);
    std::copy_n(bytes_.data() + offset, size, to);
    return Status::Ok();
  }

 private:
  std::string_view bytes_;
};

// The columns that are read, and the schema they are read as.
struct Target {
  explicit Target(bool nested)
      : columns(fuzz::Columns(nested)), reader(AvroSchemaOf(columns, AvroTimestamps::kCorrect).value()) {}
  std::vector<Field> columns;
  AvroSchemaPtr reader;
};

void ReadSchema(std::string_view text) {
  Result<AvroSchemaPtr> schema = AvroSchema::Parse(text);
  if (!schema) return;
  std::string json = (*schema)->ToJson();
  Result<AvroSchemaPtr> again = AvroSchema::Parse(json);
  CHECK(again.has_value());
  CHECK((*again)->ToJson() == json);
}

// A schema's JSON, a zero byte, and a record.
void ReadRecord(std::string_view text, const Target& target, bool own) {
  AvroSchemaPtr writer = target.reader;
  if (!own) {
    size_t zero = text.find('\0');
    if (zero == std::string_view::npos) return;
    Result<AvroSchemaPtr> given = AvroSchema::Parse(text.substr(0, zero));
    if (!given) return;
    writer = *given;
    text.remove_prefix(zero + 1);
  }
  AvroProgram program(writer, target.reader, target.columns);
  if (!program.usable()) return;
  DecodedRows rows(Schema(target.columns).types(), true);
  std::string problem;
  bool read = DecodeAvroRecord(program, text, &rows, &problem);
  CHECK(read == problem.empty());
  fuzz::Reading reading;
  fuzz::Append(&rows, target.columns, &reading);
  AvroInput in(text);
  bool skipped = AvroProgram::Skip(*writer, writer->root(), in);
  CHECK(skipped || !read);
}

void ReadFile(std::string_view text, const Target& target) {
  TextSource source(text);
  Result<std::unique_ptr<BulkReader>> file = OpenAvroFile(&source, target.reader, target.columns);
  if (!file) return;
  for (int group = 0; group < (*file)->groups(); ++group) {
    if (!(*file)->Seek(group, 0).ok()) return;
    Result<Batch> batch = (*file)->Read(1000);
    if (!batch) return;
    for (int64_t row = 0; row < std::min<int64_t>(batch->rows, 100); ++row) batch->RowAt(row);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const Target targets[] = {Target(false), Target(true)};
  const Target& target = targets[(data[0] & 8) != 0 ? 1 : 0];
  switch (data[0] & 3) {
    case 0: ReadSchema(text); break;
    case 1: ReadRecord(text, target, false); break;
    case 2: ReadRecord(text, target, true); break;
    default: ReadFile(text, target);
  }
  return 0;
}
