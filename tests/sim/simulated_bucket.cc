// What one process sees of the bucket.
#include "simulated_bucket.h"

#include "base/check.h"

namespace penstock::sim {

// Nothing passes once the process is dead.
class SimulatedBucket::Process : public ObjectStore, private MultipartUploads {
 public:
  Process(SimulatedBucket* bucket, Simulation* simulation, const BucketPlan& plan)
      : bucket_(bucket), model_(&bucket->model_), simulation_(simulation), plan_(plan) {}

  std::string NameOf(const std::string& key) const override { return model_->NameOf(key); }
  Result<std::string> Get(const std::string& key, ByteRange range) override {
    return Ask<Result<std::string>>([&] { return model_->Get(key, range); });
  }
  Result<ObjectInfo> Stat(const std::string& key) override {
    return Ask<Result<ObjectInfo>>([&] { return model_->Stat(key); });
  }
  Status Put(const std::string& key, std::string_view bytes, PutMode mode) override {
    return Ask<Status>([&] { return model_->Put(key, bytes, mode); });
  }
  Result<ListPage> List(const ListRequest& request) override {
    return Ask<Result<ListPage>>([&] { return model_->List(request); });
  }
  Status Remove(const std::string& key) override {
    return Ask<Status>([&] { return model_->Remove(key); });
  }
  MultipartUploads& uploads() override { return *this; }

 private:
  Result<std::string> Begin(const std::string& key) override {
    return Ask<Result<std::string>>([&] { return model_->uploads().Begin(key); });
  }
  Result<UploadedPart> AddPart(const UploadInfo& upload, int number, std::string_view bytes) override {
    return Ask<Result<UploadedPart>>([&] { return model_->uploads().AddPart(upload, number, bytes); });
  }
  Status Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) override {
    return Ask<Status>([&] { return model_->uploads().Complete(upload, parts); });
  }
  Status Abort(const UploadInfo& upload) override {
    return Ask<Status>([&] { return model_->uploads().Abort(upload); });
  }
  Result<std::vector<UploadInfo>> Pending(const std::string& prefix) override {
    return Ask<Result<std::vector<UploadInfo>>>([&] { return model_->uploads().Pending(prefix); });
  }

  static Status Dead() { return Status(StatusCode::kCancelled, "the simulated process is dead"); }

  template <typename Answer, typename Request>
  Answer Ask(const Request& request) {
    if (!simulation_->alive()) return Dead();
    if (++requests_ != plan_.die_request) return request();
    if (plan_.die_how == RequestDeath::kUnderWay) model_->Meet({ObjectFault::kLate});
    if (plan_.die_how != RequestDeath::kBefore) (void)request();
    ++bucket_->deaths_[static_cast<size_t>(plan_.die_how)];
    simulation_->Kill("request " + std::to_string(requests_));
    return Dead();
  }

  SimulatedBucket* bucket_;
  MemoryObjectStore* model_;
  Simulation* simulation_;
  const BucketPlan plan_;
  int64_t requests_ = 0;
};

BucketPlan DrawBucketPlan(Random* random) {
  static constexpr double kChances[] = {0, 0.02, 0.1, 0.3};
  BucketPlan plan;
  plan.chance = kChances[random->Below(4)];
  plan.attempts = random->Below(3) == 0 ? 2 : 6;
  if (random->Below(3) > 0) return plan;
  plan.die_request = static_cast<int64_t>(1 + random->Below(random->Below(2) == 0 ? 40 : 400));
  plan.die_how = static_cast<RequestDeath>(random->Below(3));
  return plan;
}

SimulatedBucket::SimulatedBucket(uint64_t seed) : random_(seed), model_("bucket") {}

SimulatedBucket::~SimulatedBucket() = default;

void SimulatedBucket::BeginLife(Simulation* simulation, const BucketPlan& plan) {
  model_.MeetAtRandom(random_.Next(), plan.chance);
  store_ = std::make_unique<RetryingObjectStore>(
      std::make_unique<Process>(this, simulation, plan), RetryLimits{plan.attempts}, random_.Next(),
      [simulation](int64_t ms) { simulation->clock().AdvanceMicros(ms * 1000); });
}

Result<ObjectStore*> SimulatedBucket::Open(const std::string&) { return store_.get(); }

void SimulatedBucket::Place(const std::string& key, std::string_view bytes) {
  CHECK(model_.Put(key, bytes, PutMode::kReplace).ok());
}

std::map<std::string, std::string> SimulatedBucket::Contents(const std::string& prefix) const {
  return model_.Contents(prefix);
}

std::map<std::string, int64_t> SimulatedBucket::faults() const {
  return {{"requests without an answer", model_.faults_met()},
          {"deaths before a request was sent", deaths_[0]},
          {"deaths while a request was under way", deaths_[1]},
          {"deaths when a request was carried out", deaths_[2]}};
}

}  // namespace penstock::sim
