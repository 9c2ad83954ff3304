// The bytes of a split's position.
#include "connectors/kafka/kafka_split.h"

namespace penstock {

namespace {
constexpr uint64_t kVersion = 1;
}

SourceSplit KafkaSplit::ToSplit() const {
  ByteWriter out;
  out.Varint(kVersion);
  out.String(partition.topic);
  out.Fixed(partition.partition);
  out.Fixed(next_offset);
  out.Fixed(stop_offset);
  out.String(topic_id);
  out.Fixed(leader_epoch);
  return {partition.ToString(), out.Take()};
}

Result<KafkaSplit> KafkaSplit::Parse(const SourceSplit& split) {
  ByteReader in(split.position);
  if (split.position.empty() || in.Varint() != kVersion) {
    return Status::Corruption("the position of Kafka partition " + split.id + " has an unknown version");
  }
  KafkaSplit parsed;
  parsed.partition.topic = in.String();
  parsed.partition.partition = in.Fixed<int32_t>();
  parsed.next_offset = in.Fixed<int64_t>();
  parsed.stop_offset = in.Fixed<int64_t>();
  parsed.topic_id = in.String();
  parsed.leader_epoch = in.Fixed<int32_t>();
  if (!in.ok()) return Status::Corruption("the position of Kafka partition " + split.id + " is cut off");
  return parsed;
}

}  // namespace penstock
