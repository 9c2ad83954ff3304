// WindowTvf: TUMBLE, HOP and CUMULATE alone: repeats each row once per window that contains it and appends
// window_start, window_end and window_time. Stateless; it never drops late rows.
#pragma once

#include "operators/windows/window_assigner.h"
#include "stream/operator.h"

namespace penstock {

struct WindowTvfSpec {
  WindowAssigner window;
  int time_column = -1;     // -1: processing time
  bool local_zone = false;  // the time is an instant
  DataType time_type;       // of window_time
  std::string Serialize() const;
  static Result<WindowTvfSpec> Parse(std::string_view bytes);
};

class WindowTvf : public Operator {
 public:
  explicit WindowTvf(WindowTvfSpec spec) : spec_(std::move(spec)) {}
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;

 private:
  WindowTvfSpec spec_;
};

}  // namespace penstock
