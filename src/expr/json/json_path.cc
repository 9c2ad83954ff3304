// Parsing and evaluation of JSON paths.
#include "expr/json/json_path.h"

#include <charconv>

#include "base/strings.h"
#include "expr/json/json_filter.h"

namespace penstock {

class JsonPathParser {
 public:
  explicit JsonPathParser(std::string_view text) : text_(text) {}

  Result<JsonPath> Parse() {
    path_.text_ = std::string(text_);
    if (text_.empty()) return Bad("path can not be null or empty");
    if (text_[0] == '$' || text_[0] == '@') {
      at_ = 1;
    } else {
      RETURN_IF_ERROR(Name(false));
    }
    while (at_ < text_.size()) {
      if (text_[at_] == '[') {
        RETURN_IF_ERROR(Brackets(false));
      } else if (text_.substr(at_).starts_with("..")) {
        at_ += 2;
        RETURN_IF_ERROR(at_ < text_.size() && text_[at_] == '[' ? Brackets(true) : Name(true));
      } else if (text_[at_] == '.') {
        ++at_;
        RETURN_IF_ERROR(at_ < text_.size() && text_[at_] == '[' ? Brackets(false) : Name(false));
      } else {
        return Bad("Illegal character at position " + std::to_string(at_));
      }
    }
    return std::move(path_);
  }

 private:
  using Step = JsonPath::Step;

  Status Bad(const std::string& what) const {
    return Status::InvalidData("Invalid path '" + std::string(text_) + "': " + what);
  }

  void Add(Step step, bool definite) {
    path_.definite_ = path_.definite_ && definite && !step.deep;
    path_.steps_.push_back(std::move(step));
  }

  // name, * or length()
  Status Name(bool deep) {
    if (at_ >= text_.size()) return Bad("Path must not end with a '.' or '..'");
    if (text_[at_] == '*') {
      ++at_;
      Add({.kind = Step::Kind::kWildcard, .deep = deep}, false);
      return Status::Ok();
    }
    size_t begin = at_;
    while (at_ < text_.size() && std::string_view(".[( ").find(text_[at_]) == std::string_view::npos) ++at_;
    std::string name(text_.substr(begin, at_ - begin));
    if (name.empty()) return Bad("empty property");
    if (at_ < text_.size() && text_[at_] == ' ')
      return Bad("Use bracket notation ['my prop'] for names with blanks");
    if (at_ < text_.size() && text_[at_] == '(') {
      if ((name != "length" && name != "size") || !text_.substr(at_).starts_with("()"))
        return Bad("function " + name + "() is not supported");
      at_ += 2;
      Add({.kind = Step::Kind::kLength, .deep = deep}, true);
      return Status::Ok();
    }
    Add({.kind = Step::Kind::kNames, .deep = deep, .names = {std::move(name)}}, true);
    return Status::Ok();
  }

  void SkipSpace() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  Status Brackets(bool deep) {
    ++at_;
    SkipSpace();
    if (at_ >= text_.size()) return Bad("unclosed bracket");
    char c = text_[at_];
    if (c == '\'' || c == '"') return QuotedNames(deep);
    if (c == '?') return Filter(deep);
    size_t close = text_.find(']', at_);
    if (close == std::string_view::npos) return Bad("unclosed bracket");
    std::string inner(TrimSpace(text_.substr(at_, close - at_)));
    at_ = close + 1;
    if (inner == "*") {
      Add({.kind = Step::Kind::kWildcard, .deep = deep}, false);
      return Status::Ok();
    }
    return inner.find(':') != std::string::npos ? Slice(inner, deep) : Indices(inner, deep);
  }

  // ['a', 'b']
  Status QuotedNames(bool deep) {
    Step step{.kind = Step::Kind::kNames, .deep = deep};
    while (true) {
      SkipSpace();
      if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"'))
        return Bad("a quoted name is missing");
      char quote = text_[at_++];
      std::string name;
      for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        name.push_back(text_[at_]);
      }
      if (at_ >= text_.size()) return Bad("unclosed quote");
      ++at_;
      step.names.push_back(std::move(name));
      SkipSpace();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ >= text_.size() || text_[at_] != ']') return Bad("unclosed bracket");
      ++at_;
      bool last = at_ >= text_.size();
      bool definite = step.names.size() == 1 || last;
      Add(std::move(step), definite);
      return Status::Ok();
    }
  }

  static bool ReadIndex(std::string_view text, int64_t* index) {
    text = TrimSpace(text);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *index);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
  }

  Status Indices(const std::string& inner, bool deep) {
    Step step{.kind = Step::Kind::kIndices, .deep = deep};
    for (const std::string& part : Split(inner, ',')) {
      int64_t index = 0;
      if (!ReadIndex(part, &index)) return Bad("bad index '" + part + "'");
      step.indices.push_back(index);
    }
    bool definite = step.indices.size() == 1;
    Add(std::move(step), definite);
    return Status::Ok();
  }

  Status Slice(const std::string& inner, bool deep) {
    std::vector<std::string> ends = Split(inner, ':');
    if (ends.size() != 2) return Bad("bad slice");
    Step step{.kind = Step::Kind::kSlice, .deep = deep};
    int64_t index = 0;
    if (!TrimSpace(ends[0]).empty()) {
      if (!ReadIndex(ends[0], &index)) return Bad("bad slice");
      step.from = index;
    }
    if (!TrimSpace(ends[1]).empty()) {
      if (!ReadIndex(ends[1], &index)) return Bad("bad slice");
      step.to = index;
    }
    if (!step.from && !step.to) return Bad("bad slice");
    Add(std::move(step), false);
    return Status::Ok();
  }

  // [?( ... )]
  Status Filter(bool deep) {
    size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return Bad("a filter needs (...)");
    int depth = 0;
    size_t end = open;
    for (char quote = 0; end < text_.size(); ++end) {
      char c = text_[end];
      if (quote != 0) {
        if (c == '\\')
          ++end;
        else if (c == quote)
          quote = 0;
        continue;
      }
      if (c == '\'' || c == '"') quote = c;
      if (c == '(') ++depth;
      if (c == ')' && --depth == 0) break;
    }
    size_t close = end < text_.size() ? text_.find(']', end) : std::string_view::npos;
    if (close == std::string_view::npos) return Bad("unclosed filter");
    Step step{.kind = Step::Kind::kFilter, .deep = deep};
    ASSIGN_OR_RETURN(step.filter, JsonFilter::Parse(text_.substr(open + 1, end - open - 1)));
    at_ = close + 1;
    Add(std::move(step), false);
    return Status::Ok();
  }

  std::string_view text_;
  size_t at_ = 0;
  JsonPath path_;
};

Result<JsonPath> JsonPath::Parse(std::string_view text) { return JsonPathParser(text).Parse(); }

// What one evaluation needs at every step.
struct JsonPath::Run {
  const JsonNode* root;
  JsonDocument* arena;
  std::vector<const JsonNode*>* found;
};

namespace {

Status NoMatch(const std::string& path) { return Status::InvalidData("No results for path: " + path); }

// Objects and arrays of a tree, each before what it contains.
void CollectContainers(const JsonNode& node, std::vector<const JsonNode*>* out) {
  if (node.is_scalar()) return;
  out->push_back(&node);
  for (const JsonNode& item : node.items) CollectContainers(item, out);
}

}  // namespace

Status JsonPath::Evaluate(const JsonNode& node, JsonDocument* arena,
                          std::vector<const JsonNode*>* found) const {
  Run run{&node, arena, found};
  size_t before = found->size();
  RETURN_IF_ERROR(Walk(node, 0, true, &run));
  if (definite_ && found->size() == before) return NoMatch(text_);
  return Status::Ok();
}

Status JsonPath::Walk(const JsonNode& node, size_t at, bool definite, Run* run) const {
  if (at == steps_.size()) {
    run->found->push_back(&node);
    return Status::Ok();
  }
  if (!steps_[at].deep) return Apply(node, at, definite, run);
  std::vector<const JsonNode*> containers;
  CollectContainers(node, &containers);
  for (const JsonNode* container : containers) {
    bool filter_on_array = steps_[at].kind == Step::Kind::kFilter && container->kind == JsonKind::kArray;
    if (!filter_on_array) RETURN_IF_ERROR(Apply(*container, at, false, run));
  }
  return Status::Ok();
}

Status JsonPath::Apply(const JsonNode& node, size_t at, bool definite, Run* run) const {
  const Step& step = steps_[at];
  switch (step.kind) {
    case Step::Kind::kNames: return ApplyNames(node, at, definite, run);
    case Step::Kind::kIndices:
    case Step::Kind::kSlice: return ApplyIndices(node, at, definite, run);
    case Step::Kind::kFilter: return ApplyFilter(node, at, definite, run);
    case Step::Kind::kWildcard:
      for (const JsonNode& item : node.items) RETURN_IF_ERROR(Walk(item, at + 1, false, run));
      return Status::Ok();
    case Step::Kind::kLength: {
      if (node.is_scalar() && node.kind != JsonKind::kString) return Status::Ok();
      size_t length = node.kind == JsonKind::kString ? node.text.size() : node.items.size();
      JsonNode* made = run->arena->MakeNode();
      made->kind = JsonKind::kInteger;
      made->text = run->arena->Keep(std::to_string(length));
      return Walk(*made, at + 1, definite, run);
    }
  }
  return Status::Ok();
}

Status JsonPath::ApplyNames(const JsonNode& node, size_t at, bool definite, Run* run) const {
  const Step& step = steps_[at];
  bool leaf = at + 1 == steps_.size();
  if (node.kind != JsonKind::kObject) {
    if (!definite) return Status::Ok();
    return Status::InvalidData("Expected to find an object with property ['" + step.names[0] + "'] in path " +
                               text_);
  }
  if (step.names.size() > 1 && leaf) {  // an object of the named members
    JsonNode* made = run->arena->MakeNode();
    made->kind = JsonKind::kObject;
    for (const std::string& name : step.names) {
      const JsonNode* member = node.Member(name);
      if (member == nullptr) continue;
      made->keys.push_back(run->arena->Keep(name));
      made->items.push_back(*member);
    }
    run->found->push_back(made);
    return Status::Ok();
  }
  for (const std::string& name : step.names) {
    const JsonNode* member = node.Member(name);
    if (member != nullptr) {
      RETURN_IF_ERROR(Walk(*member, at + 1, definite && step.names.size() == 1, run));
    } else if (!leaf && definite && step.names.size() == 1) {
      return Status::InvalidData("Missing property in path " + text_ + ": ['" + name + "']");
    }
  }
  return Status::Ok();
}

Status JsonPath::ApplyIndices(const JsonNode& node, size_t at, bool definite, Run* run) const {
  const Step& step = steps_[at];
  if (node.kind != JsonKind::kArray) {
    if (!definite) return Status::Ok();
    return Status::InvalidData("Filter: [..] can only be applied to arrays, in path " + text_);
  }
  auto count = static_cast<int64_t>(node.items.size());
  if (step.kind == Step::Kind::kSlice) {
    int64_t from = step.from.value_or(0), to = step.to.value_or(count);
    if (from < 0) from = std::max<int64_t>(count + from, 0);
    if (to < 0) to += count;
    for (int64_t i = from; i < std::min(to, count); ++i)
      RETURN_IF_ERROR(Walk(node.items[static_cast<size_t>(i)], at + 1, false, run));
    return Status::Ok();
  }
  for (int64_t index : step.indices) {
    if (index < 0) index += count;
    if (index < 0 || index >= count) continue;
    bool still = definite && step.indices.size() == 1;
    RETURN_IF_ERROR(Walk(node.items[static_cast<size_t>(index)], at + 1, still, run));
  }
  return Status::Ok();
}

Status JsonPath::ApplyFilter(const JsonNode& node, size_t at, bool definite, Run* run) const {
  const JsonFilter& filter = *steps_[at].filter;
  if (node.kind == JsonKind::kObject) {
    return filter.Accepts(node, *run->root, run->arena) ? Walk(node, at + 1, false, run) : Status::Ok();
  }
  if (node.kind != JsonKind::kArray) {
    if (!definite) return Status::Ok();
    return Status::InvalidData("Filter: can not be applied to primitives, in path " + text_);
  }
  for (const JsonNode& item : node.items) {
    if (filter.Accepts(item, *run->root, run->arena)) RETURN_IF_ERROR(Walk(item, at + 1, false, run));
  }
  return Status::Ok();
}

JsonPathSpec ParsePathSpec(std::string_view spec) {
  JsonPathSpec parsed;
  std::string_view text = TrimSpace(spec);
  for (std::string_view mode : {"lax", "strict"}) {
    size_t length = mode.size();
    if (text.size() <= length || !EqualsIgnoreCase(text.substr(0, length), mode)) continue;
    if (std::string_view(" \t\r\n").find(text[length]) == std::string_view::npos) continue;
    parsed.lax = mode == "lax";
    text = TrimSpace(text.substr(length));
    break;
  }
  parsed.path = JsonPath::Parse(text);
  return parsed;
}

}  // namespace penstock
