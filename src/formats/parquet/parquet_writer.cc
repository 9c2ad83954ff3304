// Batches are gathered in Arrow builders and written as row groups.
#include "formats/parquet/parquet_writer.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>

#include <charconv>

#include "base/strings.h"
#include "formats/parquet/arrow_convert.h"

namespace penstock {

namespace {

// Our port as Arrow's.
class SinkStream : public arrow::io::OutputStream {
 public:
  explicit SinkStream(ByteSink* sink) : sink_(sink) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Write(const void* data, int64_t size) override {
    Status status = sink_->Append({static_cast<const char*>(data), static_cast<size_t>(size)});
    if (!status.ok()) return arrow::Status::IOError(status.message());
    at_ += size;
    return arrow::Status::OK();
  }

 private:
  ByteSink* sink_;
  int64_t at_ = 0;
  bool closed_ = false;
};

arrow::Compression::type CodecOf(const std::string& name) {
  if (name == "ZSTD") return arrow::Compression::ZSTD;
  if (name == "GZIP") return arrow::Compression::GZIP;
  if (name == "LZ4" || name == "LZ4_RAW") return arrow::Compression::LZ4;
  return name == "SNAPPY" ? arrow::Compression::SNAPPY : arrow::Compression::UNCOMPRESSED;
}

class ParquetWriter : public BulkWriter {
 public:
  ParquetWriter(std::vector<Field> columns, const ParquetOptions& options, ByteSink* sink)
      : columns_(std::move(columns)), options_(options), stream_(std::make_shared<SinkStream>(sink)) {}

  Status Open() {
    arrow::FieldVector fields;
    for (const Field& column : columns_)
      fields.push_back(arrow::field(column.name, ToArrowType(column.type), column.type.nullable()));
    schema_ = arrow::schema(fields);
    auto properties = parquet::WriterProperties::Builder()
                          .compression(CodecOf(options_.compression))
                          ->created_by("penstock")
                          ->build();
    auto made = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), stream_, properties,
                                                 parquet::default_arrow_writer_properties());
    RETURN_IF_ERROR(FromArrowStatus(made.status()));
    writer_ = std::move(*made);
    return StartGroup();
  }

  Status Write(const Batch& batch) override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      RETURN_IF_ERROR(AppendToArrow(*batch.columns[i], 0, batch.rows, columns_[i].type,
                                    builder_->GetField(static_cast<int>(i))));
      buffered_bytes_ += static_cast<int64_t>(batch.columns[i]->MemoryBytes());
    }
    buffered_rows_ += batch.rows;
    return buffered_bytes_ >= options_.block_bytes ? WriteGroup() : Status::Ok();
  }

  uint64_t bytes_written() const override {
    return static_cast<uint64_t>(stream_->Tell().ValueOr(0)) + static_cast<uint64_t>(buffered_bytes_) / 4;
  }

  Status Finish() override {
    if (buffered_rows_ > 0) RETURN_IF_ERROR(WriteGroup());
    return FromArrowStatus(writer_->Close());
  }

 private:
  Status StartGroup() {
    auto made = arrow::RecordBatchBuilder::Make(schema_, arrow::default_memory_pool());
    RETURN_IF_ERROR(FromArrowStatus(made.status()));
    builder_ = std::move(*made);
    buffered_rows_ = buffered_bytes_ = 0;
    return Status::Ok();
  }

  Status WriteGroup() {
    auto batch = builder_->Flush();
    RETURN_IF_ERROR(FromArrowStatus(batch.status()));
    auto table = arrow::Table::FromRecordBatches(schema_, {*batch});
    RETURN_IF_ERROR(FromArrowStatus(table.status()));
    RETURN_IF_ERROR(FromArrowStatus(writer_->WriteTable(**table, std::max<int64_t>(1, buffered_rows_))));
    return StartGroup();
  }

  std::vector<Field> columns_;
  ParquetOptions options_;
  std::shared_ptr<SinkStream> stream_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
  int64_t buffered_rows_ = 0, buffered_bytes_ = 0;
};

}  // namespace

Result<ParquetOptions> ParquetOptions::Parse(const FormatRequest& request) {
  ParquetOptions options;
  options.compression = ToUpperAscii(request.option("compression", "SNAPPY"));
  static const std::vector<std::string> known = {"SNAPPY", "ZSTD", "GZIP", "LZ4", "LZ4_RAW", "UNCOMPRESSED"};
  if (std::find(known.begin(), known.end(), options.compression) == known.end())
    return request.BadOption("compression", "one of " + Join(known, ", "));
  if (request.options.contains("block.size")) {
    std::string text = request.option("block.size");
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options.block_bytes);
    if (error != std::errc() || end != text.data() + text.size() || options.block_bytes <= 0)
      return request.BadOption("block.size", "a positive number of bytes");
  }
  return options;
}

Result<std::unique_ptr<BulkWriter>> OpenParquetWriter(const FormatRequest& request,
                                                      const ParquetOptions& options, ByteSink* sink) {
  auto writer = std::make_unique<ParquetWriter>(request.columns, options, sink);
  RETURN_IF_ERROR(writer->Open());
  return std::unique_ptr<BulkWriter>(std::move(writer));
}

}  // namespace penstock
