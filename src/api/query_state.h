// What stands behind QueryResult.
#pragma once

#include "api/access.h"
#include "api/result_queue.h"
#include "api/session_state.h"
#include "penstock/query_result.h"

namespace penstock::v1 {

struct QueryResult::Rep {
  SessionState* session = nullptr;
  std::shared_ptr<ResultQueue> queue;
  int job = 0;  // 0: the statement has ended already
  std::vector<Column> columns;
  std::vector<DataType> types;
  RowBatch current;  // the rows that Next walks over
  int64_t row = -1;
  bool cancelled = false;
  ~Rep();
};

}  // namespace penstock::v1
