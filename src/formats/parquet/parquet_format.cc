// Options and types of the parquet format.
#include "formats/parquet/parquet_format.h"

#include "base/strings.h"
#include "formats/parquet/parquet_reader.h"
#include "formats/parquet/parquet_writer.h"

namespace penstock {

namespace {

Status CheckType(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
    case TypeKind::kDescriptor:
    case TypeKind::kSymbol:
    case TypeKind::kVariant:
    case TypeKind::kBitmap:
    case TypeKind::kIntervalYearMonth:
    case TypeKind::kIntervalDayTime:
      return SqlError(ErrorNumber::kTypeMismatch, {},
                      "the parquet format has no form for " + type.ToString());
    case TypeKind::kArray:
    case TypeKind::kMultiset: return CheckType(type.element());
    case TypeKind::kMap: RETURN_IF_ERROR(CheckType(type.map_key())); return CheckType(type.map_value());
    case TypeKind::kRow:
      for (const Field& field : type.fields()) RETURN_IF_ERROR(CheckType(field.type));
      return Status::Ok();
    default: return Status::Ok();
  }
}

Status NoRecords(const char* what) {
  return SqlError(ErrorNumber::kUnsupported, {},
                  std::string("the parquet format is for whole files: it has no single records to ") + what,
                  "use it with the connector 'filesystem'");
}

}  // namespace

std::vector<std::string> ParquetFormat::options() const {
  return {"compression",           "block.size", "utc-timezone", "timestamp.time.unit",
          "write.int64.timestamp", "batch-size"};
}

Status ParquetFormat::Check(const FormatRequest& request) const {
  RETURN_IF_ERROR(ParquetOptions::Parse(request).status());
  for (const Field& column : request.stored) RETURN_IF_ERROR(CheckType(column.type));
  return Status::Ok();
}

Result<std::unique_ptr<Decoder>> ParquetFormat::NewDecoder(const FormatRequest&) const {
  return NoRecords("decode");
}

Result<std::unique_ptr<Encoder>> ParquetFormat::NewEncoder(const FormatRequest&) const {
  return NoRecords("encode");
}

Result<std::unique_ptr<BulkReader>> ParquetFormat::NewBulkReader(const FormatRequest& request,
                                                                 ByteSource* source) const {
  return OpenParquetReader(request, source);
}

Result<std::unique_ptr<BulkWriter>> ParquetFormat::NewBulkWriter(const FormatRequest& request,
                                                                 ByteSink* sink) const {
  ASSIGN_OR_RETURN(ParquetOptions options, ParquetOptions::Parse(request));
  return OpenParquetWriter(request, options, sink);
}

}  // namespace penstock
