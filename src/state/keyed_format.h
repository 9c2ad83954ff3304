// What keyed state begins with as bytes, and the kinds of its states. Format: docs/formats/keyed_state.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace penstock {

enum class StateKind : uint8_t { kFixed = 1, kMap = 2, kTimers = 3 };

// A zero as no writer of version 1 spelled it, then the version.
inline constexpr std::string_view kKeyedMark("\x80\x00", 2);
inline constexpr uint8_t kKeyedBase = 2;
inline constexpr uint8_t kKeyedDelta = 3;

}  // namespace penstock
