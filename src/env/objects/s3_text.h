// What S3's protocol writes down: encoded names in addresses, and the little XML of its answers. Amazon S3
// API Reference, "Authenticating Requests (Signature Version 4)" for the encoding. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

// Percent-encodes all but A-Z a-z 0-9 - . _ ~, and but '/' where it is kept.
std::string EncodeForS3(std::string_view text, bool keep_slash);
// "a=1&b=" with names in order: as it must be for the signature.
std::string S3Query(std::vector<std::pair<std::string, std::string>> parameters);

// The text between <name> and </name>, entities resolved; "" where there is none. Of several the first.
std::string XmlText(std::string_view xml, std::string_view name);
// What is inside each <name>...</name>, as it stands. REQUIRES: these do not lie in one another.
std::vector<std::string_view> XmlElements(std::string_view xml, std::string_view name);
std::string EscapeXml(std::string_view text);

// "2024-05-01T10:20:30.123Z" or "Wed, 01 May 2024 10:20:30 GMT" as microseconds since 1970; 0 for others.
int64_t ParseS3Time(const std::string& text);

}  // namespace penstock
