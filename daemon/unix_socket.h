#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "daemon/service_user.h"

namespace waxwing {

// Invalid where the path is too long for a socket's address, with a sentence.
Result<sockaddr_un> unix_address(const std::string& path);

// The name of a socket in the file system. It goes when this goes, unless another socket has taken
// it, or may not be removed: then it is a stale one, which the next start replaces.
class SocketFile {
 public:
  SocketFile() = default;
  explicit SocketFile(std::string path);  // as it is there now
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile() { remove(); }

 private:
  void remove();

  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

constexpr int kListenBacklog = 1024;  // of clients that wait to be accepted

// Listens there, with these permissions, as the property of `owner` where root may say so. A socket
// that nobody listens to any more is replaced. Errors are sentences for the operator: another
// server listens, something else has the name, the folder is missing or not ours to write.
struct UnixListener {
  Fd socket;
  SocketFile file;
};
Result<UnixListener> listen_at(const std::string& path, mode_t mode,
                               const std::optional<ServiceUser>& owner);

// Whose process is at the other end; nothing when the kernel does not know.
std::optional<uid_t> user_of(const Fd& socket);

}  // namespace waxwing
