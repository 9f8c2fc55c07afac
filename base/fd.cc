#include "base/fd.h"

#include <cerrno>

namespace waxwing {

ssize_t read_at(const Fd& file, std::uint64_t offset, std::span<char> space) {
  std::size_t done = 0;
  while (done < space.size()) {
    const ssize_t got = ::pread(file.get(), space.data() + done, space.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace waxwing
