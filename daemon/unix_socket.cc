#include "daemon/unix_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace waxwing {
namespace {

Fd make_socket(int flags) {
  return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

// What has the name now must be a socket that nobody listens to.
Outcome clear_the_way(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return fail(Error::Code::AlreadyExists, "cannot make the socket " + path +
                                                ": there is a file of that name, which is no "
                                                "socket; move it away, or choose another name");
  const Fd probe = make_socket(SOCK_NONBLOCK);
  // EAGAIN: one that listens, and has much to do.
  const int answer =
      connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (answer == 0 || errno == EAGAIN)
    return fail(Error::Code::AlreadyExists, "cannot make the socket " + path +
                                                ": another server listens there; stop that one, "
                                                "or choose another name");
  unlink(path.c_str());  // where that fails bind() will say why
  return {};
}

std::string why_not(const std::string& path, int error) {
  std::string text = "cannot make the socket " + path + ": " + std::strerror(error);
  if (error == ENOENT) text += "; make its folder first";
  if (error == EACCES || error == EPERM)
    text +=
        "; the service user must be allowed to write into its folder, or the server be "
        "started anew as root";
  return text;
}

}  // namespace

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(Error::Code::Invalid, "the path of a socket has 1 to " +
                                          std::to_string(sizeof address.sun_path - 1) +
                                          " octets, and " + path + " has not");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat made {};
  if (lstat(path_.c_str(), &made) != 0) path_.clear();
  device_ = made.st_dev;
  inode_ = made.st_ino;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void SocketFile::remove() {
  struct stat now {};
  if (path_.empty() || lstat(path_.c_str(), &now) != 0) return;
  if (now.st_dev == device_ && now.st_ino == inode_) unlink(path_.c_str());
}

Result<UnixListener> listen_at(const std::string& path, mode_t mode,
                               const std::optional<ServiceUser>& owner) {
  const auto address = unix_address(path);
  if (!address) return fail(address.error());
  if (auto clear = clear_the_way(path, *address); !clear) return fail(clear.error());
  UnixListener made;
  made.socket = make_socket(SOCK_NONBLOCK);
  // The process has umask 077 or will have it; nobody may come in before the mode is what it
  // shall be, and before anybody listens nobody can.
  if (!made.socket ||
      bind(made.socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return fail(Error::Code::Denied, why_not(path, errno));
  made.file = SocketFile(path);
  const bool is_owned = !owner || lchown(path.c_str(), owner->user, owner->group) == 0;
  if (!is_owned || chmod(path.c_str(), mode) != 0 || listen(made.socket.get(), kListenBacklog) != 0)
    return fail(Error::Code::Denied, why_not(path, errno));
  return made;
}

std::optional<uid_t> user_of(const Fd& socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return who.uid;
}

}  // namespace waxwing
