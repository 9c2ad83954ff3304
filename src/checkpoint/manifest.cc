// Bytes of manifests and of subtask snapshots.
#include "checkpoint/manifest.h"

#include "base/bytes.h"
#include "data/key_codec.h"

namespace penstock {

namespace {
constexpr std::string_view kMagic = "PENSTOCK-MANIFEST";
constexpr uint32_t kVersion = 2;

void WriteRange(const FileRange& range, ByteWriter& out) {
  out.String(range.file);
  out.Varint(range.offset);
  out.Varint(range.size);
  out.Fixed(range.checksum);
}

FileRange ReadRange(ByteReader& in) {
  FileRange range;
  range.file = std::string(in.String());
  range.offset = in.Varint();
  range.size = in.Varint();
  range.checksum = in.Fixed<uint64_t>();
  return range;
}

}  // namespace

std::string Manifest::Write() const {
  ByteWriter out;
  out.Raw(kMagic);
  out.Fixed(kVersion);
  out.String(identity.job);
  out.String(identity.run);
  out.Fixed(identity.incarnation);
  out.Fixed(epoch);
  out.Fixed(claim);
  out.Bool(finished);
  out.Fixed(created_micros);
  out.Fixed(written_bytes);
  out.String(graph);
  out.Varint(parts.size());
  for (const ManifestPart& part : parts) {
    out.String(part.uid);
    out.Varint(static_cast<uint64_t>(part.subtask));
    WriteRange(part.rest, out);
    out.Varint(part.keyed.size());
    for (const FileRange& link : part.keyed) WriteRange(link, out);
  }
  out.Fixed(HashKey(out.bytes()));
  return out.Take();
}

Result<Manifest> Manifest::Read(std::string_view bytes, const std::string& path) {
  auto damaged = [&](const char* what) { return Status::Corruption("manifest '" + path + "' " + what); };
  if (bytes.size() < kMagic.size() + sizeof(uint32_t) + sizeof(uint64_t)) return damaged("is cut short");
  if (!bytes.starts_with(kMagic)) return damaged("is no manifest");
  std::string_view body = bytes.substr(0, bytes.size() - sizeof(uint64_t));
  ByteReader tail(bytes.substr(body.size()));
  if (tail.Fixed<uint64_t>() != HashKey(body)) return damaged("does not match its checksum");
  ByteReader in(body.substr(kMagic.size()));
  if (auto version = in.Fixed<uint32_t>(); version != kVersion) {
    return Status(StatusCode::kUnsupported, "checkpoint '" + path + "' has version " +
                                                std::to_string(version) + "; this build reads version " +
                                                std::to_string(kVersion))
        .WithHint("--fresh starts a new run");
  }
  Manifest manifest;
  manifest.identity.job = std::string(in.String());
  manifest.identity.run = std::string(in.String());
  manifest.identity.incarnation = in.Fixed<uint64_t>();
  manifest.epoch = in.Fixed<uint64_t>();
  manifest.claim = in.Fixed<uint64_t>();
  manifest.finished = in.Bool();
  manifest.created_micros = in.Fixed<int64_t>();
  manifest.written_bytes = in.Fixed<uint64_t>();
  manifest.graph = std::string(in.String());
  for (uint64_t left = in.Count(); left > 0; --left) {
    ManifestPart& part = manifest.parts.emplace_back();
    part.uid = std::string(in.String());
    part.subtask = static_cast<int>(in.Varint());
    part.rest = ReadRange(in);
    for (uint64_t links = in.Count(); links > 0; --links) part.keyed.push_back(ReadRange(in));
  }
  if (!in.ok() || !in.at_end()) return damaged("is cut short");
  return manifest;
}

std::string WriteSnapshot(const SubtaskSnapshot& part) {
  ByteWriter out;
  out.String(part.uid);
  out.Varint(static_cast<uint64_t>(part.subtask));
  out.Fixed(part.watermark);
  out.Varint(part.lists.size());
  for (const std::string& list : part.lists) out.String(list);
  out.Varint(part.splits.size());
  for (const SourceSplit& split : part.splits) {
    out.String(split.id);
    out.String(split.position);
  }
  out.Varint(part.committables.size());
  for (const std::string& committable : part.committables) out.String(committable);
  return out.Take();
}

Result<SubtaskSnapshot> ReadSnapshot(std::string_view bytes) {
  ByteReader in(bytes);
  SubtaskSnapshot part;
  part.uid = std::string(in.String());
  part.subtask = static_cast<int>(in.Varint());
  part.watermark = in.Fixed<int64_t>();
  for (uint64_t left = in.Count(); left > 0; --left) part.lists.emplace_back(in.String());
  for (uint64_t left = in.Count(); left > 0; --left) {
    std::string id(in.String());
    part.splits.push_back({std::move(id), std::string(in.String())});
  }
  for (uint64_t left = in.Count(); left > 0; --left) part.committables.emplace_back(in.String());
  if (!in.ok() || !in.at_end()) return Status::Corruption("the snapshot of a subtask is cut short");
  return part;
}

}  // namespace penstock
