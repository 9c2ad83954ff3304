// What every object store promises, as tests: run against the model, and against a real server where
// $PENSTOCK_S3_ENDPOINT names one (tests/e2e/s3_test.py starts it). Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "env/objects/object_store.h"

namespace penstock {

struct ContractStore {
  std::string name;
  std::unique_ptr<ObjectStore> (*make)();  // null: it is not there
  std::string prefix;                      // keys of each test are its own
};

class ObjectStoreContract : public testing::TestWithParam<ContractStore> {
 protected:
  void SetUp() override {
    store_ = GetParam().make();
    if (!store_) GTEST_SKIP() << "no server: $PENSTOCK_S3_ENDPOINT is not set";
  }
  std::string Key(const std::string& name) const {
    return GetParam().prefix + testing::UnitTest::GetInstance()->current_test_info()->name() + "/" + name;
  }
  std::string Whole(const std::string& key) {
    Result<std::string> bytes = store_->Get(key, {0, 1 << 20});
    return bytes ? *bytes : bytes.error().ToString();
  }
  MultipartUploads& uploads() { return store_->uploads(); }

  std::unique_ptr<ObjectStore> store_;
};

}  // namespace penstock
