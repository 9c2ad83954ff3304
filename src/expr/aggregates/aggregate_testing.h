// Aggregates in unit tests: a view in memory, and a kernel with everything one group of it needs.
#pragma once

#include <map>
#include <string>

#include "expr/aggregate.h"

namespace penstock {

// Has one group only: all names are the same to it.
class MemoryView : public AggregateView {
 public:
  std::optional<std::string_view> Get(std::string_view, std::string_view element) override {
    auto it = entries_.find(std::string(element));
    if (it == entries_.end()) return std::nullopt;
    return it->second;
  }
  void Put(std::string_view, std::string_view element, std::string_view value) override {
    entries_[std::string(element)] = std::string(value);
  }
  void Erase(std::string_view, std::string_view element) override { entries_.erase(std::string(element)); }
  void ForEach(std::string_view,
               const std::function<bool(std::string_view, std::string_view)>& visit) override {
    for (const auto& [element, value] : entries_) {
      if (!visit(element, value)) return;
    }
  }
  std::optional<std::string> First(std::string_view) override {
    if (entries_.empty()) return std::nullopt;
    return entries_.begin()->first;
  }
  std::optional<std::string> Last(std::string_view) override {
    if (entries_.empty()) return std::nullopt;
    return entries_.rbegin()->first;
  }
  void Clear(std::string_view) override { entries_.clear(); }

 private:
  std::map<std::string, std::string> entries_;
};

// One group of an aggregate.
class TestGroup {
 public:
  explicit TestGroup(std::unique_ptr<AggregateKernel> kernel) : kernel_(std::move(kernel)) {
    std::vector<AggregateView*> handed;
    for (int v = 0; v < kernel_->view_count(); ++v) handed.push_back(&views_[v]);
    kernel_->SetViews(handed);
    state_.resize(kernel_->width() / 8 + 1);
    kernel_->Init(bytes());
  }
  AggregateKernel& kernel() { return *kernel_; }
  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(state_.data()); }
  // Adds all rows of the arguments, or takes them back.
  Status Update(std::vector<ColumnPtr> args, int8_t sign = 1) {
    auto rows = static_cast<size_t>(args[0]->length());
    std::vector<int8_t> signs(rows, sign);
    std::vector<std::string_view> groups(rows, "group");
    std::vector<uint8_t*> states(rows, bytes());
    AggregateInput input;
    input.args = std::move(args);
    input.rows = static_cast<int64_t>(rows);
    input.signs = signs;
    input.groups = groups;
    return kernel_->Update(input, states);
  }
  ColumnPtr Result(const DataType& type) {
    ColumnBuilder out(type);
    const uint8_t* state = bytes();
    std::string_view group = "group";
    Status status = kernel_->Emit(std::span(&state, 1), std::span(&group, 1), &out);
    CHECK(status.ok());
    return out.Finish();
  }
  Status MergeFrom(TestGroup& other) {
    std::string part;
    other.kernel_->WritePartial(other.bytes(), "group", &part);
    return kernel_->MergePartial(bytes(), "group", part);
  }

 private:
  std::unique_ptr<AggregateKernel> kernel_;
  MemoryView views_[2];
  std::vector<uint64_t> state_;
};

}  // namespace penstock
