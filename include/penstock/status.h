// Status and Result: how every call of the library that can fail reports. Nothing of Penstock's throws. A
// Status is cheap when it is ok and may be copied and read from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "penstock/config.h"

PENSTOCK_API_BEGIN

// What went wrong, for programs. Later versions may add codes.
enum class StatusCode : unsigned char {
  kOk,
  kInvalidArgument,    // the statement, option or call is wrong
  kUnsupported,        // valid Flink SQL that Penstock does not implement
  kNotFound,           // a named thing does not exist
  kAlreadyExists,      // a named thing exists
  kInvalidData,        // a value or record cannot be processed
  kIo,                 // a file or device failed
  kUnavailable,        // a remote system did not answer; a retry may help
  kResourceExhausted,  // memory, disk space or a limit
  kCorruption,         // a durable file does not match its checksum or format
  kCancelled,          // the job was asked to stop
  kFenced,             // another process took over
  kInternal,           // a defect of Penstock
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  // REQUIRES: code is not kOk.
  Status(StatusCode code, std::string message);
  static Status Ok() { return {}; }

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const;
  const std::string& message() const;
  // Number of a SQL error in docs/reference/errors.md, 0 for none.
  int number() const;
  // Place in the SQL text, both from 1; 0 when there is none.
  int line() const;
  int column() const;
  // What may help; may be empty.
  const std::string& hint() const;
  // All of it on one line, for people; "ok" when ok.
  std::string ToString() const;

 private:
  friend struct Access;
  struct Rep;
  std::shared_ptr<const Rep> rep_;  // null when ok
};

namespace internal {
// Ends the process with the status: value() was asked of a Result that has none.
[[noreturn]] void FailNoValue(const Status& status);
}  // namespace internal

// A value or the reason why there is none. Member names are those of std::expected.
template <typename T>
class [[nodiscard]] Result {
 public:
  // From anything that becomes a T by itself: a std::unique_ptr to a derived class, a literal.
  template <typename U = T>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : value_(std::forward<U>(value)) {}              // NOLINT: implicit by design
  Result(Status status) : error_(std::move(status)) {  // NOLINT
    if (error_.ok()) internal::FailNoValue(error_);
  }

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  // REQUIRES: has_value().
  T& value() & { return Checked(); }
  const T& value() const& { return const_cast<Result*>(this)->Checked(); }
  T&& value() && { return std::move(Checked()); }
  T& operator*() & { return Checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(Checked()); }
  T* operator->() { return &Checked(); }
  const T* operator->() const { return &value(); }
  // Ok when there is a value.
  const Status& error() const { return error_; }

 private:
  T& Checked() {
    if (!value_) internal::FailNoValue(error_);
    return *value_;
  }
  std::optional<T> value_;
  Status error_;
};

PENSTOCK_API_END
