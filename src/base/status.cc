// Status: construction, context and its one-line text.
#include "base/status.h"

#include <fmt/format.h>

namespace penstock {

namespace {
const std::string kEmpty;
}

Status::Status(StatusCode code, std::string message) : rep_(std::make_shared<Rep>()) {
  CHECK(code != StatusCode::kOk);
  rep_->code = code;
  rep_->message = std::move(message);
}

ErrorDomain Status::domain() const {
  switch (code()) {
    case StatusCode::kIo:
    case StatusCode::kUnavailable:
    case StatusCode::kResourceExhausted:
    case StatusCode::kCorruption:
    case StatusCode::kFenced: return ErrorDomain::kExternal;
    case StatusCode::kInternal: return ErrorDomain::kInternal;
    default: return ErrorDomain::kUser;
  }
}

const std::string& Status::message() const { return rep_ ? rep_->message : kEmpty; }
const std::string& Status::hint() const { return rep_ ? rep_->hint : kEmpty; }

Status::Rep& Status::Mutable() {
  CHECK(rep_ != nullptr);
  if (rep_.use_count() > 1) rep_ = std::make_shared<Rep>(*rep_);
  return *rep_;
}

Status Status::WithNumber(ErrorNumber number) && {
  Mutable().number = number;
  return std::move(*this);
}

Status Status::WithHint(std::string hint) && {
  Mutable().hint = std::move(hint);
  return std::move(*this);
}

Status Status::At(TextPosition position) && {
  if (!this->position().known()) Mutable().position = position;
  return std::move(*this);
}

Status Status::WithContext(std::string context) && {
  Mutable().context.push_back(std::move(context));
  return std::move(*this);
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text;
  if (rep_->number != ErrorNumber::kNone) text += fmt::format("PS-{} ", static_cast<int>(rep_->number));
  if (rep_->position.known()) text += fmt::format("at {}:{}: ", rep_->position.line, rep_->position.column);
  for (auto it = rep_->context.rbegin(); it != rep_->context.rend(); ++it) text += *it + ": ";
  text += rep_->message;
  if (!rep_->hint.empty()) text += " (hint: " + rep_->hint + ")";
  return text;
}

Status SqlError(ErrorNumber number, TextPosition position, std::string message, std::string hint) {
  bool unsupported = number == ErrorNumber::kUnsupported;
  Status status(unsupported ? StatusCode::kUnsupported : StatusCode::kInvalidArgument, std::move(message));
  status = std::move(status).WithNumber(number).At(position);
  return hint.empty() ? status : std::move(status).WithHint(std::move(hint));
}

}  // namespace penstock
