// SimulatedKafka: the client port over a SimulatedBroker: what one simulated process knows of the cluster.
// Records are under way for a while, answers get lost, requests are repeated and reach the broker late. When
// the process is dead nothing of it reaches the broker any more, but for what was on its way. One thread.
#pragma once

#include <memory>
#include <vector>

#include "connectors/kafka/testing/simulated_broker.h"

namespace penstock {

// How often things go wrong, in a thousand.
struct KafkaFaults {
  uint64_t lost_answer = 0;      // of EndTxn: it is carried out, the client hears of it at its second try
  uint64_t lost_request = 0;     // of EndTxn: carried out at the second try; the first one arrives later
  uint64_t answer_timeout = 0;   // of EndTxn: carried out, but the client has given up
  uint64_t request_timeout = 0;  // of EndTxn: the client has given up; it may still arrive
  uint64_t not_coordinator = 0;  // of Init: again, please
  uint64_t outage = 0;           // at EndTxn: the brokers are away for longer than the client is patient
};

class SimulatedKafka : public KafkaClient {
 public:
  SimulatedKafka(SimulatedBroker* broker, KafkaFaults faults) : broker_(broker), faults_(faults) {}

  Result<std::unique_ptr<KafkaAdmin>> MakeAdmin(const KafkaProperties& properties) override;
  Result<std::unique_ptr<KafkaConsumer>> MakeConsumer(const KafkaProperties& properties,
                                                      std::function<void()> wake_up) override;
  Result<std::unique_ptr<KafkaProducer>> MakeProducer(const KafkaProperties& properties,
                                                      std::function<void()> wake_up) override;
  Result<std::unique_ptr<KafkaTransactionalProducer>> MakeTransactionalProducer(
      const KafkaProperties& properties, std::function<void()> wake_up) override;

  // The process is gone. What it has sent just before may still arrive.
  void Kill();
  // The client's own threads: some records get to the broker, readers hear of new ones. Called now and then.
  void Work();

 private:
  friend class SimulatedSender;
  friend class SimulatedTransactionalProducer;
  friend class SimulatedAdmin;
  friend class SimulatedConsumer;
  bool Chance(uint64_t in_a_thousand) { return broker_->random().Below(1000) < in_a_thousand; }
  void WakeReaders();
  // Others go on, and time passes.
  void Wait(int64_t most_ms);

  static Status Dead() { return Status(StatusCode::kCancelled, "the process is dead"); }

  SimulatedBroker* broker_;
  KafkaFaults faults_;
  bool alive_ = true;
  std::vector<class SimulatedSender*> senders_;
  std::vector<class SimulatedConsumer*> consumers_;
};

}  // namespace penstock
