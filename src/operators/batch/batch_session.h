// BatchSession: attaches its session to each row: rows are sorted by partition and time; one cursor finds the
// end of a session, another one emits its rows. Rows without a time are counted as bad.
#pragma once

#include "operators/batch/batch_operator.h"
#include "operators/batch/spill/external_sort.h"
#include "operators/windows/session_window.h"

namespace penstock {

class BatchSession : public BatchOperator {
 public:
  explicit BatchSession(SessionWindowSpec spec);

 protected:
  Status Prepare() override;
  Status Add(int input, const Batch& batch) override;
  Status Finish() override;
  Result<bool> NextResult(Batch* out) override;

 private:
  struct Walker {
    std::unique_ptr<SortedCursor> cursor;
    bool at_row = false;
    std::string_view partition, row;
    int64_t time = 0;
    Status Next();
  };
  Status FindSession();

  SessionWindowSpec spec_;
  KeyCodec partition_codec_;
  RowCodec row_codec_;
  std::unique_ptr<ExternalSort> sort_;
  Walker emit_, lead_;
  int64_t left_ = 0;  // rows of the session still to emit
  int64_t start_ = 0, end_ = 0;
};

}  // namespace penstock
