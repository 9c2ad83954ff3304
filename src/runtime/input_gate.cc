// Fair polling, mark merging and barrier alignment.
// Step 7 of a record's way (docs/ARCHITECTURE.md).
#include "runtime/input_gate.h"

#include <algorithm>

#include "env/failpoint.h"

namespace penstock {

namespace {
SeededBug no_alignment("bug:gate.no-alignment",
                       "rows behind a barrier pass while others have not sent theirs");
}  // namespace

void InputGate::AddChannel(int input, std::shared_ptr<Channel> channel) {
  ports_.push_back({input, std::move(channel)});
  ++open_;
}

void InputGate::Start(int64_t watermark) {
  merger_ = std::make_unique<WatermarkMerger>(ports_.size(), watermark);
  watermark_ = watermark;
}

bool InputGate::empty() const {
  return queued_.empty() && std::all_of(ports_.begin(), ports_.end(),
                                        [](const Port& p) { return p.ended || p.channel->empty(); });
}

std::optional<InputGate::Event> InputGate::Next() {
  if (!queued_.empty()) {
    Event event = std::move(queued_.front());
    queued_.pop_front();
    return event;
  }
  for (size_t tried = 0; tried < ports_.size();) {
    size_t port = next_;
    next_ = (next_ + 1) % ports_.size();
    Port& p = ports_[port];
    std::optional<Element> element;
    if (!p.ended && (!p.at_barrier || no_alignment.On())) element = p.channel->Pop();
    if (!element) {
      ++tried;
      continue;
    }
    if (auto* batch = std::get_if<Batch>(&*element)) return Handle(port, std::move(*batch));
    if (auto* barrier = std::get_if<Barrier>(&*element)) {
      if (std::optional<Event> event = HandleBarrier(port, *barrier)) return event;
      tried = 0;
      continue;
    }
    p.ended = true;
    p.drained = std::get<EndOfInput>(*element).drained;
    --open_;
    bool last = std::none_of(ports_.begin(), ports_.end(),
                             [&](const Port& o) { return o.input == p.input && !o.ended; });
    Event end{p.input, EndOfInput{p.drained}, last};
    Batch marks;
    if (p.drained) merger_->End(port, &marks.marks);  // one that was stopped goes on after the restart
    std::optional<Event> aligned = CompleteBarrier();
    if (!marks.marks.empty() && open_ > 0) {
      queued_.push_back(std::move(end));
      end = Event{p.input, std::move(marks), false};
    }
    if (aligned) queued_.push_back(std::move(*aligned));
    return end;
  }
  return std::nullopt;
}

InputGate::Event InputGate::Handle(size_t port, Batch batch) {
  if (ports_.size() > 1 && !batch.marks.empty()) {
    std::vector<Mark> merged;
    for (const Mark& mark : batch.marks) {
      size_t first = merged.size();
      merger_->Apply(port, mark, &merged);
      for (size_t m = first; m < merged.size(); ++m) merged[m].offset = mark.offset;
    }
    batch.marks = std::move(merged);
  } else {
    for (const Mark& mark : batch.marks) {
      if (mark.kind == MarkKind::kWatermark) watermark_ = std::max(watermark_, mark.watermark);
    }
  }
  return {ports_[port].input, std::move(batch), false};
}

std::optional<InputGate::Event> InputGate::HandleBarrier(size_t port, Barrier barrier) {
  ports_[port].at_barrier = true;
  aligning_ = barrier;
  return CompleteBarrier();
}

std::optional<InputGate::Event> InputGate::CompleteBarrier() {
  if (!aligning_) return std::nullopt;
  if (std::any_of(ports_.begin(), ports_.end(), [](const Port& p) { return !p.ended && !p.at_barrier; }))
    return std::nullopt;
  for (Port& p : ports_) p.at_barrier = false;
  Event event{0, *aligning_, false};
  aligning_.reset();
  return event;
}

}  // namespace penstock
