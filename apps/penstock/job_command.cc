// Options of the commands about running jobs, and what they print.
#include "job_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/strings.h"
#include "connectors/filesystem/file_place.h"

namespace {

void Print(const std::string& line) { std::puts(line.c_str()); }

int Fail(const penstock::Status& status) {
  std::fputs(("penstock: " + status.ToString() + "\n").c_str(), stderr);
  return 1;
}

std::string Row(const penstock::FoundJob& job, size_t width) {
  std::string id = job.script + "/" + job.uid;
  if (!job.running)
    return fmt::format("{:<{}}  {:<10}  {:>8}  {:>8}  {:>10}  {}", id, width, job.state, "-", "-", "-",
                       job.directory);
  return fmt::format("{:<{}}  {:<10}  {:>8}  {:>8}  {:>10}  {}", id, width, job.state, job.running->process,
                     job.running->restarts, job.running->checkpoints.last_epoch, job.directory);
}

std::string Json(const penstock::FoundJob& job) {
  if (job.running) return penstock::OverviewJson(*job.running);
  return fmt::format(R"({{"job":{},"script":{},"directory":{},"state":"{}"}})", penstock::QuoteJson(job.uid),
                     penstock::QuoteJson(job.script), penstock::QuoteJson(job.directory), job.state);
}

}  // namespace

CLI::App* JobCommand::Add(CLI::App* app, const char* name, const char* what) {
  CLI::App* command = app->add_subcommand(name, what);
  command
      ->add_option("--dir", root_,
                   "the folder of execution.checkpointing.dir, or one above it; the current one. Of "
                   "penstock.control.dir where checkpoints are in a bucket")
      ->type_name("ROOT");
  return command;
}

JobCommand::JobCommand(CLI::App* app)
    : list_(Add(app, "list", "the jobs that run")),
      metrics_(Add(app, "metrics", "what a running job does")),
      savepoint_(Add(app, "savepoint", "take a savepoint of a running job")),
      stop_(Add(app, "stop", "end a running job in order")),
      cancel_(Add(app, "cancel", "end a running job at once")) {
  list_->add_flag("-a,--all", all_, "also those that no process runs");
  list_->add_option("--format", format_, "text or json")->check(CLI::IsMember({"text", "json"}));
  metrics_->add_option("--format", format_, "text, json or prometheus")
      ->check(CLI::IsMember({"text", "json", "prometheus"}));
  for (CLI::App* command : {metrics_, savepoint_, stop_, cancel_})
    command->add_option("job", job_, "its id, or SCRIPT/ID, or its folder")->required();
  savepoint_->add_option("dir", directory_, "where it goes; execution.checkpointing.savepoint-dir")
      ->type_name("DIR");
  CLI::Option* to =
      stop_->add_option("--savepoint", directory_, "with a savepoint in this folder")->type_name("DIR");
  stop_->add_flag("--drain", drain_, "as at the end of the input: all windows fire, the job is finished")
      ->excludes(to);
}

bool JobCommand::parsed() const {
  return list_->parsed() || metrics_->parsed() || savepoint_->parsed() || stop_->parsed() ||
         cancel_->parsed();
}

penstock::Status JobCommand::List(penstock::FileSystem& files) const {
  ASSIGN_OR_RETURN(std::vector<penstock::FoundJob> jobs, penstock::FindJobs(files, root_));
  if (!all_) std::erase_if(jobs, [](const penstock::FoundJob& job) { return !job.running; });
  if (format_ == "json") {
    for (const penstock::FoundJob& job : jobs) Print(Json(job));
    return penstock::Status::Ok();
  }
  if (jobs.empty()) {
    Print(all_ ? "There are no jobs." : "There are no running jobs.");
    return penstock::Status::Ok();
  }
  size_t width = 3;
  for (const penstock::FoundJob& job : jobs) width = std::max(width, job.script.size() + 1 + job.uid.size());
  Print(fmt::format("{:<{}}  {:<10}  {:>8}  {:>8}  {:>10}  {}", "job", width, "state", "process", "restarts",
                    "checkpoint", "folder"));
  for (const penstock::FoundJob& job : jobs) Print(Row(job, width));
  return penstock::Status::Ok();
}

// The other process may stand in another folder.
penstock::Result<std::string> JobCommand::SavepointDirectory() const {
  if (directory_.empty()) return std::string();
  ASSIGN_OR_RETURN(std::string path, penstock::NormalPath(directory_));
  if (penstock::IsObjectPath(path)) return path;
  return std::filesystem::absolute(path).lexically_normal().string();
}

penstock::Status JobCommand::Ask(const penstock::FoundJob& job) const {
  penstock::ControlRequest request;
  ASSIGN_OR_RETURN(request.directory, SavepointDirectory());
  request.savepoint = !directory_.empty();
  request.drain = drain_;
  request.format = format_;
  for (const CLI::App* command : {metrics_, savepoint_, stop_, cancel_}) {
    if (command->parsed()) request.call = command->get_name();
  }
  ASSIGN_OR_RETURN(std::string text, penstock::AskJob(job, request));
  if (metrics_->parsed()) std::fputs(text.c_str(), stdout);
  if (cancel_->parsed()) Print("Cancelled job " + job.uid + ".");
  if (stop_->parsed()) Print("Stopped job " + job.uid + ".");
  if (!metrics_->parsed() && !text.empty()) Print("Savepoint completed. Path: " + text);
  return penstock::Status::Ok();
}

int JobCommand::Run() {
  penstock::LocalFileSystem files;
  if (list_->parsed()) {
    penstock::Status listed = List(files);
    return listed.ok() ? 0 : Fail(listed);
  }
  penstock::Result<penstock::FoundJob> job = penstock::FindJob(files, root_, job_);
  if (!job) return Fail(job.error());
  penstock::Status asked = Ask(*job);
  return asked.ok() ? 0 : Fail(asked);
}
