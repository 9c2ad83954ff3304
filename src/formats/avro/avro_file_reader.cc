// Reading container files: the header, the places of all blocks, then block by block.
#include <algorithm>

#include "data/row_codec.h"
#include "formats/avro/avro_file.h"
#include "formats/avro/avro_program.h"

namespace penstock {

namespace {

constexpr std::string_view kMagic("Obj\x01", 4);
constexpr size_t kSyncBytes = 16;
constexpr size_t kBlockHeaderMax = 20;  // two numbers
constexpr uint64_t kHeaderMax = 16 << 20;
constexpr uint64_t kBlockMax = 256 << 20;

struct FileHeader {
  AvroSchemaPtr schema;
  AvroCodec codec = AvroCodec::kNull;
  std::string sync;
  uint64_t size = 0;
};

struct FileBlock {
  uint64_t offset = 0;  // of its data
  uint64_t size = 0;
  int64_t rows = 0;
};

Result<std::string> ReadBytes(ByteSource& source, uint64_t offset, uint64_t size) {
  std::string bytes(std::min(size, source.size() - offset), '\0');
  RETURN_IF_ERROR(source.ReadAt(offset, bytes.size(), bytes.data()));
  return bytes;
}

// The header's map; false when the bytes end too early or are none.
bool ReadMetadata(AvroInput& in, std::map<std::string, std::string>* metadata) {
  std::string_view magic, key, value;
  int64_t count = 0, size = 0;
  if (!in.Raw(kMagic.size(), &magic) || magic != kMagic)
    return in.Fail("no Avro file: it does not begin with Obj1");
  do {
    if (!in.Block(&count, &size)) return false;
    for (int64_t i = 0; i < count; ++i) {
      if (!in.Bytes(&key) || !in.Bytes(&value)) return false;
      (*metadata)[std::string(key)] = value;
    }
  } while (count > 0);
  return true;
}

Result<FileHeader> ReadHeader(ByteSource& source) {
  for (uint64_t size = 64 << 10;; size *= 4) {
    ASSIGN_OR_RETURN(std::string bytes, ReadBytes(source, 0, size));
    AvroInput in(bytes);
    std::map<std::string, std::string> metadata;
    std::string_view sync;
    if (!ReadMetadata(in, &metadata) || !in.Raw(kSyncBytes, &sync)) {
      bool magic = std::string_view(bytes).starts_with(kMagic);
      if (magic && bytes.size() < source.size() && size < kHeaderMax) continue;
      return Status::InvalidData("bad Avro file header: " + in.problem());
    }
    FileHeader header;
    ASSIGN_OR_RETURN(header.schema, AvroSchema::Parse(metadata["avro.schema"]));
    if (metadata.contains("avro.codec")) {
      ASSIGN_OR_RETURN(header.codec, FindAvroCodec(metadata["avro.codec"]));
    }
    header.sync = sync;
    header.size = bytes.size() - in.left();
    return header;
  }
}

// Looks from block to block, without reading their data.
Result<std::vector<FileBlock>> FindBlocks(ByteSource& source, const FileHeader& header) {
  std::vector<FileBlock> blocks;
  uint64_t at = header.size;
  ASSIGN_OR_RETURN(std::string bytes, ReadBytes(source, at, kBlockHeaderMax));
  while (at < source.size()) {
    AvroInput in(bytes);
    int64_t rows = 0, size = 0;
    if (!in.Long(&rows) || !in.Long(&size) || rows < 0 || size < 0)
      return Status::InvalidData("a bad block at offset " + std::to_string(at));
    FileBlock block{at + (bytes.size() - in.left()), static_cast<uint64_t>(size), rows};
    if (block.size > kBlockMax)
      return Status::InvalidData("a block of more than 256 MiB at " + std::to_string(at));
    if (block.offset + block.size + kSyncBytes > source.size())
      return Status::InvalidData("the file ends inside the block at offset " + std::to_string(at));
    if (rows > 0) blocks.push_back(block);
    at = block.offset + block.size;
    ASSIGN_OR_RETURN(bytes, ReadBytes(source, at, kSyncBytes + kBlockHeaderMax));
    if (!std::string_view(bytes).starts_with(header.sync))
      return Status::InvalidData("no sync marker at offset " + std::to_string(at));
    at += kSyncBytes;
    bytes.erase(0, kSyncBytes);
  }
  return blocks;
}

class AvroFileReader : public BulkReader {
 public:
  AvroFileReader(ByteSource* source, FileHeader header, std::vector<FileBlock> blocks, AvroProgram program,
                 const std::vector<Field>& columns)
      : source_(source),
        header_(std::move(header)),
        blocks_(std::move(blocks)),
        program_(std::move(program)),
        builders_(MakeBuilders(Schema(columns).types())) {}

  int groups() const override { return static_cast<int>(blocks_.size()); }

  Status Seek(int group, int64_t row) override {
    RETURN_IF_ERROR(Load(group));
    AvroInput in = Rest();
    for (; next_row_ < row && next_row_ < block().rows; ++next_row_) {
      in.StartRecord();
      if (!AvroProgram::Skip(*header_.schema, header_.schema->root(), in)) return Broken(in);
    }
    offset_ = data_.size() - in.left();
    return Status::Ok();
  }

  Result<Batch> Read(int64_t max_rows) override {
    int64_t rows = std::min(max_rows, block().rows - next_row_);
    AvroInput in = Rest();
    for (int64_t i = 0; i < rows; ++i) {
      in.StartRecord();
      if (!program_.Read(in, builders_)) return Broken(in);
      ++next_row_;
    }
    offset_ = data_.size() - in.left();
    if (next_row_ == block().rows && in.left() > 0)
      return Status::InvalidData("bytes are left behind the records of " + Place());
    return Batch(rows, FinishBuilders(builders_));
  }

 private:
  const FileBlock& block() const { return blocks_[static_cast<size_t>(group_)]; }
  AvroInput Rest() const { return AvroInput(std::string_view(data_).substr(offset_)); }
  std::string Place() const { return "the block at offset " + std::to_string(block().offset); }
  Status Broken(const AvroInput& in) {
    for (ColumnBuilder& builder : builders_) builder.Truncate(0);
    return SqlError(ErrorNumber::kBadRecord, {},
                    "bad Avro record " + std::to_string(next_row_) + " of " + Place() + ": " + in.problem());
  }

  Status Load(int group) {
    next_row_ = 0;
    offset_ = 0;
    if (group == group_) return Status::Ok();
    group_ = group;
    ASSIGN_OR_RETURN(std::string packed, ReadBytes(*source_, block().offset, block().size));
    Status status = DecompressAvro(header_.codec, packed, &data_);
    if (!status.ok()) {
      group_ = -1;
      return status;
    }
    // Records without a byte exist, but no block is made of millions of them.
    if (static_cast<uint64_t>(block().rows) > data_.size() + (1 << 20))
      return Status::InvalidData("more records than bytes in " + Place());
    return Status::Ok();
  }

  ByteSource* source_;
  FileHeader header_;
  std::vector<FileBlock> blocks_;
  AvroProgram program_;
  std::vector<ColumnBuilder> builders_;
  int group_ = -1;
  std::string data_;  // of the block, unpacked
  size_t offset_ = 0;
  int64_t next_row_ = 0;
};

}  // namespace

Result<std::unique_ptr<BulkReader>> OpenAvroFile(ByteSource* source, AvroSchemaPtr reader,
                                                 const std::vector<Field>& columns) {
  ASSIGN_OR_RETURN(FileHeader header, ReadHeader(*source));
  ASSIGN_OR_RETURN(std::vector<FileBlock> blocks, FindBlocks(*source, header));
  AvroProgram program(header.schema, reader ? reader : header.schema, columns);
  if (!program.usable()) {
    return SqlError(ErrorNumber::kBadRecord, {},
                    "the file's Avro schema does not fit the table: " + program.problem());
  }
  return std::unique_ptr<BulkReader>(
      new AvroFileReader(source, std::move(header), std::move(blocks), std::move(program), columns));
}

}  // namespace penstock
