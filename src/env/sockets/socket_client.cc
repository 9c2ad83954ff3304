// One request, one answer.
#include "env/sockets/socket_client.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "env/clock.h"
#include "env/sockets/unix_address.h"

namespace penstock {

namespace {

constexpr size_t kHeadBytes = 4;

Status Unavailable(const std::string& message) { return Status(StatusCode::kUnavailable, message); }

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Status Connect(const std::string& path) {
    ASSIGN_OR_RETURN(std::unique_ptr<UnixAddress> address, UnixAddress::Of(path));
    if (::connect(socket_, address->get(), address->size()) == 0) return Status::Ok();
    std::string text = "cannot connect to '" + path + "': " + std::strerror(errno);
    if (errno == ENOENT) return Status::NotFound(text);
    return errno == ECONNREFUSED || errno == EAGAIN ? Unavailable(text) : Status::Io(text);
  }

  // Until everything is sent, or `deadline` (monotonic milliseconds; -1: none).
  Status Send(std::string_view bytes, int64_t deadline) {
    while (!bytes.empty()) {
      RETURN_IF_ERROR(WaitFor(POLLOUT, deadline));
      ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno != EAGAIN && errno != EINTR)
        return Unavailable(std::string("the process does not listen: ") + std::strerror(errno));
      if (count > 0) bytes.remove_prefix(static_cast<size_t>(count));
    }
    return Status::Ok();
  }

  Result<std::string> Receive(size_t size, int64_t deadline) {
    std::string bytes;
    while (bytes.size() < size) {
      RETURN_IF_ERROR(WaitFor(POLLIN, deadline));
      char part[65536];
      ssize_t count = ::recv(socket_, part, std::min(sizeof(part), size - bytes.size()), MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count <= 0) return Unavailable("the process has ended before it answered");
      bytes.append(part, static_cast<size_t>(count));
    }
    return bytes;
  }

 private:
  Status WaitFor(short events, int64_t deadline) {
    int64_t left = deadline < 0 ? -1 : std::max<int64_t>(0, deadline - SystemClock().MonotonicMillis());
    pollfd waited = {socket_, events, 0};
    int ready = ::poll(&waited, 1, static_cast<int>(std::min<int64_t>(left, 1 << 30)));
    return ready == 0 ? Unavailable("the process does not answer") : Status::Ok();
  }

  int socket_;
};

}  // namespace

Result<std::string> CallSocket(const std::string& path, const std::string& request, SocketCallLimits limits) {
  int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return Status::Io(std::string("cannot make a socket: ") + std::strerror(errno));
  Connection connection(socket);
  RETURN_IF_ERROR(connection.Connect(path));
  std::string head;
  for (size_t i = 0; i < kHeadBytes; ++i) head += static_cast<char>(request.size() >> (8 * i) & 0xff);
  int64_t now = SystemClock().MonotonicMillis();
  RETURN_IF_ERROR(connection.Send(head + request, now + limits.send_ms));
  int64_t deadline = limits.answer_ms < 0 ? -1 : now + limits.answer_ms;
  ASSIGN_OR_RETURN(std::string length_bytes, connection.Receive(kHeadBytes, deadline));
  uint32_t length = 0;
  for (size_t i = 0; i < kHeadBytes; ++i)
    length |= static_cast<uint32_t>(static_cast<unsigned char>(length_bytes[i])) << (8 * i);
  if (length > limits.answer_bytes) return Status::Corruption("the answer is no answer of Penstock");
  return connection.Receive(length, deadline);
}

}  // namespace penstock
