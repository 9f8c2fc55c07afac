#include "daemon/service_user.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "base/fd.h"

namespace waxwing {

namespace {

tl::unexpected<Error> system_failure(const std::string& what) {
  return fail(Error::Code::Denied, what + ": " + std::strerror(errno));
}

// Root makes a present of nothing but an empty folder: a mistyped data_dir, or a link that the
// service user put in its place, could stand for anything.
Outcome give_away(const std::string& data_dir, const ServiceUser& user) {
  const Fd folder(open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat seen;
  if (!folder || fstat(folder.get(), &seen) != 0)
    return system_failure("data_dir: cannot open " + data_dir);
  std::error_code error;
  const bool empty =
      std::filesystem::is_empty("/proc/self/fd/" + std::to_string(folder.get()), error);
  if (seen.st_uid != 0 || !empty || error)
    return fail(Error::Code::Denied, "data_dir: " + data_dir +
                                         " belongs to root and is not empty: if it is the right "
                                         "one, `chown -R " +
                                         user.name + "` it");
  if (fchown(folder.get(), user.user, user.group) != 0 || fchmod(folder.get(), 0700) != 0)
    return system_failure("data_dir: cannot give " + data_dir + " to " + user.name);
  return {};
}

}  // namespace

Result<std::optional<ServiceUser>> find_service_user(const std::string& name) {
  if (geteuid() != 0) return std::nullopt;
  std::array<char, 16384> space;
  passwd entry{};
  passwd* found = nullptr;
  getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found);
  if (!found)
    return fail(Error::Code::NotFound,
                "user: there is no user \"" + name +
                    "\" on this machine: create it with `useradd --system --user-group " + name +
                    "`, or name another one in the configuration");
  if (entry.pw_uid == 0)
    return fail(Error::Code::Invalid,
                "user: \"" + name +
                    "\" is root, and a mail server must not serve as root: name an "
                    "unprivileged user in the configuration");
  return ServiceUser{name, entry.pw_uid, entry.pw_gid};
}

Outcome prepare_data_dir(const std::string& data_dir, const std::optional<ServiceUser>& user) {
  namespace fs = std::filesystem;
  const fs::path path(data_dir);
  std::error_code error;
  // Folders above it are for everybody to pass, whatever the umask; what is in it is not.
  if (!fs::exists(path, error)) {
    const mode_t old = umask(022);
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    umask(old);
    if (mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST)
      return system_failure("data_dir: cannot create " + data_dir);
  }
  const Fd folder(open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat seen;
  if (!folder || fstat(folder.get(), &seen) != 0)
    return system_failure("data_dir: cannot look at " + data_dir);
  if (user && seen.st_uid == 0) return give_away(data_dir, *user);
  const uid_t owner = user ? user->user : geteuid();
  if (seen.st_uid != owner)
    return fail(Error::Code::Denied, "data_dir: " + data_dir +
                                         " belongs to another user: start the server as that one, "
                                         "or `chown -R` it to the user that serves");
  if ((seen.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(Error::Code::Denied,
                "data_dir: others may write to " + data_dir + ": close it with `chmod 700`");
  return {};
}

Outcome become(const std::optional<ServiceUser>& user) {
  if (user) {
    if (initgroups(user->name.c_str(), user->group) != 0 ||
        setresgid(user->group, user->group, user->group) != 0 ||
        setresuid(user->user, user->user, user->user) != 0)
      return system_failure("user: cannot become " + user->name);
    if (setresuid(0, 0, 0) == 0)
      return fail(Error::Code::Denied, "user: root could not be given up");
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure("cannot set no_new_privs");
  return {};
}

int why_unreadable(const std::string& path, const std::optional<ServiceUser>& user) {
  const auto try_it = [&]() -> int {
    char octet = 0;
    const Fd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    return file && read(file.get(), &octet, 1) >= 0 ? 0 : errno;
  };
  if (!user) return try_it();
  const pid_t child = fork();
  if (child == 0) {
    const bool became = initgroups(user->name.c_str(), user->group) == 0 &&
                        setresgid(user->group, user->group, user->group) == 0 &&
                        setresuid(user->user, user->user, user->user) == 0;
    _exit(became ? try_it() : errno);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

void be_discreet() {
  umask(077);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (geteuid() == 0 && limit.rlim_max < 65536) {
    const rlimit more{65536, 65536};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0) return more.rlim_cur;
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace waxwing
