// What answers of a server mean, and that each error names the place and what helps; over a client that
// answers what the test says.
#include "env/objects/s3_store.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

class S3StoreTest : public testing::Test {
 protected:
  class Client : public HttpClient {
   public:
    explicit Client(const Result<HttpResponse>* answer) : answer_(answer) {}
    Result<HttpResponse> Send(const HttpRequest&) override { return *answer_; }

   private:
    const Result<HttpResponse>* answer_;
  };
  static S3Options Options() {
    S3Options options;
    options.endpoint = "http://host:9";
    options.region = "there";
    options.access_key = "canary-key";
    options.secret_key = "canary-secret";
    options.path_style = true;
    return options;
  }
  // Of a request that is answered so; without secrets.
  Status Answered(int status, const std::string& code) {
    answer_ = HttpResponse{status, "<Error><Code>" + code + "</Code></Error>"};
    return Put();
  }
  Status Put() {
    Status put = store_.Put("a/key", "bytes", PutMode::kCreateNew);
    EXPECT_EQ(put.ToString().find("canary"), std::string::npos) << put.ToString();
    return put;
  }
  static void ExpectHas(const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }

  Result<HttpResponse> answer_ = HttpResponse();
  S3Store store_{Options(), "bucket", [this] { return std::make_unique<Client>(&answer_); }};
};

TEST_F(S3StoreTest, WrongKeysAreNamedAsSuch) {
  for (int code : {401, 403}) {
    Status refused = Answered(code, "SignatureDoesNotMatch");
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
    ExpectHas(refused.message(), "s3://bucket/a/key");
    ExpectHas(refused.message(), "SignatureDoesNotMatch");
    ExpectHas(refused.hint(), "s3.secret-key");
    ExpectHas(refused.hint(), "AWS_SECRET_ACCESS_KEY");
  }
}

TEST_F(S3StoreTest, AMissingBucketIsNamedWithItsServer) {
  Status refused = Answered(404, "NoSuchBucket");
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument)
      << "nothing is to be tried again, nothing to be passed over";
  ExpectHas(refused.message(), "'bucket' at http://host:9");
  ExpectHas(refused.hint(), "s3.endpoint");
}

TEST_F(S3StoreTest, NoWayToTheServerIsNamedWithItsAddress) {
  answer_ = Status(StatusCode::kUnavailable, "PUT http://host:9/bucket/a/key: Connection refused");
  Status refused = Put();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  ExpectHas(refused.message(), "s3://bucket/a/key");
  ExpectHas(refused.hint(), "http://host:9");
}

TEST_F(S3StoreTest, OtherAnswersMeanWhatTheirNumbersSay) {
  EXPECT_EQ(Answered(412, "PreconditionFailed").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Answered(404, "NoSuchKey").code(), StatusCode::kNotFound);
  EXPECT_EQ(Answered(409, "ConditionalRequestConflict").code(), StatusCode::kUnavailable);
  EXPECT_EQ(Answered(503, "SlowDown").code(), StatusCode::kUnavailable);
  EXPECT_EQ(Answered(501, "NotImplemented").code(), StatusCode::kUnsupported);
  ExpectHas(Answered(301, "PermanentRedirect").hint(), "s3.region");
}

}  // namespace
}  // namespace penstock
