// Statuses of the public interface: a copy of the engine's, so that the engine's may change.
#include "penstock/status.h"

#include <cstdio>
#include <cstdlib>

#include "api/access.h"

namespace penstock::v1 {

// `engine` holds all of it: code, number, place, context.
struct Status::Rep {
  penstock::Status engine;
};

Status::Status(StatusCode code, std::string message) {
  auto rep = std::make_shared<Rep>();
  rep->engine = penstock::Status(static_cast<penstock::StatusCode>(code), std::move(message));
  rep_ = std::move(rep);
}

StatusCode Status::code() const {
  return rep_ ? static_cast<StatusCode>(rep_->engine.code()) : StatusCode::kOk;
}
const std::string& Status::message() const {
  static const std::string none;
  return rep_ ? rep_->engine.message() : none;
}
int Status::number() const { return rep_ ? static_cast<int>(rep_->engine.number()) : 0; }
int Status::line() const { return rep_ ? rep_->engine.position().line : 0; }
int Status::column() const { return rep_ ? rep_->engine.position().column : 0; }
const std::string& Status::hint() const {
  static const std::string none;
  return rep_ ? rep_->engine.hint() : none;
}
std::string Status::ToString() const { return rep_ ? rep_->engine.ToString() : "ok"; }

Status Access::Make(penstock::Status status) {
  Status made;
  if (status.ok()) return made;
  auto rep = std::make_shared<Status::Rep>();
  rep->engine = std::move(status);
  made.rep_ = std::move(rep);
  return made;
}

Status FromEngine(const penstock::Status& status) { return Access::Make(status); }

penstock::Status ToEngine(const Status& status) {
  if (status.ok()) return {};
  penstock::Status made(static_cast<penstock::StatusCode>(status.code()), status.message());
  if (!status.hint().empty()) made = std::move(made).WithHint(status.hint());
  return made;
}

namespace internal {

void FailNoValue(const Status& status) {
  std::fprintf(stderr, "penstock: value() of a Result without one: %s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace internal

}  // namespace penstock::v1
