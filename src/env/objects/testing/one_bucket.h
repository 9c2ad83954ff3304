// OneBucket: for tests, the stores of a process that has one bucket, "b": a model that can be told to fail,
// behind the retries that a real one has, which do not wait.
#pragma once

#include <memory>
#include <string>

#include "env/objects/memory_object_store.h"
#include "env/objects/retrying_object_store.h"

namespace penstock {

class OneBucket : public ObjectStores {
 public:
  // `attempts`: how often a call is tried.
  explicit OneBucket(int attempts) {
    auto model = std::make_unique<MemoryObjectStore>("b");
    model_ = model.get();
    store_ = std::make_unique<RetryingObjectStore>(std::move(model), RetryLimits{attempts, 1, 1}, 3,
                                                   [](int64_t) {});
  }
  Result<ObjectStore*> Open(const std::string&) override { return store_.get(); }
  MemoryObjectStore* model() { return model_; }

 private:
  MemoryObjectStore* model_;
  std::unique_ptr<RetryingObjectStore> store_;
};

}  // namespace penstock
