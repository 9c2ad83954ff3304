// Hash functions over texts and bytes (OpenSSL), and HASH_CODE.
#include <openssl/evp.h>

#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Text = std::string_view;

std::string HexDigest(const EVP_MD* algorithm, Text data) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  CHECK(EVP_Digest(data.data(), data.size(), digest, &length, algorithm, nullptr) == 1);
  static const char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text.push_back(kDigits[digest[i] >> 4]);
    text.push_back(kDigits[digest[i] & 15]);
  }
  return text;
}

const EVP_MD* Sha2(int64_t bits) {
  switch (bits) {
    case 224: return EVP_sha224();
    case 256: return EVP_sha256();
    case 384: return EVP_sha384();
    case 512: return EVP_sha512();
    default: return nullptr;
  }
}

Result<Signature> ResolveSha2(std::span<const ArgInfo> args) {
  if (args.size() != 2 || !Matches(Family::kText, args[0].type) || !Matches(Family::kInteger, args[1].type))
    return BadArguments("SHA2", "<string>, <integer>");
  if (args[1].literal != nullptr && args[1].literal->is_int() && Sha2(args[1].literal->as_int()) == nullptr) {
    return SqlError(ErrorNumber::kBadArguments, {}, "Unsupported algorithm.",
                    "the hash length is 224, 256, 384 or 512");
  }
  return Signature{{CoerceTo(Family::kText, args[0].type), CoerceTo(Family::kBigInt, args[1].type)},
                   DataType::VarChar(128).WithNullable(AnyNullable(args))};
}

Result<std::string> Sha2Text(Text data, int64_t bits) {
  const EVP_MD* algorithm = Sha2(bits);
  if (algorithm == nullptr) return Status::InvalidData("Unsupported algorithm: SHA-" + std::to_string(bits));
  return HexDigest(algorithm, data);
}

// Java's String.hashCode, made positive.
int32_t TextHashCode(Text text) {
  uint32_t hash = 0;
  for (char16_t unit : ToUtf16(text)) hash = hash * 31 + unit;
  auto code = static_cast<int32_t>(hash);
  return code < 0 ? static_cast<int32_t>(0u - hash) : code;
}

Result<Signature> ResolveHashCode(std::span<const ArgInfo> args) {
  if (args.size() != 1 || !(Matches(Family::kText, args[0].type) || args[0].type.is_integer() ||
                            args[0].type.is(TypeKind::kBoolean)))
    return BadArguments("HASH_CODE", "<string> | <integer> | <boolean>");
  DataType arg = args[0].type.is_integer() ? CoerceTo(Family::kBigInt, args[0].type) : args[0].type;
  if (arg.is(TypeKind::kNull)) arg = DataType::String();
  return Signature{{arg}, DataType::Int().WithNullable(AnyNullable(args))};
}

Kernel BindHashCode(const CallSite& site) {
  if (site.args[0].is(TypeKind::kBoolean))
    return RowKernel<int32_t(bool)>::Make(site.result, [](bool v) { return v ? 1231 : 1237; });
  if (site.args[0].is(TypeKind::kBigInt)) {
    return RowKernel<int32_t(int64_t)>::Make(site.result, [](int64_t v) {
      if (v == static_cast<int32_t>(v)) return static_cast<int32_t>(v);
      return static_cast<int32_t>(v ^ static_cast<int64_t>(static_cast<uint64_t>(v) >> 32));
    });
  }
  return RowKernel<int32_t(Text)>::Make(site.result, TextHashCode);
}

}  // namespace

void RegisterHashes(FunctionRegistry* registry) {
  struct {
    const char* name;
    const EVP_MD* algorithm;
  } const kHashes[] = {{"MD5", EVP_md5()},       {"SHA1", EVP_sha1()},     {"SHA224", EVP_sha224()},
                       {"SHA256", EVP_sha256()}, {"SHA384", EVP_sha384()}, {"SHA512", EVP_sha512()}};
  for (const auto& hash : kHashes) {
    int digits = EVP_MD_get_size(hash.algorithm) * 2;
    registry->Add(hash.name, Fixed(hash.name, {Family::kText}, DataType::Char(digits)),
                  RowFunction<std::string(Text)>(
                      [algorithm = hash.algorithm](Text data) { return HexDigest(algorithm, data); }));
  }
  registry->Add("SHA2", ResolveSha2, RowFunction<Result<std::string>(Text, int64_t)>(Sha2Text))
      .set_may_fail(true);
  registry->Add("HASH_CODE", ResolveHashCode, BindHashCode);
}

}  // namespace penstock
