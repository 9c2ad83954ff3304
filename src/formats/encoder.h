// Encoder: rows of a batch to bytes, step 10 of a record's way. Made by its Format for the columns of a sink;
// owned by one writer and called on its thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "data/batch.h"

namespace penstock {

class Encoder {
 public:
  virtual ~Encoder() = default;

  // Appends the bytes of one row (a message, or a line without its end) to `out`. Fails when the row cannot
  // be represented, such as a null map key.
  virtual Status EncodeRow(const Batch& batch, int64_t row, std::string* out) = 0;
  // Stands between rows in a file.
  virtual std::string_view separator() const { return "\n"; }
};

}  // namespace penstock
