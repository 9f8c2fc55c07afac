#include "daemon/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace waxwing {

Result<DataLock> DataLock::take(const std::string& data_dir) {
  const std::string path = data_dir + "/lock";
  Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file)
    return fail(Error::Code::Denied, "data_dir: cannot open " + path + ": " + std::strerror(errno) +
                                         ": run this as the user that the server runs as");
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Error::Code::AlreadyExists,
                "data_dir: another waxwing works on " + data_dir +
                    ": stop it first, or give this one another data_dir");
  return DataLock(std::move(file));
}

}  // namespace waxwing
