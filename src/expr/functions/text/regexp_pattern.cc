// The PCRE2 side of regular expressions: compiling, matching, the cache, splitting.
#include "expr/functions/text/regexp_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "expr/functions/text/text.h"

namespace penstock {

namespace {
constexpr uint32_t kMatchLimit = 5'000'000;
constexpr uint32_t kHeapLimitKiB = 20'000;
}  // namespace

struct Regex::Compiled {
  pcre2_code* code = nullptr;
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  ~Compiled() {
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
  }
};

Regex::Regex(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {
  uint32_t groups = 0;
  pcre2_pattern_info(compiled_->code, PCRE2_INFO_CAPTURECOUNT, &groups);
  groups_ = static_cast<int>(groups);
}

Regex::~Regex() = default;

Result<std::unique_ptr<Regex>> Regex::CompileJava(std::string_view regex) {
  ASSIGN_OR_RETURN(std::string translated, TranslateJavaRegex(regex));
  return CompilePcre(translated);
}

Result<std::unique_ptr<Regex>> Regex::CompilePcre(const std::string& regex) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto compiled = std::make_unique<Compiled>();
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
  compiled->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(),
                                 PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &offset, context);
  pcre2_compile_context_free(context);
  if (compiled->code == nullptr) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(error, message, sizeof(message));
    return Status::InvalidData(std::string(reinterpret_cast<const char*>(message)) + " near index " +
                               std::to_string(offset) + ": " + regex);
  }
  pcre2_jit_compile(compiled->code, PCRE2_JIT_COMPLETE);  // without it the interpreter runs
  compiled->data = pcre2_match_data_create_from_pattern(compiled->code, nullptr);
  compiled->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(compiled->context, kMatchLimit);
  pcre2_set_heap_limit(compiled->context, kHeapLimitKiB);
  return std::unique_ptr<Regex>(new Regex(std::move(compiled)));
}

bool Regex::Find(std::string_view text, size_t from) const {
  if (from > text.size()) return false;
  const char* data = text.data() != nullptr ? text.data() : "";
  int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(data), text.size(), from, 0,
                          compiled_->data, compiled_->context);
  return found > 0;
}

Regex::Span Regex::group(int i) const {
  const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(compiled_->data);
  Span span{offsets[2 * i], offsets[2 * i + 1]};
  if (span.begin == PCRE2_UNSET || span.begin > span.end) return {};
  return span;
}

size_t Regex::NextStart(std::string_view text) const {
  Span all = group(0);
  if (!all.found()) return text.size() + 1;
  if (all.end != all.begin) return all.end;
  return all.end < text.size() ? all.end + CodePointLength(text, all.end) : all.end + 1;
}

const Regex* RegexCache::Get(std::string_view regex) {
  if (has_last_ && regex == last_text_) return last_;
  auto it = patterns_.find(std::string(regex));
  if (it == patterns_.end()) {
    if (patterns_.size() >= kCapacity) patterns_.clear();
    Result<std::unique_ptr<Regex>> made = Regex::CompileJava(regex);
    it = patterns_.emplace(std::string(regex), made ? std::move(*made) : nullptr).first;
  }
  last_text_ = std::string(regex);
  has_last_ = true;
  return last_ = it->second.get();
}

std::vector<std::string_view> SplitByRegex(const Regex& regex, std::string_view text, int limit) {
  std::vector<std::string_view> pieces;
  size_t begin = 0;
  for (size_t from = 0; regex.Find(text, from); from = regex.NextStart(text)) {
    Regex::Span match = regex.group(0);
    if (limit > 0 && static_cast<int>(pieces.size()) == limit - 1) break;
    if (match.end == 0) continue;  // an empty match at the beginning leaves no empty piece
    if (match.begin == match.end && match.begin >= text.size()) break;
    pieces.push_back(text.substr(begin, match.begin - begin));
    begin = match.end;
  }
  pieces.push_back(text.substr(begin));
  while (limit == 0 && pieces.size() > 1 && pieces.back().empty()) pieces.pop_back();
  if (limit == 0 && begin > 0 && pieces.size() == 1 && pieces.back().empty()) pieces.clear();
  return pieces;
}

}  // namespace penstock
