// The public session.
#include "penstock/session.h"

#include <algorithm>

#include "api/function_adapter.h"
#include "api/query_state.h"

namespace penstock::v1 {

struct Session::Rep : SessionState {};

Session::Session(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::Open(SessionOptions options) {
  auto rep = std::make_unique<Rep>();
  bool manual = options.clock == ClockMode::kManual;
  if (manual) rep->manual_clock = std::make_unique<ManualClock>(options.start_micros);
  penstock::SessionOptions engine_options;
  engine_options.driven = manual;
  rep->engine = std::make_unique<penstock::Session>(engine_options, rep->clock(), &rep->files);
  for (const auto& [key, value] : options.settings) {
    if (penstock::Status set = rep->engine->SetOption(key, value); !set.ok()) return FromEngine(set);
  }
  return std::unique_ptr<Session>(new Session(std::move(rep)));
}

Status Session::Execute(std::string_view script) {
  rep_->engine->ExecuteScript(script, &rep_->outcome);
  return FromEngine(rep_->outcome.Take());
}

Result<QueryResult> Session::Query(std::string_view statement) {
  auto rep = std::make_unique<Access::QueryState>();
  rep->session = rep_.get();
  rep->queue = std::make_shared<ResultQueue>();
  penstock::Result<int> job = rep_->engine->StartQuery(statement, rep->queue);
  if (!job) return FromEngine(job.error());
  rep->job = *job;
  rep->columns = FromEngine(rep->queue->schema());
  rep->types = rep->queue->schema().types();
  return Access::NewQuery(std::move(rep));
}

Status Session::Wait() {
  if (rep_->manual_clock)
    return Status(StatusCode::kInvalidArgument,
                  "jobs under a manual clock run in AdvanceTime: there is no waiting");
  rep_->engine->WaitForJobs(&rep_->outcome);
  return FromEngine(rep_->outcome.Take());
}

void Session::CancelAll() { rep_->engine->CancelAll(); }

Status Session::AdvanceTime(std::chrono::milliseconds by) {
  if (!rep_->manual_clock) return Status(StatusCode::kInvalidArgument, "the session has the machine's clock");
  ManualClock& clock = *rep_->manual_clock;
  const int64_t target = clock.MonotonicMillis() + by.count();
  while (true) {
    penstock::Result<int64_t> wake = rep_->engine->RunUntilQuiet();
    if (!wake) return FromEngine(wake.error());
    int64_t now = clock.MonotonicMillis();
    if (now >= target) return Status::Ok();
    // To the next instant that something waits for; what asks to be called at once is called a moment later.
    int64_t next = std::clamp(*wake, now + 1, target);
    clock.AdvanceMicros((next - now) * 1000);
  }
}

int64_t Session::now_micros() const { return rep_->clock()->NowMicros(); }

namespace {

// The registration of a name; a new one where there is none. Null when another connector has the name.
Registration* RegistrationOf(SessionState* state, const std::string& name) {
  std::shared_ptr<Registration>& found = state->registrations[name];
  if (found) return found.get();
  std::vector<std::string> taken = state->engine->connectors().Names();
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) return nullptr;
  found = std::make_shared<Registration>();
  found->name = name;
  if (state->manual_clock) found->poll_ms = INT64_MAX;  // every source is asked whenever time has moved
  AddConnector(found, &state->engine->connectors(), &state->engine->registry());
  return found.get();
}

Status Taken(const std::string& name) {
  return Status(StatusCode::kAlreadyExists, "there is a connector '" + name + "' already");
}

}  // namespace

Status Session::RegisterSource(const std::string& name, SourceTraits traits, SourceFactory factory) {
  Registration* registration = RegistrationOf(rep_.get(), name);
  if (registration == nullptr || registration->source) return Taken(name);
  registration->traits = traits;
  registration->source = std::move(factory);
  return Status::Ok();
}

Status Session::RegisterSink(const std::string& name, SinkFactory factory) {
  Registration* registration = RegistrationOf(rep_.get(), name);
  if (registration == nullptr || registration->sink) return Taken(name);
  registration->sink = std::move(factory);
  return Status::Ok();
}

Status Session::RegisterFunction(ScalarFunction function) {
  return FromEngine(AddFunction(std::move(function)));
}

}  // namespace penstock::v1
