// KeyFeeder: does to keyed state what an operator does with the rows of one key, with rows as wide as those
// of a sample: what comes of it is measured (entry_size.h), so that replaced values, leaves that split and
// room that is kept all count. Part of EXPLAIN STATE; used by the session's thread.
#pragma once

#include <memory>
#include <vector>

#include "expr/function.h"
#include "sql/forecast/state_use.h"
#include "state/state_backend.h"

namespace penstock {

// What a sample tells of the entries of a state.
struct EntrySample {
  std::vector<size_t> name_bytes, row_bytes;  // of rows here and there in the sample; in step
  std::vector<ColumnPtr> values;              // of Keeping::kViews: what the aggregate reads, of such rows
  int64_t value_rows = 0;
};

class KeyFeeder {
 public:
  virtual ~KeyFeeder() = default;
  // Opens the states; then all other calls mean these.
  virtual Status Open(StateBackend* backend) = 0;
  // A new key gets that many rows. `turn` is another for each key.
  virtual Status Feed(StateKey key, uint64_t turn, int64_t rows) = 0;
  // All of a key goes.
  virtual void Clear(StateKey key) = 0;
};

// Both arguments must outlive it.
std::unique_ptr<KeyFeeder> MakeKeyFeeder(const sql::StateUse& use, const EntrySample& sample,
                                         const EvalContext* eval);

// Bytes of that length that begin with the number: numbers are in the order of such names.
std::string NumberedName(uint64_t number, size_t size);

}  // namespace penstock
