// Writing container files: records gather to blocks of 64,000 bytes.
#include <xxhash.h>

#include "formats/avro/avro_encoder.h"
#include "formats/avro/avro_file.h"
#include "formats/avro/avro_output.h"

namespace penstock {

namespace {

constexpr size_t kBlockBytes = 64'000;

class AvroFileWriter : public BulkWriter {
 public:
  AvroFileWriter(ByteSink* sink, AvroSchemaPtr schema, std::unique_ptr<AvroEncoder> encoder, AvroCodec codec)
      : sink_(sink), schema_(std::move(schema)), encoder_(std::move(encoder)), codec_(codec) {}

  Status Write(const Batch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      RETURN_IF_ERROR(encoder_->EncodeRow(batch, row, &block_));
      ++rows_;
      if (block_.size() >= kBlockBytes) RETURN_IF_ERROR(WriteBlock());
    }
    return Status::Ok();
  }

  uint64_t bytes_written() const override { return written_ + block_.size(); }

  Status Finish() override {
    if (rows_ > 0) return WriteBlock();
    return sync_.empty() ? WriteHeader() : Status::Ok();
  }

 private:
  Status Append(std::string_view bytes) {
    written_ += bytes.size();
    return sink_->Append(bytes);
  }

  // The marker is a hash of the file's beginning: nothing else in a file is likely to equal it, and the same
  // rows make the same file.
  Status WriteHeader() {
    std::string schema = schema_->ToJson(), header("Obj\x01", 4);
    AppendAvroLong(2, &header);
    AppendAvroBytes("avro.schema", &header);
    AppendAvroBytes(schema, &header);
    AppendAvroBytes("avro.codec", &header);
    AppendAvroBytes(AvroCodecName(codec_), &header);
    AppendAvroLong(0, &header);
    std::string seed = schema + block_;
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(seed.data(), seed.size()));
    sync_.assign(reinterpret_cast<const char*>(hash.digest), sizeof(hash.digest));
    return Append(header + sync_);
  }

  Status WriteBlock() {
    if (sync_.empty()) RETURN_IF_ERROR(WriteHeader());
    std::string packed, head;
    RETURN_IF_ERROR(CompressAvro(codec_, block_, &packed));
    AppendAvroLong(rows_, &head);
    AppendAvroLong(static_cast<int64_t>(packed.size()), &head);
    RETURN_IF_ERROR(Append(head));
    RETURN_IF_ERROR(Append(packed));
    block_.clear();
    rows_ = 0;
    return Append(sync_);
  }

  ByteSink* sink_;
  AvroSchemaPtr schema_;
  std::unique_ptr<AvroEncoder> encoder_;
  AvroCodec codec_;
  std::string sync_;   // empty before the header is written
  std::string block_;  // records that are not written yet
  int64_t rows_ = 0;   // of the block
  uint64_t written_ = 0;
};

}  // namespace

Result<std::unique_ptr<BulkWriter>> NewAvroFile(ByteSink* sink, AvroSchemaPtr schema,
                                                const std::vector<Field>& columns, AvroCodec codec) {
  ASSIGN_OR_RETURN(std::unique_ptr<AvroEncoder> encoder, AvroEncoder::Make(schema, columns));
  return std::unique_ptr<BulkWriter>(new AvroFileWriter(sink, std::move(schema), std::move(encoder), codec));
}

}  // namespace penstock
