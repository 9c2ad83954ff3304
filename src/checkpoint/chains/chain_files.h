// ChainFiles: reads and writes what the files of a job's checkpoints hold of keyed state: a chain, a base and
// the deltas after it, as one source. CheckpointStore stands on it, and so does who folds chains beside it on
// a thread of its own (chain_fold.h). Immutable: any number of threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/manifest.h"
#include "env/files/file_store.h"
#include "state/keyed_source.h"

namespace penstock {

class ChainFiles {
 public:
  using Source = std::shared_ptr<KeyedSource>;

  // `stream_bytes`: chains of so many bytes are read in pieces.
  ChainFiles(std::shared_ptr<FileStore> files, std::string directory, uint64_t stream_bytes)
      : files_(std::move(files)), directory_(std::move(directory)), stream_bytes_(stream_bytes) {}

  FileStore& files() const { return *files_; }
  const std::string& directory() const { return directory_; }
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  bool IsLarge(const std::vector<FileRange>& chain) const;

  // Through append(block), checked against its checksum: the last block may be wrong where this fails.
  // kCorruption names the file.
  Status CopyRange(const FileRange& range, const AppendBytes& append) const;
  Result<std::string> ReadRange(const FileRange& range) const;
  // The chain as one base. What is small is checked now, the rest as it is read.
  Result<Source> OpenChain(const std::vector<FileRange>& chain) const;

 private:
  Result<Source> OpenLink(const FileRange& range) const;

  std::shared_ptr<FileStore> files_;
  std::string directory_;
  uint64_t stream_bytes_;
};

}  // namespace penstock
