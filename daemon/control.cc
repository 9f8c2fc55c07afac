#include "daemon/control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "base/log.h"

namespace waxwing {

namespace {

constexpr std::size_t kLongestLine = 256 * 1024 * 1024;  // `account import` sends a whole file
constexpr int kMostClients = 8;

// A path of any length: sun_path holds 107 bytes, so the folder goes by its descriptor.
struct Address {
  explicit Address(const std::string& data_dir)
      : folder(open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/control.sock";
    unix.sun_family = AF_UNIX;
    std::memcpy(unix.sun_path, path.c_str(), path.size() + 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&unix); }

  Fd folder;
  sockaddr_un unix{};
};

// A client that stops in the middle must not keep the server from stopping.
void be_impatient(const Fd& socket) {
  const timeval patience{10, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool send_all(const Fd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

bool send_line(const Fd& socket, std::string_view line) {
  return send_all(socket, std::string(line) + "\n");
}

std::optional<std::string> receive_line(const Fd& socket) {
  std::string line;
  char space[16384];
  while (line.size() < kLongestLine) {
    const ssize_t got = recv(socket.get(), space, sizeof space, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    line.append(space, static_cast<std::size_t>(got));
    if (line.back() != '\n') continue;
    line.pop_back();
    return line;
  }
  return std::nullopt;
}

struct ControlServer::Shared {
  Fd socket, stop;
  Handler handler;
  std::mutex mutex;
  std::condition_variable changed;
  int clients = 0;
};

Result<ControlServer> ControlServer::open(const std::string& data_dir, Handler handler) {
  auto shared = std::make_shared<Shared>();
  shared->handler = std::move(handler);
  shared->stop.reset(eventfd(0, EFD_CLOEXEC));
  shared->socket.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address address(data_dir);
  unlink(address.unix.sun_path);
  // umask 077 makes it 0600; nobody else could reach it through data_dir (0700) anyway.
  if (!shared->socket || bind(shared->socket.get(), address.get(), sizeof address.unix) != 0 ||
      chmod(address.unix.sun_path, 0600) != 0 || listen(shared->socket.get(), 16) != 0)
    return fail(Error::Code::Denied,
                "data_dir: cannot open " + data_dir + "/control.sock: " + std::strerror(errno));
  return ControlServer(std::move(shared));
}

ControlServer::ControlServer(std::shared_ptr<Shared> shared)
    : shared_(std::move(shared)), thread_([held = shared_] { serve(*held); }) {}

ControlServer::~ControlServer() {
  if (!thread_.joinable()) return;
  eventfd_write(shared_->stop.get(), 1);
  thread_.join();
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [&] { return shared_->clients == 0; });
}

void ControlServer::serve(Shared& shared) {
  for (;;) {
    pollfd wait[2] = {{shared.stop.get(), POLLIN, 0}, {shared.socket.get(), POLLIN, 0}};
    if (poll(wait, 2, -1) < 0) continue;
    if (wait[0].revents) return;
    {
      std::unique_lock lock(shared.mutex);
      shared.changed.wait(lock, [&] { return shared.clients < kMostClients; });
    }
    Fd client(accept4(shared.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) {
      // Out of descriptors, say: the client stays in the backlog, and asking again at once would
      // keep a processor busy.
      pollfd rest{shared.stop.get(), POLLIN, 0};
      if (poll(&rest, 1, 250) > 0) return;
      continue;
    }
    {
      const std::lock_guard lock(shared.mutex);
      ++shared.clients;
    }
    std::thread([&shared, socket = std::move(client)]() mutable {
      answer(shared, std::move(socket));
      const std::lock_guard lock(shared.mutex);
      --shared.clients;
      shared.changed.notify_all();
    }).detach();
  }
}

void ControlServer::answer(Shared& shared, Fd client) {
  be_impatient(client);
  const auto line = receive_line(client);
  if (!line) return;
  try {
    send_all(client, shared.handler(*line));
  } catch (const std::exception& error) {
    log.error("command-failed", {{"error", error.what()}});
  }
}

Result<std::optional<std::string>> ask_server(const std::string& data_dir, std::string_view line) {
  const Address address(data_dir);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!address.folder && errno == ENOENT) return std::nullopt;
  if (connect(socket.get(), address.get(), sizeof address.unix) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) return std::nullopt;
    return fail(Error::Code::Denied, "cannot speak to the server through " + data_dir +
                                         "/control.sock: " + std::strerror(errno) +
                                         ": run this as root or as the user that serves");
  }
  if (!send_line(socket, line))
    return fail(Error::Code::Temporary, "the server does not listen: look at its log");
  auto answer = receive_line(socket);
  if (!answer) return fail(Error::Code::Temporary, "the server does not answer: look at its log");
  return answer;
}

}  // namespace waxwing
