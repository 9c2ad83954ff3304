// zlib and zstd streams.
#include "connectors/filesystem/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <vector>

namespace penstock {

namespace {

constexpr size_t kChunk = 256 << 10;

Status Corrupt(const std::string& path, const std::string& why) {
  return Status::Corruption("cannot decompress '" + path + "': " + why);
}

class GzipReader : public ReadableFile {
 public:
  GzipReader(std::unique_ptr<ReadableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)), input_(kChunk) {
    CHECK(inflateInit2(&stream_, 15 + 32) == Z_OK);
  }
  ~GzipReader() override { inflateEnd(&stream_); }

  Result<size_t> Read(char* to, size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0) {
        ASSIGN_OR_RETURN(size_t count, file_->Read(input_.data(), input_.size()));
        if (count == 0) {
          if (inside_) return Corrupt(path_, "the file is cut off");
          return size_t(0);
        }
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(count);
      }
      inside_ = true;
      int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        inside_ = false;
        inflateReset(&stream_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return Corrupt(path_, stream_.msg != nullptr ? stream_.msg : "not gzip");
      }
    }
    return size - stream_.avail_out;
  }
  Status Seek(uint64_t) override { return Status::Internal("seek in a compressed file"); }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::string path_;
  std::vector<char> input_;
  z_stream stream_{};
  bool inside_ = false;
};

class ZstdReader : public ReadableFile {
 public:
  ZstdReader(std::unique_ptr<ReadableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)), input_(kChunk), stream_(ZSTD_createDStream()) {}
  ~ZstdReader() override { ZSTD_freeDStream(stream_); }

  Result<size_t> Read(char* to, size_t size) override {
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        ASSIGN_OR_RETURN(size_t count, file_->Read(input_.data(), input_.size()));
        if (count == 0) {
          if (inside_) return Corrupt(path_, "the file is cut off");
          return size_t(0);
        }
        in_ = {input_.data(), count, 0};
      }
      size_t code = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(code) != 0) return Corrupt(path_, ZSTD_getErrorName(code));
      inside_ = code != 0;
    }
    return out.pos;
  }
  Status Seek(uint64_t) override { return Status::Internal("seek in a compressed file"); }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::string path_;
  std::vector<char> input_;
  ZSTD_DStream* stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool inside_ = false;
};

class GzipWriter : public WritableFile {
 public:
  explicit GzipWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)), output_(kChunk) {
    CHECK(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~GzipWriter() override { deflateEnd(&stream_); }
  Status Append(std::string_view bytes) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    return Pump(Z_NO_FLUSH);
  }
  Status Sync() override { return file_->Sync(); }
  Status Close() override {
    RETURN_IF_ERROR(Pump(Z_FINISH));
    RETURN_IF_ERROR(file_->Sync());
    return file_->Close();
  }

 private:
  Status Pump(int flush) {
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = static_cast<uInt>(output_.size());
      deflate(&stream_, flush);
      RETURN_IF_ERROR(file_->Append({output_.data(), output_.size() - stream_.avail_out}));
    } while (stream_.avail_out == 0);
    return Status::Ok();
  }
  std::unique_ptr<WritableFile> file_;
  std::vector<char> output_;
  z_stream stream_{};
};

class ZstdWriter : public WritableFile {
 public:
  explicit ZstdWriter(std::unique_ptr<WritableFile> file)
      : file_(std::move(file)), output_(kChunk), stream_(ZSTD_createCStream()) {}
  ~ZstdWriter() override { ZSTD_freeCStream(stream_); }
  Status Append(std::string_view bytes) override { return Pump(bytes, ZSTD_e_continue); }
  Status Sync() override { return file_->Sync(); }
  Status Close() override {
    RETURN_IF_ERROR(Pump({}, ZSTD_e_end));
    RETURN_IF_ERROR(file_->Sync());
    return file_->Close();
  }

 private:
  Status Pump(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out{output_.data(), output_.size(), 0};
      size_t left = ZSTD_compressStream2(stream_, &out, &in, directive);
      if (ZSTD_isError(left) != 0) return Status::Io(std::string("zstd: ") + ZSTD_getErrorName(left));
      RETURN_IF_ERROR(file_->Append({output_.data(), out.pos}));
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return Status::Ok();
    }
  }
  std::unique_ptr<WritableFile> file_;
  std::vector<char> output_;
  ZSTD_CStream* stream_;
};

}  // namespace

Compression CompressionOf(const std::string& path) {
  if (path.ends_with(".gz") || path.ends_with(".gzip")) return Compression::kGzip;
  if (path.ends_with(".zst") || path.ends_with(".zstd")) return Compression::kZstd;
  return Compression::kNone;
}

std::string ExtensionOf(Compression compression) {
  if (compression == Compression::kGzip) return ".gz";
  return compression == Compression::kZstd ? ".zst" : "";
}

std::unique_ptr<ReadableFile> MakeDecompressor(Compression compression, std::unique_ptr<ReadableFile> file,
                                               const std::string& path) {
  if (compression == Compression::kGzip) return std::make_unique<GzipReader>(std::move(file), path);
  if (compression == Compression::kZstd) return std::make_unique<ZstdReader>(std::move(file), path);
  return file;
}

std::unique_ptr<WritableFile> MakeCompressor(Compression compression, std::unique_ptr<WritableFile> file) {
  if (compression == Compression::kGzip) return std::make_unique<GzipWriter>(std::move(file));
  if (compression == Compression::kZstd) return std::make_unique<ZstdWriter>(std::move(file));
  return file;
}

}  // namespace penstock
