// The first bytes of every sketch that is kept as BYTES: what it is and which version
// (docs/formats/sketch.md). A version that is not known is refused, never guessed at.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace penstock {

enum class SketchKind : uint8_t { kHyperLogLog = 1, kCountMin = 2, kBloomFilter = 3 };
constexpr uint8_t kSketchVersion = 1;

inline void WriteSketchHeader(SketchKind kind, ByteWriter* out) {
  out->Fixed(kind);
  out->Fixed(kSketchVersion);
}

// Takes the header off.
inline Status ReadSketchHeader(SketchKind kind, std::string_view name, ByteReader* in) {
  auto found = in->Fixed<SketchKind>();
  auto version = in->Fixed<uint8_t>();
  std::string problem;
  if (!in->ok() || found != kind) {
    problem = "These bytes are no " + std::string(name) + ".";
  } else if (version != kSketchVersion) {
    problem = "This " + std::string(name) + " has version " + std::to_string(version) + ", known is " +
              std::to_string(kSketchVersion) + ".";
  }
  if (problem.empty()) return Status::Ok();
  return Status::InvalidData(problem).WithNumber(ErrorNumber::kRuntime);
}

inline Status DamagedSketch(std::string_view name) {
  return Status::InvalidData("This " + std::string(name) + " is cut short or damaged.")
      .WithNumber(ErrorNumber::kRuntime);
}

}  // namespace penstock
