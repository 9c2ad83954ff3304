// Compression of the blocks of Avro's container files: null, deflate, snappy, zstandard. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace penstock {

enum class AvroCodec : uint8_t { kNull, kDeflate, kSnappy, kZstandard };

// Names as files have them in "avro.codec".
Result<AvroCodec> FindAvroCodec(std::string_view name);
const char* AvroCodecName(AvroCodec codec);

// Replaces *out. A block that unpacks to more than 256 MiB is refused.
Status CompressAvro(AvroCodec codec, std::string_view bytes, std::string* out);
Status DecompressAvro(AvroCodec codec, std::string_view bytes, std::string* out);

}  // namespace penstock
