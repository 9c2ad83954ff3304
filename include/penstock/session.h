// Session: Penstock inside an application. It holds tables, views, options and the jobs that its statements
// start. Used by one thread at a time; jobs run on threads of their own, or, with a manual clock, inside the
// session's calls. A session outlives its queries.
//
//   auto session = penstock::Session::Open();
//   auto query = (*session)->Query("SELECT 1 + 1");
//   while (*query->Next()) std::puts(query->row().ToString().c_str());
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "penstock/connector.h"
#include "penstock/function.h"
#include "penstock/query_result.h"

PENSTOCK_API_BEGIN

enum class ClockMode : unsigned char {
  kMachine,  // the machine's; jobs run on their own threads
  kManual,  // stands still but for AdvanceTime; jobs run, step by step, inside Execute, QueryResult::Next and
            // AdvanceTime: the same calls give the same rows in the same order at every run. For tests of
            // pipelines whose sources come to rest: one that always has rows would never let Execute return.
};

struct SessionOptions {
  std::map<std::string, std::string> settings;  // as SET 'key' = 'value'
  ClockMode clock = ClockMode::kMachine;
  int64_t start_micros = 0;  // of a manual clock, since 1970-01-01T00:00 UTC
};

class Session {
 public:
  // Fails where a setting has a value that it cannot have.
  static Result<std::unique_ptr<Session>> Open(SessionOptions options = {});
  // Cancels the jobs that still run.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Executes statements, one after the other, up to the first that fails. INSERTs from bounded tables are
  // waited for; others go on in the background until Wait or the end of the session. Rows of queries are
  // dropped.
  Status Execute(std::string_view script);
  // Executes one statement that gives rows: SELECT, VALUES, SHOW, DESCRIBE, EXPLAIN.
  Result<QueryResult> Query(std::string_view statement);
  // Waits for the background jobs; the first failure of one. REQUIRES: the machine's clock.
  Status Wait();
  // Ends all jobs of the session; from any thread.
  void CancelAll();

  // Lets a manual clock go forward. Every processing-time timer on the way fires at its own instant, in
  // order, and what it causes is processed before time goes on. Fails with the first background job that
  // fails.
  Status AdvanceTime(std::chrono::milliseconds by);
  // Microseconds since 1970-01-01T00:00 UTC, of the session's clock.
  int64_t now_micros() const;

  // Makes 'connector' = 'name' known to this session. kAlreadyExists for a name that is taken; a source and a
  // sink may share one.
  Status RegisterSource(const std::string& name, SourceTraits traits, SourceFactory factory);
  Status RegisterSink(const std::string& name, SinkFactory factory);

  // Makes a function known to all sessions of the process. A name that was registered before stands for the
  // new function in statements from now on; the name of a built-in function cannot be taken.
  Status RegisterFunction(ScalarFunction function);
  // The same for a function of one row. Its signature tells the SQL types: bool, int32_t, int64_t, double,
  // std::string_view (results also std::string); a NULL argument gives NULL without a call unless its
  // parameter is a std::optional; the result may be optional (NULL) or a Result (an error fails the job).
  // Called from several threads at a time.
  //   session.RegisterFunction<double(double, int64_t)>("discount", [](double price, int64_t percent) { ...
  //   });
  template <typename Signature, typename F>
  Status RegisterFunction(std::string name, F f) {
    return RegisterFunction(internal::RowFunction<Signature>::Make(std::move(name), std::move(f)));
  }

 private:
  friend struct Access;
  struct Rep;
  explicit Session(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

PENSTOCK_API_END
