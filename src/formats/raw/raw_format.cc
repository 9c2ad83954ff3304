// Raw values: text in a charset, bytes, or fixed-width numbers in either byte order.
#include "formats/raw/raw_format.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"
#include "base/strings.h"
#include "data/column.h"
#include "formats/text_values.h"

namespace penstock {

namespace {

enum class Charset : uint8_t { kUtf8, kLatin1, kAscii };

struct RawOptions {
  Charset charset = Charset::kUtf8;
  bool big_endian = true;

  static Result<RawOptions> Parse(const FormatRequest& request) {
    RawOptions options;
    std::string charset = ToUpperAscii(request.option("charset", "UTF-8"));
    if (charset == "ISO-8859-1" || charset == "LATIN1")
      options.charset = Charset::kLatin1;
    else if (charset == "US-ASCII" || charset == "ASCII")
      options.charset = Charset::kAscii;
    else if (charset != "UTF-8" && charset != "UTF8") {
      return SqlError(ErrorNumber::kUnsupported, {},
                      "option '" + request.prefix + "charset' = '" + charset + "' is not supported",
                      "one of: UTF-8, ISO-8859-1, US-ASCII");
    }
    std::string order = request.option("endianness", "big-endian");
    if (order != "big-endian" && order != "little-endian")
      return request.BadOption("endianness", "big-endian or little-endian");
    options.big_endian = order == "big-endian";
    return options;
  }
};

void CopyNumber(const char* from, size_t width, bool big_endian, char* to) {
  std::memcpy(to, from, width);
  if (big_endian) std::reverse(to, to + width);
}

class RawDecoder : public Decoder {
 public:
  RawDecoder(const FormatRequest& request, RawOptions options)
      : options_(options), mode_(request.on_bad_record) {
    wanted_ = !request.columns.empty();
    type_ = wanted_ ? request.columns[0].type : DataType::Bytes();
  }

  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override {
    if (!wanted_) {
      out->AddRow();
      return Status::Ok();
    }
    ColumnBuilder& to = out->builders[0];
    if (type_.is_character()) {
      if (options_.charset == Charset::kLatin1) {
        AppendLatin1(record, &to);
      } else if (IsValidUtf8(record)) {
        to.AppendString(record);
      } else {
        return ReportBadRecord(record, "not valid UTF-8", offset, mode_, out);
      }
    } else if (type_.is_binary()) {
      to.AppendString(record);
    } else {
      if (record.size() != PhysicalWidth(to.physical())) {
        return ReportBadRecord(
            record, type_.ToString() + " takes " + std::to_string(PhysicalWidth(to.physical())) + " bytes",
            offset, mode_, out);
      }
      AppendNumber(record, &to);
    }
    out->AddRow();
    return Status::Ok();
  }

 protected:
  bool takes_empty_lines() const override { return type_.is_character() || type_.is_binary(); }

 private:
  void AppendLatin1(std::string_view record, ColumnBuilder* to) {
    scratch_.clear();
    for (char byte : record) {
      auto c = static_cast<unsigned char>(byte);
      if (c < 0x80) {
        scratch_.push_back(byte);
      } else {
        scratch_.push_back(static_cast<char>(0xc0 | c >> 6));
        scratch_.push_back(static_cast<char>(0x80 | (c & 0x3f)));
      }
    }
    to->AppendString(scratch_);
  }
  void AppendNumber(std::string_view record, ColumnBuilder* to) {
    char bytes[8] = {};
    CopyNumber(record.data(), record.size(), options_.big_endian, bytes);
    uint64_t value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    switch (record.size()) {
      case 1:
        return to->Append(static_cast<uint8_t>(type_.is(TypeKind::kBoolean) ? (value & 0xff) != 0 : value));
      case 2: return to->Append(static_cast<uint16_t>(value));
      case 4: return to->Append(static_cast<uint32_t>(value));
      default: return to->Append(value);
    }
  }

  RawOptions options_;
  OnBadRecord mode_;
  bool wanted_ = true;
  DataType type_;
  std::string scratch_;
};

class RawEncoder : public Encoder {
 public:
  RawEncoder(DataType type, RawOptions options) : type_(std::move(type)), options_(options) {}

  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override {
    const Column& column = *batch.columns[0];
    if (column.IsNull(row)) return Status::Ok();
    if (type_.is_binary() || (type_.is_character() && options_.charset != Charset::kLatin1)) {
      *out += column.StringAt(row);
    } else if (type_.is_character()) {
      AppendAsLatin1(column.StringAt(row), out);
    } else {
      size_t width = PhysicalWidth(column.physical());
      char bytes[16];
      const char* at = column.values<char>() + static_cast<size_t>(column.position(row)) * width;
      CopyNumber(at, width, options_.big_endian, bytes);
      out->append(bytes, width);
    }
    return Status::Ok();
  }

 private:
  static void AppendAsLatin1(std::string_view text, std::string* out) {
    for (size_t i = 0; i < text.size();) {
      auto c = static_cast<unsigned char>(text[i]);
      size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
      if (length == 2 && c <= 0xc3 && i + 1 < text.size()) {
        out->push_back(static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(text[i + 1]) & 0x3f)));
      } else {
        out->push_back(length == 1 ? text[i] : '?');
      }
      i += length;
    }
  }
  DataType type_;
  RawOptions options_;
};

bool Carries(const DataType& type) {
  return type.is_character() || type.is_binary() || type.is_integer() || type.is_approximate() ||
         type.is(TypeKind::kBoolean);
}

}  // namespace

Status RawFormat::Check(const FormatRequest& request) const {
  RETURN_IF_ERROR(RawOptions::Parse(request).status());
  if (request.stored.size() != 1) {
    return SqlError(ErrorNumber::kTypeMismatch, {},
                    "the raw format takes exactly one physical column, the table has " +
                        std::to_string(request.stored.size()));
  }
  if (!Carries(request.stored[0].type)) {
    return SqlError(ErrorNumber::kTypeMismatch, {},
                    "the raw format has no form for " + request.stored[0].type.ToString());
  }
  return Status::Ok();
}

Result<std::unique_ptr<Decoder>> RawFormat::NewDecoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(RawOptions options, RawOptions::Parse(request));
  return std::unique_ptr<Decoder>(new RawDecoder(request, options));
}

Result<std::unique_ptr<Encoder>> RawFormat::NewEncoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(RawOptions options, RawOptions::Parse(request));
  return std::unique_ptr<Encoder>(new RawEncoder(request.stored[0].type, options));
}

}  // namespace penstock
