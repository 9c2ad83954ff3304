// Options and values of generated columns.
#include "connectors/datagen/field_generator.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "connectors/table_options.h"
#include "data/datetime.h"
#include "data/decimal.h"
#include "formats/text_values.h"

namespace penstock {

namespace {

Result<double> DoubleOption(const Options& options, const std::string& key, double fallback) {
  auto it = options.find(key);
  if (it == options.end()) return fallback;
  double value = 0;
  std::string_view text = TrimSpace(it->second);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return BadTableOption(options, key, "a number");
  return value;
}

uint64_t SaltOf(const std::string& path) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

int64_t LargestOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyInt: return std::numeric_limits<int8_t>::max();
    case TypeKind::kSmallInt: return std::numeric_limits<int16_t>::max();
    case TypeKind::kInt: return std::numeric_limits<int32_t>::max();
    default: return std::numeric_limits<int64_t>::max();
  }
}

void AppendTime(const DataType& type, int64_t micros, ColumnBuilder* to) {
  if (type.is(TypeKind::kDate))
    to->Append(static_cast<int32_t>(FloorDiv(micros, kMicrosPerDay)));
  else if (type.is(TypeKind::kTime))
    to->Append(static_cast<int32_t>(FloorMod(micros, kMicrosPerDay) / 1000));
  else if (type.precision() <= 6)
    to->Append(static_cast<int64_t>(NanosToTimestamp(int128_t(micros / 1000) * 1'000'000, type.precision())));
  else
    to->Append(int128_t(micros) * 1000);
}

}  // namespace

Result<FieldGenerator> FieldGenerator::Make(const Options& options, const std::string& path,
                                            const DataType& type) {
  FieldGenerator made;
  made.type_ = type;
  made.salt_ = SaltOf(path);
  std::string prefix = "fields." + path + ".";
  auto kind = options.find(prefix + "kind");
  if (kind != options.end() && kind->second != "random" && kind->second != "sequence")
    return BadTableOption(options, prefix + "kind", "random or sequence");
  made.sequence_ = kind != options.end() && kind->second == "sequence";
  ASSIGN_OR_RETURN(made.null_rate_, DoubleOption(options, prefix + "null-rate", 0));
  if (made.null_rate_ < 0 || made.null_rate_ > 1)
    return BadTableOption(options, prefix + "null-rate", "between 0 and 1");
  if (made.sequence_) {
    RETURN_IF_ERROR(made.ParseSequence(options, prefix));
    return made;
  }
  RETURN_IF_ERROR(made.ParseRange(options, prefix));
  RETURN_IF_ERROR(made.ParseLengths(options, prefix));
  ASSIGN_OR_RETURN(made.max_past_ms_, DurationOption(options, prefix + "max-past", 0));
  RETURN_IF_ERROR(made.ParseChildren(options, path));
  return made;
}

Status FieldGenerator::ParseSequence(const Options& options, const std::string& prefix) {
  if (!type_.is_numeric() && !type_.is_character()) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "a column of type " + type_.ToString() + " cannot be a sequence ('" + prefix + "kind')");
  }
  for (const char* key : {"start", "end"}) {
    if (options.contains(prefix + key)) continue;
    return SqlError(ErrorNumber::kMissingOption, {}, "a sequence needs the option '" + prefix + key + "'");
  }
  ASSIGN_OR_RETURN(start_, IntOption(options, prefix + "start", 0));
  ASSIGN_OR_RETURN(int64_t end, IntOption(options, prefix + "end", 0));
  int64_t span = 0;
  if (end < start_) return BadTableOption(options, prefix + "end", "at least the start");
  if (__builtin_sub_overflow(end, start_, &span) || span == kEndless) span = kEndless - 1;
  rows_ = span + 1;
  return Status::Ok();
}

Status FieldGenerator::ParseRange(const Options& options, const std::string& prefix) {
  if (type_.is_integer()) {
    int64_t largest = LargestOf(type_.kind());
    ASSIGN_OR_RETURN(min_, IntOption(options, prefix + "min", -largest - 1));
    ASSIGN_OR_RETURN(max_, IntOption(options, prefix + "max", largest));
    if (min_ < -largest - 1) return BadTableOption(options, prefix + "min", "a value of " + type_.ToString());
    if (max_ > largest) return BadTableOption(options, prefix + "max", "a value of " + type_.ToString());
    if (min_ > max_) return BadTableOption(options, prefix + "max", "at least the minimum");
  } else if (type_.is_approximate() || type_.is(TypeKind::kDecimal)) {
    double largest = type_.is(TypeKind::kDecimal)
                         ? std::pow(10.0, type_.precision() - type_.scale()) - std::pow(10.0, -type_.scale())
                     : type_.is(TypeKind::kFloat) ? std::numeric_limits<float>::max()
                                                  : std::numeric_limits<double>::max();
    double smallest = type_.is(TypeKind::kDecimal) ? -largest : 0;
    ASSIGN_OR_RETURN(min_double_, DoubleOption(options, prefix + "min", smallest));
    ASSIGN_OR_RETURN(max_double_, DoubleOption(options, prefix + "max", largest));
    if (min_double_ > max_double_) return BadTableOption(options, prefix + "max", "at least the minimum");
  }
  return Status::Ok();
}

Status FieldGenerator::ParseLengths(const Options& options, const std::string& prefix) {
  int64_t fallback = 100;
  bool bounded = (type_.is_character() || type_.is_binary()) && type_.length() < DataType::kMaxLength;
  if (bounded) fallback = type_.length();
  if (type_.is_collection()) fallback = 3;
  ASSIGN_OR_RETURN(length_, IntOption(options, prefix + "length", fallback));
  if (length_ < 0) return BadTableOption(options, prefix + "length", "not negative");
  if (bounded && length_ > type_.length())
    return BadTableOption(options, prefix + "length", "at most the length of " + type_.ToString());
  ASSIGN_OR_RETURN(var_len_, BoolOption(options, prefix + "var-len", false));
  return Status::Ok();
}

Status FieldGenerator::ParseChildren(const Options& options, const std::string& path) {
  std::vector<Field> parts;
  switch (type_.kind()) {
    case TypeKind::kArray:
    case TypeKind::kMultiset: parts = {{"element", type_.element()}}; break;
    case TypeKind::kMap: parts = {{"key", type_.map_key()}, {"value", type_.map_value()}}; break;
    case TypeKind::kRow: parts = type_.fields(); break;
    case TypeKind::kVariant:
    case TypeKind::kBitmap:
      return SqlError(ErrorNumber::kUnsupported, {}, "datagen has no values of " + type_.ToString());
    default: break;
  }
  for (const Field& part : parts) {
    ASSIGN_OR_RETURN(FieldGenerator child, Make(options, path + "." + part.name, part.type));
    rows_ = std::min(rows_, child.rows_);
    children_.push_back(std::move(child));
  }
  return Status::Ok();
}

void FieldGenerator::Append(uint64_t row, uint64_t seed, int64_t now_micros, ColumnBuilder* to) const {
  Random mixed(seed ^ salt_);
  Random random(mixed.Next() + row * 0xd1342543de82ef95ULL);
  if (null_rate_ > 0 && random.Unit() < null_rate_) return to->AppendNull();
  if (sequence_) return AppendSequence(row, to);
  if (!children_.empty()) return AppendNested(row, random, now_micros, to);
  AppendRandom(row, random, now_micros, to);
}

void FieldGenerator::AppendSequence(uint64_t row, ColumnBuilder* to) const {
  int64_t value = start_ + static_cast<int64_t>(row);
  if (type_.is_character()) return to->AppendString(std::to_string(value));
  if (type_.is(TypeKind::kFloat)) return to->Append(static_cast<float>(value));
  if (type_.is(TypeKind::kDouble)) return to->Append(static_cast<double>(value));
  bool done = true;
  if (type_.is(TypeKind::kDecimal)) {
    std::optional<int128_t> scaled = RescaleDecimal(value, 0, type_.precision(), type_.scale());
    if (scaled) return to->Append(*scaled);
    done = false;
  } else {
    done = AppendInteger(value, to);
  }
  if (!done) to->AppendNull();
}

int64_t FieldGenerator::RandomLength(Random& random) const {
  if (!var_len_ || length_ == 0) return length_;
  return 1 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(length_)));
}

// Hexadecimal digits, as Flink's strings are; bytes of any value for binary types.
void FieldGenerator::AppendText(Random& random, ColumnBuilder* to) const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(static_cast<size_t>(RandomLength(random)), '\0');
  uint64_t bits = 0;
  int left = 0;
  for (char& c : text) {
    if (left == 0) {
      bits = random.Next();
      left = 8;
    }
    c = type_.is_binary() ? static_cast<char>(bits & 0xff) : kHex[bits & 15];
    bits >>= 8;
    --left;
  }
  to->AppendString(text);
}

void FieldGenerator::AppendRandom(uint64_t, Random& random, int64_t now_micros, ColumnBuilder* to) const {
  switch (type_.kind()) {
    case TypeKind::kBoolean: return to->Append<uint8_t>(random.Next() >> 63);
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt: {
      uint64_t span = static_cast<uint64_t>(max_) - static_cast<uint64_t>(min_) + 1;
      uint64_t pick = span == 0 ? random.Next() : random.Below(span);
      AppendInteger(static_cast<int64_t>(static_cast<uint64_t>(min_) + pick), to);
      return;
    }
    case TypeKind::kFloat:
      return to->Append(static_cast<float>(min_double_ + random.Unit() * (max_double_ - min_double_)));
    case TypeKind::kDouble: {
      double at = random.Unit();
      return to->Append(min_double_ * (1 - at) + max_double_ * at);
    }
    case TypeKind::kDecimal: {
      double at = random.Unit();
      std::optional<int128_t> value =
          DecimalFromDouble(min_double_ * (1 - at) + max_double_ * at, type_.precision(), type_.scale());
      return value ? to->Append(*value) : to->AppendNull();
    }
    case TypeKind::kIntervalYearMonth: return to->Append(static_cast<int32_t>(random.Below(120000)));
    case TypeKind::kIntervalDayTime: return to->Append(static_cast<int64_t>(random.Next() >> 24));
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: {
      int64_t past =
          max_past_ms_ > 0 ? static_cast<int64_t>(random.Below(static_cast<uint64_t>(max_past_ms_))) : 0;
      return AppendTime(type_, now_micros - past * 1000, to);
    }
    default: return AppendText(random, to);
  }
}

void FieldGenerator::AppendNested(uint64_t row, Random& random, int64_t now_micros, ColumnBuilder* to) const {
  if (type_.is(TypeKind::kRow)) {
    for (size_t i = 0; i < children_.size(); ++i)
      children_[i].Append(row, random.Next(), now_micros, &to->child(i));
    return to->CloseRow();
  }
  int64_t length = RandomLength(random);
  for (int64_t i = 0; i < length; ++i) {
    for (size_t c = 0; c < children_.size(); ++c)
      children_[c].Append(row, random.Next(), now_micros, &to->child(c));
    if (type_.is(TypeKind::kMultiset)) to->child(1).Append<int32_t>(1);
  }
  to->CloseList();
}

}  // namespace penstock
