// Reads the keyword clauses of SQL/JSON functions.
#include "expr/json/json_clauses.h"

#include "expr/signature.h"

namespace penstock {

namespace {

using Keywords = std::vector<std::optional<std::string>>;

class ClauseReader {
 public:
  ClauseReader(std::string_view function, const Keywords& keywords)
      : function_(function), keywords_(keywords) {}

  Result<JsonClauses> Read() {
    while (at_ < keywords_.size()) {
      if (!keywords_[at_]) return Bad();
      const std::string word = *keywords_[at_++];
      if (word == "RETURNING") {
        clauses_.returning = at_++;
      } else if (word == "WITH" || word == "WITHOUT") {
        RETURN_IF_ERROR(ReadWrapper(word == "WITH"));
      } else {
        RETURN_IF_ERROR(ReadBehavior(word));
      }
    }
    return clauses_;
  }

 private:
  Status Bad() const {
    return SqlError(ErrorNumber::kBadArguments, {}, std::string(function_) + ": clauses that do not fit");
  }
  bool Accept(std::string_view word) {
    if (at_ >= keywords_.size() || keywords_[at_] != word) return false;
    ++at_;
    return true;
  }

  Status ReadWrapper(bool with) {
    bool conditional = Accept("CONDITIONAL");
    bool unconditional = !conditional && Accept("UNCONDITIONAL");
    Accept("ARRAY");
    if (!Accept("WRAPPER") || (!with && (conditional || unconditional))) return Bad();
    clauses_.wrapper = !with         ? JsonWrapper::kWithout
                       : conditional ? JsonWrapper::kConditional
                                     : JsonWrapper::kUnconditional;
    return Status::Ok();
  }

  Status ReadBehavior(const std::string& word) {
    JsonBehavior behavior = JsonBehavior::kNull;
    size_t default_at = 0;
    if (word == "ERROR") {
      behavior = JsonBehavior::kError;
    } else if (word == "DEFAULT") {
      behavior = JsonBehavior::kDefault;
      default_at = at_++;
    } else if (word == "EMPTY") {
      bool object = Accept("OBJECT");
      if (!object) Accept("ARRAY");
      behavior = object ? JsonBehavior::kEmptyObject : JsonBehavior::kEmptyArray;
    } else if (word == "TRUE") {
      behavior = JsonBehavior::kTrue;
    } else if (word == "FALSE") {
      behavior = JsonBehavior::kFalse;
    } else if (word == "UNKNOWN") {
      behavior = JsonBehavior::kUnknown;
    } else if (word != "NULL") {
      return Bad();
    }
    if (!Accept("ON")) return Bad();
    bool empty = Accept("EMPTY");
    if (!empty && !Accept("ERROR")) return Bad();
    (empty ? clauses_.on_empty : clauses_.on_error) = behavior;
    (empty ? clauses_.empty_default : clauses_.error_default) = default_at;
    return Status::Ok();
  }

  std::string_view function_;
  const Keywords& keywords_;
  size_t at_ = 2;
  JsonClauses clauses_;
};

}  // namespace

Result<JsonClauses> ReadJsonClauses(std::string_view function, const Keywords& keywords) {
  return ClauseReader(function, keywords).Read();
}

std::vector<std::optional<std::string>> JsonKeywords(std::span<const ArgInfo> args) {
  Keywords keywords(args.size());
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].type.is(TypeKind::kSymbol) && args[i].literal != nullptr)
      keywords[i] = args[i].literal->as_string();
  }
  return keywords;
}

std::vector<std::optional<std::string>> JsonKeywords(const CallSite& site) {
  Keywords keywords(site.args.size());
  for (size_t i = 0; i < site.args.size(); ++i) {
    if (site.args[i].is(TypeKind::kSymbol)) keywords[i] = site.constants[i].as_string();
  }
  return keywords;
}

}  // namespace penstock
