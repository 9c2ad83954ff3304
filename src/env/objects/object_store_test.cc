// The contract of object stores.
#include <atomic>

#include "base/strings.h"
#include "env/objects/memory_object_store.h"
#include "env/objects/object_store_contract.h"
#include "env/objects/retrying_object_store.h"
#include "env/objects/s3_store.h"
#include "env/random.h"
#include "env/thread.h"

namespace penstock {
namespace {

std::unique_ptr<ObjectStore> MakeModel() { return std::make_unique<MemoryObjectStore>(); }

std::unique_ptr<ObjectStore> MakeReal() {
  if (EnvironmentVariable("PENSTOCK_S3_ENDPOINT").empty()) return nullptr;
  auto option = [](const std::string& name) {
    return name == "s3.endpoint" ? EnvironmentVariable("PENSTOCK_S3_ENDPOINT") : std::string();
  };
  Result<S3Options> options = S3Options::Read(option, EnvironmentVariable);
  CHECK(options.has_value());
  return std::make_unique<S3Store>(*options, EnvironmentVariable("PENSTOCK_S3_BUCKET"));
}

std::string Unlike() { return "contract-" + std::to_string(EntropySeed()) + "/"; }

TEST_P(ObjectStoreContract, WhatWasPutIsReadBackWholeAndInRanges) {
  std::string key = Key("a b+c=d&'ü%/x");
  ASSERT_TRUE(store_->Put(key, "0123456789", PutMode::kReplace).ok());
  EXPECT_EQ(Whole(key), "0123456789");
  EXPECT_EQ(*store_->Get(key, {3, 4}), "3456");
  EXPECT_EQ(*store_->Get(key, {8, 100}), "89") << "nothing behind the end";
  EXPECT_EQ(*store_->Get(key, {10, 5}), "");
  EXPECT_EQ(*store_->Get(key, {2, 0}), "");
  EXPECT_EQ(store_->Stat(key)->size, 10u);
  ASSERT_TRUE(store_->Put(key, "other", PutMode::kReplace).ok());
  EXPECT_EQ(Whole(key), "other");
}

TEST_P(ObjectStoreContract, AnEmptyObjectIsAnObject) {
  ASSERT_TRUE(store_->Put(Key("empty"), "", PutMode::kReplace).ok());
  EXPECT_EQ(Whole(Key("empty")), "");
  EXPECT_EQ(store_->Stat(Key("empty"))->size, 0u);
}

TEST_P(ObjectStoreContract, BytesOfAllKindsComeBack) {
  std::string bytes;
  for (int i = 0; i < 3 << 18; ++i) bytes += static_cast<char>(i * 7 + i / 251);
  ASSERT_TRUE(store_->Put(Key("bytes"), bytes, PutMode::kCreateNew).ok());
  EXPECT_TRUE(Whole(Key("bytes")) == bytes);
}

TEST_P(ObjectStoreContract, WhatIsNotThereIsNotFoundAndMayBeRemoved) {
  EXPECT_EQ(store_->Get(Key("nothing"), {0, 1}).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(store_->Stat(Key("nothing")).error().code(), StatusCode::kNotFound);
  EXPECT_NE(store_->Stat(Key("nothing")).error().message().find(Key("nothing")), std::string::npos);
  EXPECT_TRUE(store_->Remove(Key("nothing")).ok());
  ASSERT_TRUE(store_->Put(Key("one"), "1", PutMode::kReplace).ok());
  ASSERT_TRUE(store_->Remove(Key("one")).ok());
  EXPECT_EQ(store_->Stat(Key("one")).error().code(), StatusCode::kNotFound);
}

TEST_P(ObjectStoreContract, OfSeveralThatCreateOneWins) {
  ASSERT_TRUE(store_->Put(Key("claim"), "first", PutMode::kCreateNew).ok());
  EXPECT_EQ(store_->Put(Key("claim"), "second", PutMode::kCreateNew).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Whole(Key("claim")), "first");
  ASSERT_TRUE(store_->Remove(Key("claim")).ok());
  EXPECT_TRUE(store_->Put(Key("claim"), "third", PutMode::kCreateNew).ok()) << "the name is free again";
  std::atomic<int> won = 0;
  {
    std::vector<Thread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back("creator", [&, i] {
        Status put = store_->Put(Key("race"), std::to_string(i), PutMode::kCreateNew);
        won += put.ok() ? 1 : 0;
        // 409 where the server saw two at once.
        EXPECT_TRUE(put.ok() || put.code() == StatusCode::kAlreadyExists ||
                    put.code() == StatusCode::kUnavailable)
            << put.ToString();
      });
    }
  }
  EXPECT_EQ(won, 1);
}

TEST_P(ObjectStoreContract, ListsByPrefixInOrderWithFolders) {
  for (const char* name : {"a/2", "a/1", "b", "c/d/e", "a&<b"})
    ASSERT_TRUE(store_->Put(Key(name), name, PutMode::kReplace).ok());
  Result<ListPage> all = ListAll(*store_, Key(""), false);
  ASSERT_TRUE(all) << all.error().ToString();
  std::vector<std::string> keys;
  for (const ObjectInfo& object : all->objects) keys.push_back(object.key);
  EXPECT_EQ(keys, (std::vector<std::string>{Key("a&<b"), Key("a/1"), Key("a/2"), Key("b"), Key("c/d/e")}));
  EXPECT_EQ(all->objects[1].size, 3u);
  Result<ListPage> top = ListAll(*store_, Key(""), true);
  ASSERT_TRUE(top);
  EXPECT_EQ(top->folders, (std::vector<std::string>{Key("a/"), Key("c/")}));
  EXPECT_EQ(top->objects.size(), 2u);
  EXPECT_TRUE(ListAll(*store_, Key("none"), false)->objects.empty());
}

TEST_P(ObjectStoreContract, AnUploadIsSeenWhenItIsCompleteAndAnotherProcessMayCompleteIt) {
  Result<std::string> id = uploads().Begin(Key("big"));
  ASSERT_TRUE(id) << id.error().ToString();
  UploadInfo upload{Key("big"), *id};
  std::string first(MultipartUploads::kPartBytesMin, 'a');
  Result<UploadedPart> two = uploads().AddPart(upload, 2, "end");
  Result<UploadedPart> one = uploads().AddPart(upload, 1, std::string(10, 'x'));
  ASSERT_TRUE(one && two);
  one = uploads().AddPart(upload, 1, first);  // takes the place of the one before
  ASSERT_TRUE(one);
  EXPECT_EQ(store_->Stat(Key("big")).error().code(), StatusCode::kNotFound);
  Result<std::vector<UploadInfo>> pending = uploads().Pending(Key(""));
  ASSERT_TRUE(pending) << pending.error().ToString();
  ASSERT_EQ(pending->size(), 1u);
  EXPECT_EQ(pending->front().key, Key("big"));
  EXPECT_EQ(pending->front().id, *id);
  if (auto other = GetParam().make(); GetParam().name == "Real") store_ = std::move(other);
  Status complete = uploads().Complete(upload, {*one, *two});
  ASSERT_TRUE(complete.ok()) << complete.ToString();
  EXPECT_EQ(store_->Stat(Key("big"))->size, first.size() + 3);
  EXPECT_EQ(*store_->Get(Key("big"), {first.size() - 1, 9}), "aend");
  EXPECT_TRUE(uploads().Pending(Key(""))->empty());
  // Either the server remembers, or it is gone: RetryingObjectStore makes one of them.
  Status again = uploads().Complete(upload, {*one, *two});
  EXPECT_TRUE(again.ok() || again.code() == StatusCode::kNotFound) << again.ToString();
}

TEST_P(ObjectStoreContract, AnAbortedUploadIsGone) {
  UploadInfo upload{Key("big"), *uploads().Begin(Key("big"))};
  Result<UploadedPart> one = uploads().AddPart(upload, 1, "bytes");
  ASSERT_TRUE(one);
  ASSERT_TRUE(uploads().Abort(upload).ok());
  EXPECT_TRUE(uploads().Abort(upload).ok()) << "again is fine";
  EXPECT_TRUE(uploads().Pending(Key(""))->empty());
  // One server of the tests answers 500 rather than NoSuchUpload.
  for (const Status& late :
       {uploads().AddPart(upload, 2, "more").status(), uploads().Complete(upload, {*one})})
    EXPECT_TRUE(late.code() == StatusCode::kNotFound || late.code() == StatusCode::kUnavailable);
  EXPECT_EQ(store_->Stat(Key("big")).error().code(), StatusCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreContract,
                         testing::Values(ContractStore{"Model", MakeModel, ""},
                                         ContractStore{"Real", MakeReal, Unlike()}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace penstock
