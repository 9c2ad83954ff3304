// UTF-8: the one judgement of what is well-formed (Unicode 15, table 3-7: no overlong forms, no surrogates,
// nothing beyond U+10FFFF). Bytes in, answers out; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace penstock {

// Bytes of the well-formed sequence that the text begins with, 1 to 4; 0 where it begins with none. REQUIRES:
// not empty.
size_t Utf8SequenceLength(std::string_view text);

// The whole text is well-formed.
bool IsValidUtf8(std::string_view text);

}  // namespace penstock
