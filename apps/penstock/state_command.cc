// Options of `penstock state`, and which report each sub-command prints.
#include "state_command.h"

#include <cstdio>

namespace {

void Print(const std::string& line) { std::puts(line.c_str()); }

int Fail(const penstock::Status& status) {
  std::fputs(("penstock: " + status.ToString() + "\n").c_str(), stderr);
  return 1;
}

}  // namespace

StateCommand::StateCommand(CLI::App* app)
    : state_(app->add_subcommand("state", "look into checkpoints and savepoints")),
      inspect_(state_->add_subcommand("inspect", "operators, states, sizes, watermarks, positions")),
      verify_(state_->add_subcommand("verify", "check every byte of all checkpoints")),
      dump_(state_->add_subcommand("dump", "print entries of state")) {
  state_->require_subcommand(1);
  for (CLI::App* command : {inspect_, verify_, dump_}) {
    command->add_option("dir", path_, "a folder of checkpoints, of a script or a job in it, or a savepoint")
        ->required();
    command->add_option("-D", options_, "s3.endpoint=ADDRESS and the like, for s3://bucket/path")
        ->type_name("KEY=VALUE");
  }
  for (CLI::App* command : {inspect_, dump_})
    command->add_option("--checkpoint", epoch_, "which one; the newest where it is not given")
        ->type_name("N");
  dump_->add_option("--operator", filter_.operator_name,
                    "only of this operator: its id or a part of its name");
  dump_->add_option("--state", filter_.state, "only this state of the operators");
  dump_->add_option("--key", filter_.key, "only this key, as it is printed, or the value of its only column");
}

penstock::Status StateCommand::Show(const penstock::StateLocation& location) {
  ASSIGN_OR_RETURN(penstock::StateContent content, penstock::ReadState(location, epoch_));
  if (inspect_->parsed()) return penstock::ReportContent(content, Print);
  return penstock::DumpEntries(content, filter_, Print).status();
}

penstock::Result<std::vector<penstock::StateLocation>> StateCommand::Find(
    penstock::FileSystem& files, penstock::SessionObjectStores* objects) const {
  penstock::sql::Config config;
  for (const std::string& option : options_) {
    size_t equals = option.find('=');
    if (equals != std::string::npos) config.Set(option.substr(0, equals), option.substr(equals + 1));
  }
  ASSIGN_OR_RETURN(penstock::FilePlace place, penstock::PlaceOf(path_, &files, objects->Of(config)));
  return penstock::FindState(place);
}

int StateCommand::Run() {
  penstock::LocalFileSystem files;
  penstock::SessionObjectStores objects;
  penstock::Result<std::vector<penstock::StateLocation>> locations = Find(files, &objects);
  if (!locations) return Fail(locations.error());
  int code = 0;
  for (const penstock::StateLocation& location : *locations) {
    if (verify_->parsed()) {
      if (!penstock::VerifyState(location, Print)) code = 1;
    } else if (penstock::Status status = Show(location); !status.ok()) {
      code = Fail(status);
    }
  }
  return code;
}
