// PartStore: where the part files of a sink go, and how nobody sees them before their epoch counts: files of
// a folder have a hidden name, objects of a bucket are uploads that are not complete. A part's committable is
// all that another process needs to finish it, or to take it back. Used by one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/files/file_system.h"
#include "env/objects/object_store.h"
#include "stream/sink.h"

namespace penstock {

// Written from start to end. The destructor leaves it as it is.
class PendingPart : public WritableFile {
 public:
  // To take it back at any time; to commit it once Close has returned Ok.
  virtual std::string Committable() const = 0;
};

// A part that some process began and did not commit.
struct LeftPart {
  std::string name;  // without its directory
  std::string committable;
};

class PartStore {
 public:
  virtual ~PartStore() = default;
  virtual Status MakeDirectory(const std::string& directory) = 0;
  virtual Result<std::unique_ptr<PendingPart>> Begin(const std::string& directory,
                                                     const std::string& name) = 0;
  // Makes names in a directory durable, of pending parts and of committed ones.
  virtual Status SyncNames(const std::string& directory) = 0;
  // Fine when it was done before. Returns the part's directory.
  virtual Result<std::string> Commit(std::string_view committable) = 0;
  // Fine when it is not there. REQUIRES: its epoch does not count, and never will.
  virtual Status Discard(std::string_view committable) = 0;
  // An empty file that readers see at once.
  virtual Status WriteMark(const std::string& directory, const std::string& name) = 0;
  // Those below a directory.
  virtual Result<std::vector<LeftPart>> Left(const std::string& directory) = 0;
};

// For a path that PlaceOf gave: files of the machine, or objects.
Result<std::unique_ptr<PartStore>> MakePartStore(const std::string& path, const SinkContext& context);

// The name of a part says whose it is, so that what a dead process left can be told from what lives.
struct PartOwner {
  std::string job;      // of its uid; "" where the job has no checkpoints
  std::string attempt;  // unlike all others
  int subtask = 0;

  static PartOwner Of(const SinkContext& context);
  // "part-<job>-<attempt>-<subtask>-<number>"
  std::string NameOfPart(int64_t number) const;
};

// Takes back what attempts of this job before this one left below `directory`; of `parallelism` subtasks each
// looks after its share. REQUIRES: a checkpoint of this attempt was decided, so that no other process can
// decide one that needs them, and all that is to be committed of theirs is.
Status DiscardLeftParts(PartStore& parts, const std::string& directory, const PartOwner& owner,
                        int parallelism);

}  // namespace penstock
