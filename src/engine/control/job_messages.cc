// JSON of the control socket, over simdjson's DOM.
#include "engine/control/job_messages.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "base/strings.h"

namespace penstock {

namespace {

namespace dom = simdjson::dom;

std::string TextOf(const dom::object& object, const char* member) {
  std::string_view text;
  if (object[member].get_string().get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

int64_t NumberOf(const dom::object& object, const char* member) {
  int64_t number = 0;
  if (object[member].get_int64().get(number) != simdjson::SUCCESS) return 0;
  return number;
}

bool FlagOf(const dom::object& object, const char* member) {
  bool flag = false;
  return object[member].get_bool().get(flag) == simdjson::SUCCESS && flag;
}

// The object of a message, or the error that it says.
Result<dom::object> Open(dom::parser& parser, std::string_view bytes) {
  dom::element root;
  dom::object object;
  if (parser.parse(bytes.data(), bytes.size()).get(root) != simdjson::SUCCESS ||
      root.get_object().get(object) != simdjson::SUCCESS) {
    return Status::InvalidData("not a message of Penstock: " + QuoteJson(bytes.substr(0, 100)));
  }
  std::string error = TextOf(object, "error");
  if (error.empty()) return object;
  int64_t code = NumberOf(object, "code");
  bool known = code > 0 && code <= static_cast<int64_t>(StatusCode::kInternal);
  Status status(known ? static_cast<StatusCode>(code) : StatusCode::kInternal, error);
  std::string hint = TextOf(object, "hint");
  if (!hint.empty()) status = std::move(status).WithHint(hint);
  auto number = static_cast<ErrorNumber>(NumberOf(object, "number"));
  if (number != ErrorNumber::kNone) status = std::move(status).WithNumber(number);
  return status;
}

JobState StateOf(const std::string& name) {
  for (JobState state :
       {JobState::kCreated, JobState::kRestarting, JobState::kStopping, JobState::kCancelling}) {
    if (name == JobStateName(state)) return state;
  }
  return JobState::kRunning;
}

}  // namespace

const char* JobStateName(JobState state) {
  switch (state) {
    case JobState::kCreated: return "CREATED";
    case JobState::kRunning: return "RUNNING";
    case JobState::kRestarting: return "RESTARTING";
    case JobState::kStopping: return "STOPPING";
    case JobState::kCancelling: return "CANCELLING";
  }
  return "";
}

std::string ControlRequest::Write() const {
  return fmt::format(
      R"({{"version":1,"call":{},"job":{},"directory":{},"format":{},"drain":{},"savepoint":{}}})",
      QuoteJson(call), QuoteJson(job), QuoteJson(directory), QuoteJson(format), drain, savepoint);
}

Result<ControlRequest> ControlRequest::Read(std::string_view bytes) {
  dom::parser parser;
  ASSIGN_OR_RETURN(dom::object object, Open(parser, bytes));
  if (int64_t version = NumberOf(object, "version"); version != 1)
    return Status::Unsupported(fmt::format("requests of version {} are not understood", version));
  return ControlRequest{TextOf(object, "call"),   TextOf(object, "job"),   TextOf(object, "directory"),
                        TextOf(object, "format"), FlagOf(object, "drain"), FlagOf(object, "savepoint")};
}

std::string WriteError(const Status& status) {
  return fmt::format(R"({{"error":{},"code":{},"number":{},"hint":{}}})", QuoteJson(status.message()),
                     static_cast<int>(status.code()), static_cast<int>(status.number()),
                     QuoteJson(status.hint()));
}

std::string OverviewJson(const JobOverview& job) {
  const CheckpointStatistics& c = job.checkpoints;
  return fmt::format(
      R"({{"job":{},"name":{},"script":{},"directory":{},"state":"{}","process":{},"started_micros":{},)"
      R"("restarts":{},"last_failure":{},"checkpoints":{{"last_epoch":{},"completed":{},"failed":{},)"
      R"("last_duration_ms":{},"last_bytes":{},"longest_chain":{},"folds":{},"failed_folds":{},)"
      R"("waited_for_folds":{}}}}})",
      QuoteJson(job.job), QuoteJson(job.name), QuoteJson(job.script), QuoteJson(job.directory),
      JobStateName(job.state), job.process, job.started_micros, job.restarts, QuoteJson(job.last_failure),
      c.last_epoch, c.completed, c.failed, c.last_duration_ms, c.last_bytes, c.longest_chain, c.folds.folded,
      c.folds.failed, c.folds.waits);
}

std::string WriteOverviews(const std::vector<JobOverview>& jobs) {
  std::vector<std::string> texts;
  for (const JobOverview& job : jobs) texts.push_back(OverviewJson(job));
  return "{\"jobs\":[" + Join(texts, ",") + "]}";
}

std::string WriteText(const std::string& text) { return "{\"text\":" + QuoteJson(text) + "}"; }

Result<std::vector<JobOverview>> ReadOverviews(std::string_view bytes) {
  dom::parser parser;
  ASSIGN_OR_RETURN(dom::object object, Open(parser, bytes));
  dom::array array;
  if (object["jobs"].get_array().get(array) != simdjson::SUCCESS)
    return Status::InvalidData("the process has sent no list of jobs");
  std::vector<JobOverview> jobs;
  for (dom::element element : array) {
    dom::object one, checkpoints;
    if (element.get_object().get(one) != simdjson::SUCCESS) continue;
    JobOverview& job = jobs.emplace_back();
    job.job = TextOf(one, "job");
    job.name = TextOf(one, "name");
    job.script = TextOf(one, "script");
    job.directory = TextOf(one, "directory");
    job.state = StateOf(TextOf(one, "state"));
    job.process = NumberOf(one, "process");
    job.started_micros = NumberOf(one, "started_micros");
    job.restarts = NumberOf(one, "restarts");
    job.last_failure = TextOf(one, "last_failure");
    if (one["checkpoints"].get_object().get(checkpoints) != simdjson::SUCCESS) continue;
    job.checkpoints = {static_cast<uint64_t>(NumberOf(checkpoints, "last_epoch")),
                       NumberOf(checkpoints, "completed"),
                       NumberOf(checkpoints, "failed"),
                       NumberOf(checkpoints, "last_duration_ms"),
                       NumberOf(checkpoints, "last_bytes"),
                       NumberOf(checkpoints, "longest_chain"),
                       {NumberOf(checkpoints, "folds"), NumberOf(checkpoints, "failed_folds"),
                        NumberOf(checkpoints, "waited_for_folds")}};
  }
  return jobs;
}

Result<std::string> ReadText(std::string_view bytes) {
  dom::parser parser;
  ASSIGN_OR_RETURN(dom::object object, Open(parser, bytes));
  return TextOf(object, "text");
}

}  // namespace penstock
