// What is asked of a registry, when it is asked again, and what its answers become.
#include "connectors/registry/confluent_registry.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

// Answers in order; remembers what was asked.
class FakeHttp : public HttpClient {
 public:
  explicit FakeHttp(std::vector<Result<HttpResponse>> answers) : answers_(std::move(answers)) {}
  Result<HttpResponse> Send(const HttpRequest& request) override {
    asked.push_back(request);
    CHECK(asked.size() <= answers_.size());
    return answers_[asked.size() - 1];
  }
  std::vector<HttpRequest> asked;

 private:
  std::vector<Result<HttpResponse>> answers_;
};

struct Asked {
  explicit Asked(std::vector<Result<HttpResponse>> answers, const Options& options = {}) {
    FormatRequest request;
    request.prefix = "avro-confluent.";
    request.options = options;
    request.options.emplace("url", "http://one/api/, https://two");
    auto client = std::make_unique<FakeHttp>(std::move(answers));
    http = client.get();
    registry =
        std::make_unique<ConfluentRegistry>(ConfluentRegistryOptions::Parse(request).value(),
                                            std::move(client), [this](int64_t millis) { paused += millis; });
  }
  FakeHttp* http;
  std::unique_ptr<ConfluentRegistry> registry;
  int64_t paused = 0;
};

Status Down() { return {StatusCode::kUnavailable, "connection refused"}; }

TEST(ConfluentRegistry, SchemasAreFetchedById) {
  Asked asked({HttpResponse{200, R"({"schema":"\"int\""})"}});
  EXPECT_EQ(asked.registry->Fetch(12).value(), "\"int\"");
  EXPECT_EQ(asked.http->asked[0].url, "http://one/api/schemas/ids/12");
  EXPECT_EQ(asked.http->asked[0].method, "GET");
}

TEST(ConfluentRegistry, SubjectsAreEscapedAndSchemasPosted) {
  Asked asked({HttpResponse{200, R"({"id":5})"}});
  EXPECT_EQ(asked.registry->Register("a b/c-value", "\"int\"").value(), 5);
  EXPECT_EQ(asked.http->asked[0].url, "http://one/api/subjects/a%20b%2Fc-value/versions");
  EXPECT_EQ(asked.http->asked[0].method, "POST");
  EXPECT_EQ(asked.http->asked[0].body, R"({"schema":"\"int\""})");
}

TEST(ConfluentRegistry, FailuresOfTheServerAreTriedAgainAtEveryUrl) {
  Asked asked({Down(), HttpResponse{503, "busy"}, Down(), HttpResponse{200, R"({"schema":"x"})"}});
  EXPECT_EQ(asked.registry->Fetch(1).value(), "x");
  EXPECT_EQ(asked.http->asked[1].url, "https://two/schemas/ids/1");
  EXPECT_EQ(asked.paused, 100);
}

TEST(ConfluentRegistry, ARegistryThatStaysDownIsARetryableError) {
  Asked asked(std::vector<Result<HttpResponse>>(8, Down()));
  Status status = asked.registry->Fetch(1).error();
  EXPECT_TRUE(status.retryable());
  EXPECT_EQ(status.number(), ErrorNumber::kRuntime);
  EXPECT_NE(status.ToString().find("the schema registry does not answer"), std::string::npos);
  EXPECT_EQ(asked.http->asked.size(), 8U);
  EXPECT_EQ(asked.paused, 1500);
}

TEST(ConfluentRegistry, RefusalsAreNotTriedAgain) {
  Asked missing({HttpResponse{404, R"({"error_code":40403,"message":"Schema not found"})"}});
  EXPECT_EQ(missing.registry->Fetch(1).error().code(), StatusCode::kNotFound);
  Asked denied({HttpResponse{401, "who are you"}});
  EXPECT_EQ(denied.registry->Fetch(1).error().message(),
            "the schema registry refuses schema id 1: status 401: who are you");
  Asked incompatible({HttpResponse{409, R"({"error_code":409,"message":"incompatible"})"}});
  EXPECT_EQ(incompatible.registry->Register("s", "\"int\"").error().message(),
            "the schema registry refuses the schema for subject 's': status 409: incompatible (error 409)");
}

TEST(ConfluentRegistry, CredentialsGoWithEveryRequest) {
  Asked asked({HttpResponse{200, R"({"schema":"x"})"}}, {{"basic-auth.credentials-source", "USER_INFO"},
                                                         {"basic-auth.user-info", "me:se:cret"},
                                                         {"bearer-auth.token", "t0ken"},
                                                         {"ssl.truststore.location", "/ca.pem"},
                                                         {"ssl.keystore.location", "/me.p12"},
                                                         {"ssl.keystore.password", "pw"}});
  ASSERT_TRUE(asked.registry->Fetch(1).has_value());
  const HttpRequest& request = asked.http->asked[0];
  EXPECT_EQ(request.user, "me");
  EXPECT_EQ(request.password, "se:cret");
  EXPECT_EQ(request.headers.back(), "Authorization: Bearer t0ken");
  EXPECT_EQ(request.authorities_file, "/ca.pem");
  EXPECT_EQ(request.certificate_file, "/me.p12");
  EXPECT_EQ(request.certificate_password, "pw");
}

TEST(ConfluentRegistry, OptionsAreChecked) {
  auto error = [](const Options& options) {
    FormatRequest request;
    request.options = options;
    request.options.emplace("url", "http://one");
    Result<ConfluentRegistryOptions> parsed = ConfluentRegistryOptions::Parse(request);
    return parsed ? ErrorNumber::kNone : parsed.error().number();
  };
  EXPECT_EQ(error({}), ErrorNumber::kNone);
  EXPECT_EQ(error({{"url", "one:8081"}}), ErrorNumber::kBadOption);
  EXPECT_EQ(error({{"basic-auth.user-info", "nobody"}}), ErrorNumber::kBadOption);
  EXPECT_EQ(error({{"basic-auth.credentials-source", "SASL_INHERIT"}}), ErrorNumber::kBadOption);
  EXPECT_EQ(error({{"ssl.truststore.location", "/x.jks"}}), ErrorNumber::kUnsupported);
}

TEST(HttpClient, MessagesDoNotTellPasswords) {
  EXPECT_EQ(WithoutCredentials("http://me:p@ss@host:1/a@b"), "http://host:1/a@b");
  EXPECT_EQ(WithoutCredentials("http://host/a@b"), "http://host/a@b");
  EXPECT_EQ(WithoutCredentials("host"), "host");
  HttpRequest request;
  request.url = "http://me:secret@127.0.0.1:1/";
  std::string message = MakeHttpClient()->Send(request).error().message();
  EXPECT_NE(message.find("http://127.0.0.1:1/"), std::string::npos) << message;
  EXPECT_EQ(message.find("secret"), std::string::npos) << message;
}

TEST(HttpClient, NobodyListeningIsUnavailable) {
  HttpRequest request;
  request.url = "http://127.0.0.1:1/";
  EXPECT_EQ(MakeHttpClient()->Send(request).error().code(), StatusCode::kUnavailable);
  request.url = "file:///etc/hostname";
  EXPECT_EQ(MakeHttpClient()->Send(request).error().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace penstock
