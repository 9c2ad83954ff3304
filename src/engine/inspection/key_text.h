// Keys and other bytes of state as text. Inspection only: slow and careful.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/data_type.h"

namespace penstock {

// "x'0a1b'".
std::string HexText(std::string_view bytes);
// "'text'" where all bytes are printable, else HexText.
std::string BytesText(std::string_view bytes);
// "n=1, name=two" where the bytes are a key of such columns (data/key_codec.h); what follows the key, as in
// sub-keys, comes behind it. HexText where they are not, or where nothing is known of the columns.
std::string KeyText(std::string_view bytes, const std::vector<Field>& fields);

}  // namespace penstock
