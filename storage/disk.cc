#include "storage/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/text.h"

namespace waxwing {
namespace {

Error::Code code_of(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT: return Error::Code::NoSpace;
    case ENOENT: return Error::Code::NotFound;
    case EEXIST: return Error::Code::AlreadyExists;
    case EMLINK:
    case EXDEV: return Error::Code::Limit;
    default: return Error::Code::Temporary;
  }
}

// Call at once after the system call: it reads errno.
tl::unexpected<Error> system_error(std::string_view action, const std::string& path) {
  int number = errno;
  return fail(code_of(number), std::string(action) + " " + path + ": " + std::strerror(number));
}

tl::unexpected<Error> system_error(std::string_view action, const Fd& file) {
  int number = errno;
  return fail(code_of(number), std::string(action) + " descriptor " + std::to_string(file.get()) +
                                   ": " + std::strerror(number));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_directory(const std::string& path, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat found {};
  return ::lstat((path + "/" + entry.d_name).c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace

Result<Fd> SystemDisk::open(const std::string& path, Mode mode) {
  int flags = O_CLOEXEC | O_NOFOLLOW;
  switch (mode) {
    case Mode::Read: flags |= O_RDONLY | O_NONBLOCK; break;
    case Mode::Write: flags |= O_RDWR; break;
    case Mode::Append: flags |= O_RDWR | O_APPEND; break;
    case Mode::Create: flags |= O_RDWR | O_CREAT | O_EXCL; break;
  }
  Fd file(::open(path.c_str(), flags, 0600));
  if (!file) return system_error("open", path);
  return file;
}

Outcome SystemDisk::write(const Fd& file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("write", file);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> SystemDisk::read(const Fd& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = read_at(file, offset, bytes);
  if (got < 0) return system_error("read", file);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

Outcome SystemDisk::sync(const Fd& file) {
  if (::fsync(file.get()) != 0) return system_error("fsync", file);
  return {};
}

Outcome SystemDisk::sync_directory(const std::string& path) {
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error("open", path);
  if (::fsync(directory.get()) != 0) return system_error("fsync", path);
  return {};
}

Outcome SystemDisk::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return system_error("link", to);
  return {};
}

Outcome SystemDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error("rename", from);
  return {};
}

Outcome SystemDisk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return system_error("unlink", path);
  return {};
}

Outcome SystemDisk::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno == EEXIST) {
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
    errno = EEXIST;
  }
  return system_error("mkdir", path);
}

Outcome SystemDisk::remove_tree(const std::string& path) {
  std::vector<std::string> files, directories;
  auto listed = list(path, [&](const Entry& entry) {
    (entry.is_directory ? directories : files).push_back(path + "/" + entry.name);
  });
  if (!listed) return listed;
  for (const auto& directory : directories) {
    if (auto removed = remove_tree(directory); !removed) return removed;
  }
  for (const auto& file : files) {
    if (auto removed = remove(file); !removed) return removed;
  }
  if (::rmdir(path.c_str()) != 0) return system_error("rmdir", path);
  return {};
}

Outcome SystemDisk::set_time(const Fd& file, std::int64_t unix_seconds) {
  timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(unix_seconds), 0}};
  if (::futimens(file.get(), times) != 0) return system_error("utimens", file);
  return {};
}

Outcome SystemDisk::list(const std::string& path, const std::function<void(const Entry&)>& visit) {
  std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (!directory) return system_error("opendir", path);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      if (errno != 0) return system_error("readdir", path);
      return {};
    }
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    visit({std::string(name), is_directory(path, *entry)});
  }
}

Result<Disk::Stat> SystemDisk::stat(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return system_error("stat", path);
  Stat result;
  result.size = static_cast<std::uint64_t>(found.st_size);
  result.modified = found.st_mtim.tv_sec;
  result.modified_nanoseconds = found.st_mtim.tv_nsec;
  result.changed = found.st_ctim.tv_sec;
  result.inode = found.st_ino;
  result.is_directory = S_ISDIR(found.st_mode);
  result.is_regular = S_ISREG(found.st_mode);
  return result;
}

// A read lease is given only while nobody has the file open for writing.  fcntl(2)
Result<bool> SystemDisk::is_being_written(const Fd& file) {
  // Who opens it for writing while we hold the lease makes the kernel send a signal: one that is
  // ignored unless somebody asks for it.
  if (::fcntl(file.get(), F_SETSIG, SIGURG) != 0) return system_error("signal", file);
  if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) == 0) {
    if (::fcntl(file.get(), F_SETLEASE, F_UNLCK) != 0) return system_error("lease", file);
    return false;
  }
  if (errno == EAGAIN) return true;
  return system_error("lease", file);
}

Result<bool> SystemDisk::has_hole(const Fd& file) {
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return system_error("fstat", file);
  // The end of a file counts as a hole.
  const off_t hole = ::lseek(file.get(), 0, SEEK_HOLE);
  if (hole < 0 && errno == EIO) return system_error("seek", file);
  return hole >= 0 && hole < found.st_size;
}

Result<std::uint64_t> SystemDisk::free_space(const std::string& path) {
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) != 0) return system_error("statvfs", path);
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

// statfs() cannot tell ext2, ext3 and ext4 apart; the mount table can.  proc(5), mountinfo
Result<std::string> SystemDisk::file_system(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return system_error("stat", path);
  const std::string device =
      std::to_string(major(found.st_dev)) + ":" + std::to_string(minor(found.st_dev));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    auto fields = words(line);
    if (fields.size() < 3 || fields[2] != device) continue;
    for (std::size_t i = 3; i + 1 < fields.size(); ++i) {
      if (fields[i] == "-") return std::string(fields[i + 1]);
    }
  }
  return std::string("unknown");
}

}  // namespace waxwing
