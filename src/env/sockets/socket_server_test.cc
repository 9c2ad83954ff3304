// Requests and answers over a Unix socket, and what is cut off.
#include "env/sockets/socket_server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "env/sockets/socket_client.h"
#include "env/sockets/unix_address.h"

namespace penstock {
namespace {

class SocketServerTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/penstock-socket-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/control"; }
  static SocketServer::Handler Echo() {
    return [](const std::string& request, const SocketServer::Reply& reply) { reply("heard " + request); };
  }
  // Sends bytes as they are; what comes back until the other side hangs up.
  std::string SendRaw(const std::string& bytes) const {
    auto address = UnixAddress::Of(path());
    int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(socket, (*address)->get(), (*address)->size()), 0);
    EXPECT_EQ(::send(socket, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    std::string got;
    char part[100];
    for (ssize_t n = 0; (n = ::recv(socket, part, sizeof(part), 0)) > 0;)
      got.append(part, static_cast<size_t>(n));
    ::close(socket);
    return got;
  }

  std::string folder_;
};

TEST_F(SocketServerTest, AnswersAndRemovesItsSocket) {
  auto server = SocketServer::Listen(path(), Echo());
  ASSERT_TRUE(server) << server.error().ToString();
  struct stat info = {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  for (int i = 0; i < 100; ++i) {
    auto answer = CallSocket(path(), std::to_string(i));
    ASSERT_TRUE(answer) << answer.error().ToString();
    EXPECT_EQ(*answer, "heard " + std::to_string(i));
  }
  server->reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_EQ(CallSocket(path(), "x").error().code(), StatusCode::kNotFound);
}

TEST_F(SocketServerTest, AStaleSocketIsToldAndReplaced) {
  auto address = UnixAddress::Of(path());
  int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(socket, (*address)->get(), (*address)->size()), 0);
  ::close(socket);  // the file stays, as after SIGKILL
  EXPECT_EQ(CallSocket(path(), "x").error().code(), StatusCode::kUnavailable);
  auto server = SocketServer::Listen(path(), Echo());
  ASSERT_TRUE(server) << server.error().ToString();
  EXPECT_EQ(CallSocket(path(), "x").value(), "heard x");
}

TEST_F(SocketServerTest, AnAnswerMayComeFromAnotherThreadAndIsSentBeforeTheEnd) {
  SocketServer::Reply kept;
  auto server =
      SocketServer::Listen(path(), [&](const std::string& request, const SocketServer::Reply& reply) {
        if (request == "later")
          kept = reply;
        else
          reply(kept ? "asked" : "nothing");
      });
  ASSERT_TRUE(server);
  Result<std::string> answer = Status::Internal("none");
  Thread caller("caller", [&] { answer = CallSocket(path(), "later"); });
  while (CallSocket(path(), "?").value() != "asked") {
  }
  kept("done");
  server->reset();
  caller.Join();
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(*answer, "done");
  kept("after the end");
}

TEST_F(SocketServerTest, WhoWaitsWhenTheServerEndsIsToldSo) {
  bool asked = false;
  std::mutex mutex;
  auto server = SocketServer::Listen(path(), [&](const std::string&, const SocketServer::Reply&) {
    std::lock_guard lock(mutex);
    asked = true;
  });
  ASSERT_TRUE(server);
  Result<std::string> answer = std::string("none");
  Thread caller("caller", [&] { answer = CallSocket(path(), "x"); });
  for (bool seen = false; !seen;) {
    std::lock_guard lock(mutex);
    seen = asked;
  }
  server->reset();
  caller.Join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), StatusCode::kUnavailable);
}

TEST_F(SocketServerTest, FramesThatAreTooLongOrTooSlowAreCutOff) {
  SocketLimits limits;
  limits.request_bytes = 10;
  limits.request_ms = 50;
  auto server = SocketServer::Listen(path(), Echo(), limits);
  ASSERT_TRUE(server);
  EXPECT_EQ(SendRaw(std::string("\xff\xff\xff\xff", 4)), "");            // claims 4 GB
  EXPECT_EQ(SendRaw(std::string("\x0b\0\0\0", 4) + "12345678901"), "");  // one byte too long
  EXPECT_EQ(SendRaw(std::string("\x02\0\0\0", 4) + "123"), "");          // more than it said
  EXPECT_EQ(SendRaw(std::string("\x05\0\0\0", 4) + "12"), "");           // and no more comes
  EXPECT_EQ(CallSocket(path(), "1234567890").value(), "heard 1234567890");
  EXPECT_FALSE(CallSocket(path(), "12345678901"));
}

TEST_F(SocketServerTest, FoldersMayBeDeeperThanAnAddress) {
  folder_ += "/" + std::string(120, 'd');
  std::filesystem::create_directories(folder_);
  auto server = SocketServer::Listen(path(), Echo());
  ASSERT_TRUE(server) << server.error().ToString();
  EXPECT_EQ(CallSocket(path(), "x").value(), "heard x");
}

}  // namespace
}  // namespace penstock
