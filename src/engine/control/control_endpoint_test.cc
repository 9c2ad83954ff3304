// Requests as JSON and what is answered, without a socket.
#include "engine/control/control_endpoint.h"

#include <gtest/gtest.h>

#include "engine/control/job_messages.h"

namespace penstock {
namespace {

class PlayedService : public JobService {
 public:
  std::vector<JobOverview> List() override {
    JobOverview job;
    job.job = "a \"job\"\n";
    job.directory = "/dir";
    job.state = JobState::kRestarting;
    job.process = 7;
    job.last_failure = "no space";
    job.checkpoints.last_epoch = 12;
    return {job};
  }
  Result<JobMetrics> Metrics(const std::string&) override { return JobMetrics{List()[0], 1500, {}}; }
  void Savepoint(const std::string& job, const std::string& directory, Done done) override {
    done(job + " in " + directory);
  }
  void Stop(const std::string&, StopMode mode, bool savepoint, const std::string&, Done done) override {
    done(std::string(mode == StopMode::kDrain ? "drained" : "suspended") + (savepoint ? " and saved" : ""));
  }
  Status Cancel(const std::string& job) override {
    return Status::NotFound("no job '" + job + "'").WithHint("look for it");
  }
};

std::string Answer(const std::string& request) {
  PlayedService service;
  std::string answer;
  AnswerControlRequest(request, &service, [&](const std::string& text) { answer = text; });
  return answer;
}

ControlRequest Call(const std::string& call) {
  ControlRequest request;
  request.call = call;
  request.job = "it";
  request.directory = "a \"folder\"";
  return request;
}

TEST(ControlEndpoint, OverviewsComeBackAsTheyWere) {
  std::vector<JobOverview> jobs = ReadOverviews(Answer(Call("list").Write())).value();
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].job, "a \"job\"\n");
  EXPECT_EQ(jobs[0].state, JobState::kRestarting);
  EXPECT_EQ(jobs[0].process, 7);
  EXPECT_EQ(jobs[0].last_failure, "no space");
  EXPECT_EQ(jobs[0].checkpoints.last_epoch, 12U);
}

TEST(ControlEndpoint, CallsReachTheServiceWithTheirArguments) {
  EXPECT_EQ(ReadText(Answer(Call("savepoint").Write())).value(), "it in a \"folder\"");
  ControlRequest stop = Call("stop");
  EXPECT_EQ(ReadText(Answer(stop.Write())).value(), "suspended");
  stop.savepoint = true;
  EXPECT_EQ(ReadText(Answer(stop.Write())).value(), "suspended and saved");
  stop.savepoint = false;
  stop.drain = true;
  EXPECT_EQ(ReadText(Answer(stop.Write())).value(), "drained");
}

TEST(ControlEndpoint, ErrorsKeepTheirCodeAndHint) {
  Result<std::string> cancelled = ReadText(Answer(Call("cancel").Write()));
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), StatusCode::kNotFound);
  EXPECT_EQ(cancelled.error().message(), "no job 'it'");
  EXPECT_EQ(cancelled.error().hint(), "look for it");
  ControlRequest metrics = Call("metrics");
  metrics.format = "xml";
  EXPECT_EQ(ReadText(Answer(metrics.Write())).error().code(), StatusCode::kInvalidArgument);
}

TEST(ControlEndpoint, WhatIsNoRequestIsAnsweredAsAnError) {
  for (const char* text :
       {"", "x", "[]", "{}", "{\"version\":2,\"call\":\"list\"}", "{\"version\":1,\"call\":\"dance\"}",
        "{\"version\":1,\"call\":7}", "{\"version\":1"}) {
    EXPECT_FALSE(ReadText(Answer(text))) << text;
    EXPECT_FALSE(ReadOverviews(Answer(text))) << text;
  }
}

}  // namespace
}  // namespace penstock
