// Sources and sinks of an application. Session::RegisterSource and RegisterSink give them a name; a table
// names it as its connector and hands over its columns and options:
//   CREATE TABLE ticks (at TIMESTAMP(3), price DOUBLE, WATERMARK FOR at AS at) WITH ('connector' = 'ticks')
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "penstock/rows.h"

PENSTOCK_API_BEGIN

// The table that a source or sink stands behind.
struct TableInfo {
  std::string name;                            // catalog.database.table
  std::vector<Column> columns;                 // those that are read or written, in the order of the rows
  std::map<std::string, std::string> options;  // of the WITH clause, 'connector' included
};

// What planning must know of a source before it is made.
struct SourceTraits {
  bool bounded = false;     // it ends by itself
  bool insert_only = true;  // false: rows are +I, -U, +U and -D in pairs as Flink's changelogs have them
};

enum class SourceState : unsigned char {
  kMore,  // rows were written, or may be at the next call
  kIdle,  // nothing now: it is asked again when it calls wake_up, or after a while
  kEnd,   // nothing ever again
};

// What a source may use while it lives.
struct SourceContext {
  // Asks for a Poll soon; from any thread.
  std::function<void()> wake_up;
  // Microseconds since 1970 of the session's clock.
  std::function<int64_t()> now_micros;
};

// Where rows enter a job: one reader a table and job. All calls come from one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  // Called once, before the first Poll; `position` is empty, or where a savepoint stands (Position()).
  virtual Status Open(const SourceContext& context, std::string_view position);
  // Writes up to `max_rows` rows that are there now. Must not block.
  virtual Result<SourceState> Poll(int64_t max_rows, RowWriter& rows) = 0;
  // Behind the last row written; stored in savepoints.
  virtual std::string Position() const;
};

// Where rows leave a job: one instance for each parallel part of the table's writer. All calls to an instance
// come from one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status Write(const RowBatch& rows) = 0;
  // Makes everything written durable outside; before every savepoint and at the end.
  virtual Status Flush();
  // The last call. `success`: the job has ended well.
  virtual Status Close(bool success);
};

using SourceFactory = std::function<Result<std::unique_ptr<Source>>(const TableInfo& table)>;
using SinkFactory = std::function<Result<std::unique_ptr<Sink>>(const TableInfo& table)>;

PENSTOCK_API_END
