// Options of the avro format, and what it makes of them.
#include "formats/avro/avro_format.h"

#include "base/strings.h"
#include "formats/avro/avro_decoder.h"
#include "formats/avro/avro_encoder.h"
#include "formats/avro/avro_file.h"

namespace penstock {

Result<AvroOptions> AvroOptions::Parse(const FormatRequest& request) {
  AvroOptions options;
  ASSIGN_OR_RETURN(bool legacy, request.BoolOption("timestamp_mapping.legacy", true));
  options.timestamps = legacy ? AvroTimestamps::kLegacy : AvroTimestamps::kCorrect;
  Result<AvroCodec> codec = FindAvroCodec(request.option("codec", "snappy"));
  if (!codec) return request.BadOption("codec", "null, deflate, snappy or zstandard");
  options.codec = *codec;
  std::string encoding = ToLowerAscii(request.option("encoding", "binary"));
  if (encoding == "json") {
    return SqlError(ErrorNumber::kUnsupported, {}, "Avro's JSON encoding is not supported",
                    "leave out the option '" + request.prefix + "encoding', or use the format json");
  }
  if (encoding != "binary") return request.BadOption("encoding", "binary or json");
  return options;
}

Status AvroFormat::Check(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(AvroOptions options, AvroOptions::Parse(request));
  return AvroSchemaOf(request.stored, options.timestamps).status();
}

Result<std::unique_ptr<Decoder>> AvroFormat::NewDecoder(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(AvroOptions options, AvroOptions::Parse(request));
  ASSIGN_OR_RETURN(AvroSchemaPtr schema, AvroSchemaOf(request.stored, options.timestamps));
  AvroProgram program(schema, schema, request.columns);
  if (!program.usable()) return Status::Internal("columns do not fit their own schema: " + program.problem());
  return std::unique_ptr<Decoder>(new AvroDecoder(std::move(program), request.on_bad_record));
}

Result<std::unique_ptr<Encoder>> AvroFormat::NewEncoder(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(AvroOptions options, AvroOptions::Parse(request));
  ASSIGN_OR_RETURN(AvroSchemaPtr schema, AvroSchemaOf(request.columns, options.timestamps));
  ASSIGN_OR_RETURN(std::unique_ptr<AvroEncoder> encoder, AvroEncoder::Make(schema, request.columns));
  return std::unique_ptr<Encoder>(std::move(encoder));
}

Result<std::unique_ptr<BulkReader>> AvroFormat::NewBulkReader(const FormatRequest& request,
                                                              ByteSource* source) const {
  ASSIGN_OR_RETURN(AvroOptions options, AvroOptions::Parse(request));
  ASSIGN_OR_RETURN(AvroSchemaPtr reader, AvroSchemaOf(request.columns, options.timestamps));
  return OpenAvroFile(source, std::move(reader), request.columns);
}

Result<std::unique_ptr<BulkWriter>> AvroFormat::NewBulkWriter(const FormatRequest& request,
                                                              ByteSink* sink) const {
  ASSIGN_OR_RETURN(AvroOptions options, AvroOptions::Parse(request));
  ASSIGN_OR_RETURN(AvroSchemaPtr schema, AvroSchemaOf(request.columns, options.timestamps));
  return NewAvroFile(sink, std::move(schema), request.columns, options.codec);
}

}  // namespace penstock
