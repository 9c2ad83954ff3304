// FactoryRegistry: from the names in a JobGraph to code. Filled once by `engine` before the first job starts,
// then only read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "stream/decision_log.h"
#include "stream/job_graph.h"
#include "stream/lookup.h"
#include "stream/operator.h"
#include "stream/sink.h"
#include "stream/source.h"

namespace penstock {

class FactoryRegistry {
 public:
  using MakeOperator = std::function<Result<std::unique_ptr<Operator>>(std::string_view spec)>;
  using MakeSource = std::function<Result<std::unique_ptr<Source>>(std::string_view spec)>;
  using MakeSink = std::function<Result<std::unique_ptr<Sink>>(std::string_view spec)>;
  using MakeLookup = std::function<Result<std::unique_ptr<LookupReader>>(const LookupSpec& spec,
                                                                         const LookupContext& context)>;

  void AddOperator(const std::string& name, MakeOperator make) { operators_[name] = std::move(make); }
  void AddSource(const std::string& name, MakeSource make) { sources_[name] = std::move(make); }
  void AddSink(const std::string& name, MakeSink make) { sinks_[name] = std::move(make); }
  // The one kind of decision log that there is.
  void SetDecisions(std::shared_ptr<DecisionLogFactory> factory) { decisions_ = std::move(factory); }
  void AddLookup(const std::string& connector, MakeLookup make) { lookups_[connector] = std::move(make); }

  // What the sinks of the graph need, see DecisionLogFactory::Plan.
  Result<std::optional<DecisionNeeds>> DecisionNeedsOf(const JobGraph& graph) const {
    if (!decisions_) return std::optional<DecisionNeeds>();
    return decisions_->Plan(graph);
  }
  // Null where the sealed manifest decides.
  Result<std::unique_ptr<DecisionLog>> NewDecisionLog(const JobGraph& graph,
                                                      const DecisionContext& context) const {
    ASSIGN_OR_RETURN(std::optional<DecisionNeeds> needs, DecisionNeedsOf(graph));
    if (!needs) return std::unique_ptr<DecisionLog>();
    return decisions_->Make(graph, context);
  }

  // Names of all operators, for tests that look at each of them; their factories may be wrapped by adding
  // them again under their name.
  const std::map<std::string, MakeOperator>& operators() const { return operators_; }

  const std::map<std::string, MakeSink>& sinks() const { return sinks_; }

  Result<std::unique_ptr<Operator>> NewOperator(const JobVertex& vertex) const {
    return Make(operators_, vertex);
  }
  Result<std::unique_ptr<Source>> NewSource(const JobVertex& vertex) const { return Make(sources_, vertex); }
  Result<std::unique_ptr<Sink>> NewSink(const JobVertex& vertex) const { return Make(sinks_, vertex); }
  Result<std::unique_ptr<LookupReader>> NewLookup(const std::string& connector, const LookupSpec& spec,
                                                  const LookupContext& context) const {
    auto it = lookups_.find(connector);
    if (it == lookups_.end()) return Status::Internal("connector '" + connector + "' cannot be looked up");
    return it->second(spec, context);
  }

 private:
  template <typename F>
  static auto Make(const std::map<std::string, F>& factories, const JobVertex& vertex)
      -> decltype(std::declval<F>()(std::string_view())) {
    auto it = factories.find(vertex.factory);
    if (it == factories.end())
      return Status::Internal("no factory '" + vertex.factory + "' for " + vertex.name);
    return it->second(vertex.spec);
  }
  std::map<std::string, MakeOperator> operators_;
  std::map<std::string, MakeSource> sources_;
  std::map<std::string, MakeSink> sinks_;
  std::map<std::string, MakeLookup> lookups_;
  std::shared_ptr<DecisionLogFactory> decisions_;
};

}  // namespace penstock
