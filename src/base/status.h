// Status and Result: how every fallible function of Penstock reports. Nothing of ours throws; adapters catch
// what a third-party library throws and turn it into a Status. Rows that cannot be used are data (see
// formats/decoder.h), not a Status. A Status is cheap when ok (one null pointer) and immutable apart from
// added context.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error_catalog.h"

namespace penstock {

// What went wrong, for programs. The domain says who can mend it, see Status::domain().
enum class StatusCode : unsigned char {
  kOk,
  kInvalidArgument,    // the statement, option or call is wrong
  kUnsupported,        // valid Flink SQL that Penstock does not implement yet
  kNotFound,           // a named thing does not exist
  kAlreadyExists,      // a named thing exists
  kInvalidData,        // a value or record cannot be processed
  kIo,                 // a file or device failed
  kUnavailable,        // a remote system did not answer; a retry may help
  kResourceExhausted,  // memory, disk space or a limit
  kCorruption,         // a durable file does not match its checksum or format
  kCancelled,          // the job was asked to stop
  kFenced,             // another process took over
  kInternal,           // a defect of Penstock that did not corrupt anything
};

enum class ErrorDomain : unsigned char { kUser, kExternal, kInternal };

// A place in SQL text; both 1-based, 0 when unknown.
struct TextPosition {
  int line = 0;
  int column = 0;
  bool known() const { return line > 0; }
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message);

  static Status Ok() { return {}; }
  static Status InvalidArgument(std::string message) {
    return {StatusCode::kInvalidArgument, std::move(message)};
  }
  static Status Unsupported(std::string message) { return {StatusCode::kUnsupported, std::move(message)}; }
  static Status NotFound(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
  static Status InvalidData(std::string message) { return {StatusCode::kInvalidData, std::move(message)}; }
  static Status Io(std::string message) { return {StatusCode::kIo, std::move(message)}; }
  static Status Corruption(std::string message) { return {StatusCode::kCorruption, std::move(message)}; }
  static Status Internal(std::string message) { return {StatusCode::kInternal, std::move(message)}; }

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  ErrorDomain domain() const;
  // True where the same call may succeed later without a change by the user.
  bool retryable() const {
    return code() == StatusCode::kUnavailable || code() == StatusCode::kResourceExhausted;
  }
  const std::string& message() const;
  ErrorNumber number() const { return rep_ ? rep_->number : ErrorNumber::kNone; }
  TextPosition position() const { return rep_ ? rep_->position : TextPosition{}; }
  const std::string& hint() const;

  // Each returns the status with one thing added; REQUIRES: !ok().
  Status WithNumber(ErrorNumber number) &&;
  Status WithHint(std::string hint) &&;
  // Keeps a position that is already known: the innermost place wins.
  Status At(TextPosition position) &&;
  // Prepends what was being done (operator, file, offset), outermost first in ToString.
  Status WithContext(std::string context) &&;

  // "PS-1002 at 3:14: message (while reading x) hint: ...": one line, for people.
  std::string ToString() const;

 private:
  struct Rep {
    StatusCode code;
    ErrorNumber number = ErrorNumber::kNone;
    TextPosition position;
    std::string message;
    std::string hint;
    std::vector<std::string> context;
  };
  std::shared_ptr<Rep> rep_;  // null when ok; copied before a change when shared
  Rep& Mutable();
};

// A numbered SQL error at a place of the text.
Status SqlError(ErrorNumber number, TextPosition position, std::string message, std::string hint = "");

// A value or the reason why there is none. Member names are those of std::expected.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                 // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) { CHECK(!status_.ok()); }  // NOLINT

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  T& value() & {
    CHECK(has_value());
    return *value_;
  }
  const T& value() const& {
    CHECK(has_value());
    return *value_;
  }
  T&& value() && {
    CHECK(has_value());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Status& error() const { return status_; }
  Status status() const { return status_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace penstock

#define PENSTOCK_CONCAT_INNER(a, b) a##b
#define PENSTOCK_CONCAT(a, b) PENSTOCK_CONCAT_INNER(a, b)

// Returns from the calling function when the expression's Status is not ok.
#define RETURN_IF_ERROR(expression)                                            \
  do {                                                                         \
    if (::penstock::Status status_ = (expression); !status_.ok()) [[unlikely]] \
      return status_;                                                          \
  } while (false)

// Assigns the value of a Result, or returns its Status: ASSIGN_OR_RETURN(auto x, F());
#define ASSIGN_OR_RETURN(lhs, expression) \
  ASSIGN_OR_RETURN_INNER(PENSTOCK_CONCAT(result_, __LINE__), lhs, expression)
#define ASSIGN_OR_RETURN_INNER(result, lhs, expression) \
  auto&& result = (expression);                         \
  if (!result.has_value()) [[unlikely]]                 \
    return result.error();                              \
  lhs = std::move(result).value()
