// Penstock inside an application: a source, a function and a sink written in C++, a query whose changelog is
// read row by row, and a clock that this program drives, so that it prints the same at every run.
#include <penstock/penstock.h>

#include <cstdio>
#include <cstdlib>

using namespace penstock;

// Ends the program where a call failed.
template <typename T>
T Must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.error().ToString().c_str());
  std::exit(1);
}
void Must(Status status) { Must(status.ok() ? Result<int>(0) : Result<int>(status)); }

// A reading of one of three thermometers every 10 seconds of the session's clock.
class Thermometers : public Source {
 public:
  Status Open(const SourceContext& context, std::string_view) override {
    now_ = context.now_micros;
    next_ = now_();
    return Status::Ok();
  }
  Result<SourceState> Poll(int64_t max_rows, RowWriter& rows) override {
    for (; next_ <= now_() && rows.rows() < max_rows; next_ += 10'000'000, ++count_)
      rows.Text(std::string(1, "abc"[count_ % 3])).Double(60 + count_ % 7 * 5).EndRow();
    return SourceState::kIdle;
  }

 private:
  std::function<int64_t()> now_;
  int64_t next_ = 0;
  int count_ = 0;
};

class Alarm : public Sink {
  Status Write(const RowBatch& rows) override {
    for (int64_t i = 0; i < rows.rows(); ++i) std::printf("alarm %s\n", Row(rows, i).ToString().c_str());
    return Status::Ok();
  }
};

int main() {
  auto session = Must(Session::Open({.clock = ClockMode::kManual}));
  Must(session->RegisterSource("thermometers", {},
                               [](const TableInfo&) { return std::make_unique<Thermometers>(); }));
  Must(session->RegisterSink("alarm", [](const TableInfo&) { return std::make_unique<Alarm>(); }));
  Must(session->RegisterFunction<double(double)>("celsius", [](double f) { return (f - 32) * 5 / 9; }));
  Must(session->Execute(R"sql(
    CREATE TABLE readings (place STRING, fahrenheit DOUBLE, at AS PROCTIME()) WITH ('connector' = 'thermometers');
    CREATE TABLE alarms (place STRING, celsius DOUBLE) WITH ('connector' = 'alarm');
    INSERT INTO alarms SELECT place, celsius(fahrenheit) FROM readings WHERE celsius(fahrenheit) > 30)sql"));
  auto query = Must(
      session->Query("SELECT place, COUNT(*) AS n, MAX(fahrenheit) AS most FROM readings GROUP BY place"));
  for (int minute = 0; minute < 2; ++minute) {
    Must(session->AdvanceTime(std::chrono::seconds(30)));
    std::printf("-- %lld s\n", static_cast<long long>(session->now_micros() / 1'000'000));
    while (Must(query.Next())) std::printf("%s\n", query.row().ToString().c_str());
  }
}
