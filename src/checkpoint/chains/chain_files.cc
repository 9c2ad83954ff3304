// Chains from their files. Step 11 of a record's way.
#include "checkpoint/chains/chain_files.h"

#include <algorithm>

#include "checkpoint/range_reader.h"
#include "data/byte_hash.h"
#include "env/failpoint.h"
#include "state/keyed_merge.h"
#include "state/pieces/keyed_pieces.h"

namespace penstock {

namespace {
SeededBug unchecked("bug:store.unchecked", "checksums of state are not compared");
}  // namespace

bool ChainFiles::IsLarge(const std::vector<FileRange>& chain) const {
  uint64_t bytes = 0;
  for (const FileRange& link : chain) bytes += link.size;
  return bytes >= stream_bytes_;
}

Status ChainFiles::CopyRange(const FileRange& range, const AppendBytes& append) const {
  constexpr uint64_t kBlock = uint64_t{1} << 20;
  RangeReader reader(files_, PathOf(range.file), range);
  ByteHash hash;
  for (uint64_t at = 0; at < range.size;) {
    ASSIGN_OR_RETURN(std::string block, reader.Read(at, std::min(kBlock, range.size - at)));
    hash.Add(block);
    at += block.size();
    RETURN_IF_ERROR(append(block));
  }
  if (hash.value() == range.checksum || unchecked.On()) return Status::Ok();
  return Status::Corruption("'" + PathOf(range.file) + "' does not match the checksum in its manifest");
}

Result<std::string> ChainFiles::ReadRange(const FileRange& range) const {
  std::string bytes;
  RETURN_IF_ERROR(CopyRange(range, [&](std::string_view block) {
    bytes.append(block);
    return Status::Ok();
  }));
  return bytes;
}

// What was not written in pieces is small, or of an earlier version: it is read whole.
Result<ChainFiles::Source> ChainFiles::OpenLink(const FileRange& range) const {
  if (range.size >= stream_bytes_) {
    auto reader = std::make_shared<RangeReader>(files_, PathOf(range.file), range);
    ASSIGN_OR_RETURN(std::string head, reader->Read(0, std::min<uint64_t>(range.size, kPiecesHead)));
    if (IsPieces(head)) {
      return OpenPieces(PathOf(range.file), range.size,
                        [reader](uint64_t offset, uint64_t size) { return reader->Read(offset, size); });
    }
  }
  ASSIGN_OR_RETURN(std::string bytes, ReadRange(range));
  return MakeKeyedSource(std::move(bytes));
}

Result<ChainFiles::Source> ChainFiles::OpenChain(const std::vector<FileRange>& chain) const {
  std::vector<Source> links;
  for (const FileRange& link : chain) {
    ASSIGN_OR_RETURN(Source source, OpenLink(link));
    links.push_back(std::move(source));
  }
  if (links.size() == 1) return std::move(links[0]);
  return MergeSources(std::move(links));
}

}  // namespace penstock
