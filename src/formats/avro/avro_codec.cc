// The only place that uses zlib, snappy and zstd for Avro.
#include "formats/avro/avro_codec.h"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace penstock {

namespace {

constexpr size_t kBlockMax = 256 << 20;
constexpr const char* kNames[] = {"null", "deflate", "snappy", "zstandard"};

Status Broken(AvroCodec codec) {
  return Status::InvalidData(std::string("a block is no ") + AvroCodecName(codec) + " data, or too large");
}

// Without zlib's header (RFC 1951).
Status Deflate(std::string_view bytes, std::string* out) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return Status::Internal("zlib cannot start");
  out->resize(deflateBound(&stream, bytes.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out->data());
  stream.avail_out = static_cast<uInt>(out->size());
  int code = deflate(&stream, Z_FINISH);
  out->resize(stream.total_out);
  deflateEnd(&stream);
  return code == Z_STREAM_END ? Status::Ok() : Status::Internal("zlib cannot compress");
}

Status Inflate(std::string_view bytes, std::string* out) {
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return Status::Internal("zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  out->clear();
  while (code == Z_OK && out->size() < kBlockMax) {
    size_t before = out->size();
    out->resize(std::min(kBlockMax, std::max<size_t>(before * 2, bytes.size() * 4 + 1024)));
    stream.next_out = reinterpret_cast<Bytef*>(out->data() + before);
    stream.avail_out = static_cast<uInt>(out->size() - before);
    code = inflate(&stream, Z_NO_FLUSH);
    out->resize(stream.total_out);
    if (code == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) break;  // the end is missing
  }
  inflateEnd(&stream);
  return code == Z_STREAM_END ? Status::Ok() : Broken(AvroCodec::kDeflate);
}

// Snappy's block, then the CRC-32 of what it unpacks to, big-endian.
uint32_t ChecksumOf(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void CompressSnappy(std::string_view bytes, std::string* out) {
  snappy::Compress(bytes.data(), bytes.size(), out);
  uint32_t checksum = ChecksumOf(bytes);
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(checksum >> shift));
}

Status DecompressSnappy(std::string_view bytes, std::string* out) {
  if (bytes.size() < 4) return Broken(AvroCodec::kSnappy);
  std::string_view packed = bytes.substr(0, bytes.size() - 4);
  size_t size = 0;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size) || size > kBlockMax)
    return Broken(AvroCodec::kSnappy);
  // No block packs better than about 64 to 1: a wild length must not take memory.
  if (size / 128 > packed.size()) return Broken(AvroCodec::kSnappy);
  out->resize(size);
  if (!snappy::RawUncompress(packed.data(), packed.size(), out->data())) return Broken(AvroCodec::kSnappy);
  uint32_t wanted = 0;
  for (char c : bytes.substr(bytes.size() - 4)) wanted = wanted << 8 | static_cast<uint8_t>(c);
  if (wanted != ChecksumOf(*out)) return Status::InvalidData("a block does not match its checksum");
  return Status::Ok();
}

Status CompressZstandard(std::string_view bytes, std::string* out) {
  out->resize(ZSTD_compressBound(bytes.size()));
  size_t size = ZSTD_compress(out->data(), out->size(), bytes.data(), bytes.size(), 3);
  if (ZSTD_isError(size) != 0) return Status::Internal("zstd cannot compress");
  out->resize(size);
  return Status::Ok();
}

// Streamed: the frame may not tell its size.
Status DecompressZstandard(std::string_view bytes, std::string* out) {
  ZSTD_DStream* stream = ZSTD_createDStream();
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  out->clear();
  size_t used = 0, rest = 1;
  while (rest != 0 && used < kBlockMax) {
    out->resize(std::min(kBlockMax, std::max<size_t>(used * 2, bytes.size() * 4 + 1024)));
    ZSTD_outBuffer made{out->data(), out->size(), used};
    size_t taken = in.pos;
    rest = ZSTD_decompressStream(stream, &made, &in);
    if (ZSTD_isError(rest) != 0 || (made.pos == used && in.pos == taken)) break;
    used = made.pos;
  }
  ZSTD_freeDStream(stream);
  out->resize(used);
  return rest == 0 && in.pos == in.size ? Status::Ok() : Broken(AvroCodec::kZstandard);
}

}  // namespace

const char* AvroCodecName(AvroCodec codec) { return kNames[static_cast<size_t>(codec)]; }

Result<AvroCodec> FindAvroCodec(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<AvroCodec>(i);
  }
  return Status::Unsupported("the Avro codec '" + std::string(name.substr(0, 50)) +
                             "' is not supported: null, deflate, snappy and zstandard are");
}

Status CompressAvro(AvroCodec codec, std::string_view bytes, std::string* out) {
  if (bytes.size() > kBlockMax) return Status::Internal("a block of too many bytes");
  switch (codec) {
    case AvroCodec::kNull: out->assign(bytes); return Status::Ok();
    case AvroCodec::kDeflate: return Deflate(bytes, out);
    case AvroCodec::kSnappy: CompressSnappy(bytes, out); return Status::Ok();
    case AvroCodec::kZstandard: return CompressZstandard(bytes, out);
  }
  return Status::Internal("an unknown codec");
}

Status DecompressAvro(AvroCodec codec, std::string_view bytes, std::string* out) {
  switch (codec) {
    case AvroCodec::kNull: out->assign(bytes); return Status::Ok();
    case AvroCodec::kDeflate: return Inflate(bytes, out);
    case AvroCodec::kSnappy: return DecompressSnappy(bytes, out);
    case AvroCodec::kZstandard: return DecompressZstandard(bytes, out);
  }
  return Status::Internal("an unknown codec");
}

}  // namespace penstock
