// Projection, and slices of record batches turned into columns.
#include "formats/parquet/parquet_reader.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>

#include "data/row_codec.h"
#include "formats/parquet/arrow_convert.h"

namespace penstock {

namespace {

constexpr int64_t kBatchRows = 4096;

// Our port as Arrow's.
class SourceFile : public arrow::io::RandomAccessFile {
 public:
  explicit SourceFile(ByteSource* source) : source_(source) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Seek(int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(source_->size()); }
  arrow::Result<int64_t> Read(int64_t size, void* out) override {
    int64_t left = static_cast<int64_t>(source_->size()) - at_;
    size = std::max<int64_t>(0, std::min(size, left));
    Status status =
        source_->ReadAt(static_cast<uint64_t>(at_), static_cast<size_t>(size), static_cast<char*>(out));
    if (!status.ok()) return arrow::Status::IOError(status.message());
    at_ += size;
    return size;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
    ARROW_ASSIGN_OR_RAISE(int64_t count, Read(size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(count));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  ByteSource* source_;
  int64_t at_ = 0;
  bool closed_ = false;
};

void AddLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const parquet::arrow::SchemaField& child : field.children) AddLeaves(child, leaves);
}

class ParquetReader : public BulkReader {
 public:
  explicit ParquetReader(std::vector<Field> columns) : columns_(std::move(columns)) {}

  Status Open(ByteSource* source) {
    parquet::arrow::FileReaderBuilder builder;
    RETURN_IF_ERROR(FromArrowStatus(builder.Open(std::make_shared<SourceFile>(source))));
    parquet::ArrowReaderProperties properties(false);
    properties.set_batch_size(kBatchRows);
    builder.properties(properties);
    RETURN_IF_ERROR(FromArrowStatus(builder.Build(&file_)));
    for (const Field& column : columns_) {
      bool found = false;
      for (const parquet::arrow::SchemaField& field : file_->manifest().schema_fields) {
        if (field.field->name() != column.name) continue;
        RETURN_IF_ERROR(CheckReadable(*field.field->type(), column.type, column.name));
        AddLeaves(field, &leaves_);
        found = true;
      }
      if (found) ++found_;
    }
    return Status::Ok();
  }

  int groups() const override { return file_->num_row_groups(); }

  Status Seek(int group, int64_t row) override {
    batches_.reset();
    batch_.reset();
    at_ = 0;
    group_left_ = file_->parquet_reader()->metadata()->RowGroup(group)->num_rows() - row;
    if (found_ == 0) return Status::Ok();  // only the number of rows matters
    auto made = file_->GetRecordBatchReader({group}, leaves_);
    RETURN_IF_ERROR(FromArrowStatus(made.status()));
    batches_ = std::move(*made);
    while (row > 0) {
      ASSIGN_OR_RETURN(bool more, NextBatch());
      if (!more) return Status::Ok();
      at_ = std::min(row, batch_->num_rows());
      row -= at_;
    }
    return Status::Ok();
  }

  Result<Batch> Read(int64_t max_rows) override {
    if (found_ == 0) return Nulls(std::min(max_rows, group_left_));
    if (!batch_ || at_ == batch_->num_rows()) {
      ASSIGN_OR_RETURN(bool more, NextBatch());
      if (!more) return Batch();
    }
    int64_t count = std::min(max_rows, batch_->num_rows() - at_);
    std::vector<ColumnPtr> columns;
    for (const Field& column : columns_) {
      std::shared_ptr<arrow::Array> array = batch_->GetColumnByName(column.name);
      if (!array) {
        columns.push_back(Column::Constant(column.type, Value::Null(), count));
        continue;
      }
      ColumnBuilder builder(column.type);
      for (int64_t row = at_; row < at_ + count; ++row) AppendFromArrow(*array, row, column.type, &builder);
      columns.push_back(builder.Finish());
    }
    at_ += count;
    return Batch(count, std::move(columns));
  }

 private:
  Result<Batch> Nulls(int64_t count) {
    group_left_ -= count;
    std::vector<ColumnPtr> columns;
    for (const Field& column : columns_)
      columns.push_back(Column::Constant(column.type, Value::Null(), count));
    return Batch(count, std::move(columns));
  }
  Result<bool> NextBatch() {
    at_ = 0;
    do {
      RETURN_IF_ERROR(FromArrowStatus(batches_->ReadNext(&batch_)));
    } while (batch_ && batch_->num_rows() == 0);
    return batch_ != nullptr;
  }

  std::vector<Field> columns_;
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::vector<int> leaves_;
  int found_ = 0;  // wanted columns that the file has
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t at_ = 0;  // next row of batch_
  int64_t group_left_ = 0;
};

}  // namespace

Result<std::unique_ptr<BulkReader>> OpenParquetReader(const FormatRequest& request, ByteSource* source) {
  auto reader = std::make_unique<ParquetReader>(request.columns);
  RETURN_IF_ERROR(reader->Open(source));
  return std::unique_ptr<BulkReader>(std::move(reader));
}

}  // namespace penstock
