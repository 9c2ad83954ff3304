// Manifest: what a checkpoint consists of, and proof that it is whole. Gets its name last and once: a
// checkpoint whose manifest exists is sealed. Format: docs/formats/checkpoint.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "stream/snapshot.h"

namespace penstock {

// Who a job is over restarts. `incarnation` is drawn at every fresh start; epochs never go back in a job's
// life, whatever the incarnation.
struct JobIdentity {
  std::string job;  // uid
  std::string run;  // the execution of the script that it belongs to
  uint64_t incarnation = 0;
};

// The bytes of one subtask's snapshot inside a file of the checkpoint.
struct ManifestPart {
  std::string uid;
  int subtask = 0;
  std::string file;  // relative to the job's directory
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;  // HashKey of the bytes
};

struct Manifest {
  JobIdentity identity;
  uint64_t epoch = 0;
  uint64_t claim = 0;          // of the process that wrote it
  bool finished = false;       // the job's sources had ended and everything was emitted
  int64_t created_micros = 0;  // for people
  std::string graph;           // JobGraph::Write
  std::vector<ManifestPart> parts;

  std::string Write() const;
  // kCorruption when anything does not match; `path` is for the message.
  static Result<Manifest> Read(std::string_view bytes, const std::string& path);
};

// A subtask's snapshot as bytes; also the unit of a savepoint file.
std::string WriteSnapshot(const SubtaskSnapshot& part);
Result<SubtaskSnapshot> ReadSnapshot(std::string_view bytes);

}  // namespace penstock
