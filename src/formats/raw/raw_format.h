// The raw format: the bytes of a record are the one value of the row (docs/reference/formats/raw.md).
#pragma once

#include "formats/format.h"

namespace penstock {

class RawFormat : public Format {
 public:
  std::string name() const override { return "raw"; }
  std::vector<std::string> options() const override { return {"charset", "endianness"}; }
  Status Check(const FormatRequest& request) const override;
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
};

}  // namespace penstock
