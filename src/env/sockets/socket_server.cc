// One poll loop over the listening socket, a pipe that wakes it, and the connections.
#include "env/sockets/socket_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <vector>

#include "env/clock.h"
#include "env/sockets/unix_address.h"

namespace penstock {

namespace {

constexpr size_t kHeadBytes = 4;
constexpr int64_t kNever = INT64_MAX;

uint32_t FrameLength(const std::string& bytes) {
  uint32_t length = 0;
  for (size_t i = 0; i < kHeadBytes; ++i)
    length |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return length;
}

std::string Frame(const std::string& body) {
  std::string frame;
  for (size_t i = 0; i < kHeadBytes; ++i) frame += static_cast<char>(body.size() >> (8 * i) & 0xff);
  return frame + body;
}

// What replies of all threads meet in; lives as long as one of them does.
struct Answers {
  std::mutex mutex;
  std::map<uint64_t, std::string> ready;  // by connection
  int wake = -1;                          // -1: the server is gone
};

bool IsSameUser(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

}  // namespace

class SocketServer::Loop {
 public:
  Loop(int listener, Handler handler, SocketLimits limits)
      : listener_(listener), handler_(std::move(handler)), limits_(limits) {}
  ~Loop() {
    for (Connection& connection : connections_) ::close(connection.socket);
    ::close(listener_);
    std::lock_guard lock(answers_->mutex);
    if (answers_->wake >= 0) ::close(answers_->wake);
    answers_->wake = -1;
    if (wake_reader_ >= 0) ::close(wake_reader_);
  }

  Status Open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
      return Status::Io(std::string("cannot make a pipe: ") + std::strerror(errno));
    wake_reader_ = ends[0];
    answers_->wake = ends[1];
    return Status::Ok();
  }

  void Run() {
    while (!stopping_ || HasAnswersToSend()) {
      Poll();
      TakeAnswers();
      int64_t now = clock_.MonotonicMillis();
      connections_.remove_if([&](Connection& connection) {
        bool gone = connection.closed || connection.deadline_ms <= now;
        if (gone) ::close(connection.socket);
        return gone;
      });
    }
  }

  void Stop() {
    std::lock_guard lock(answers_->mutex);
    char byte = 's';
    [[maybe_unused]] ssize_t written = ::write(answers_->wake, &byte, 1);
  }

 private:
  struct Connection {
    uint64_t id = 0;
    int socket = -1;
    int64_t deadline_ms = kNever;
    std::string in, out;
    bool asked = false;  // the request is with the handler
    bool closed = false;
  };

  bool HasAnswersToSend() {
    TakeAnswers();
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const Connection& connection) { return !connection.out.empty(); });
  }

  // Waits for something to happen and deals with it.
  void Poll() {
    std::vector<pollfd> waited = {{wake_reader_, POLLIN, 0}, {listener_, POLLIN, 0}};
    bool room = connections_.size() < limits_.connections && !stopping_;
    if (!room) waited[1].events = 0;
    int64_t now = clock_.MonotonicMillis(), until = now + 1000;
    for (const Connection& connection : connections_) {
      short events = connection.out.empty() ? POLLIN : POLLOUT;
      waited.push_back({connection.socket, events, 0});
      until = std::min(until, connection.deadline_ms);
    }
    ::poll(waited.data(), waited.size(), static_cast<int>(std::max<int64_t>(0, until - now)));
    size_t next = 2;
    for (Connection& connection : connections_) {
      if (waited[next++].revents == 0) continue;
      if (connection.out.empty())
        Read(connection);
      else
        Write(connection);
    }
    if (waited[0].revents != 0) ReadWakeUps();
    if (room && waited[1].revents != 0) Accept();
  }

  void ReadWakeUps() {
    char bytes[64];
    ssize_t count = ::read(wake_reader_, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < count; ++i) stopping_ = stopping_ || bytes[i] == 's';
  }

  void Accept() {
    int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) return;
    if (!IsSameUser(socket)) {
      ::close(socket);
      return;
    }
    Connection& connection = connections_.emplace_back();
    connection.id = ++last_id_;
    connection.socket = socket;
    connection.deadline_ms = clock_.MonotonicMillis() + limits_.request_ms;
  }

  void Read(Connection& connection) {
    char bytes[4096];
    ssize_t count = ::recv(connection.socket, bytes, sizeof(bytes), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // Nothing may follow the request: whoever hangs up does not wait for the answer.
    connection.closed = count <= 0 || connection.asked;
    if (connection.closed) return;
    connection.in.append(bytes, static_cast<size_t>(count));
    if (connection.in.size() < kHeadBytes) return;
    uint32_t length = FrameLength(connection.in);
    connection.closed = length > limits_.request_bytes || connection.in.size() > kHeadBytes + length;
    if (connection.closed || connection.in.size() < kHeadBytes + length) return;
    connection.asked = true;
    connection.deadline_ms = kNever;
    handler_(connection.in.substr(kHeadBytes), ReplyTo(connection.id));
  }

  Reply ReplyTo(uint64_t id) {
    return [id, answers = answers_](std::string answer) {
      std::lock_guard lock(answers->mutex);
      if (answers->wake < 0) return;
      answers->ready[id] = std::move(answer);
      char byte = 'a';
      [[maybe_unused]] ssize_t written = ::write(answers->wake, &byte, 1);
    };
  }

  void TakeAnswers() {
    std::map<uint64_t, std::string> ready;
    {
      std::lock_guard lock(answers_->mutex);
      ready.swap(answers_->ready);
    }
    for (Connection& connection : connections_) {
      auto answer = ready.find(connection.id);
      if (answer == ready.end()) continue;
      connection.out = Frame(answer->second);
      connection.deadline_ms = clock_.MonotonicMillis() + limits_.request_ms;
    }
  }

  void Write(Connection& connection) {
    ssize_t count = ::send(connection.socket, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) connection.out.erase(0, static_cast<size_t>(count));
    connection.closed = count < 0 || connection.out.empty();
    if (connection.closed) connection.out.clear();
  }

  int listener_, wake_reader_ = -1;
  Handler handler_;
  const SocketLimits limits_;
  SystemClock clock_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  std::list<Connection> connections_;
  uint64_t last_id_ = 0;
  bool stopping_ = false;
};

SocketServer::SocketServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Result<std::unique_ptr<SocketServer>> SocketServer::Listen(const std::string& path, Handler handler,
                                                           SocketLimits limits) {
  auto failed = [&](const char* what) {
    return Status::Io("cannot " + std::string(what) + " '" + path + "': " + std::strerror(errno));
  };
  ASSIGN_OR_RETURN(std::unique_ptr<UnixAddress> address, UnixAddress::Of(path));
  int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return failed("make a socket for");
  std::unique_ptr<SocketServer> server(
      new SocketServer(std::make_unique<Loop>(listener, std::move(handler), limits)));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove the stale socket");
  // Before bind: the name must never be there with another mode.
  if (::fchmod(listener, 0600) != 0) return failed("set the mode of");
  if (::bind(listener, address->get(), address->size()) != 0) return failed("make the socket");
  server->path_ = path;
  if (::listen(listener, 16) != 0) return failed("listen at");
  RETURN_IF_ERROR(server->loop_->Open());
  server->thread_ = Thread("control", [loop = server->loop_.get()] { loop->Run(); });
  return server;
}

SocketServer::~SocketServer() {
  if (!path_.empty()) ::unlink(path_.c_str());
  loop_->Stop();
  thread_.Join();
}

}  // namespace penstock
