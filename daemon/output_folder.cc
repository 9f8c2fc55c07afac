#include "daemon/output_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace waxwing {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot_write(const std::string& path) {
  if (errno == EEXIST) {
    return fail(Error::Code::AlreadyExists,
                path + " is there already: export into a folder that is new or empty");
  }
  return fail(Error::Code::Denied, path + ": " + std::strerror(errno));
}

// "." and "..", and what leads elsewhere, are no names of something in a folder.
bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

}  // namespace

Result<OutputFolder> OutputFolder::open_empty(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Error::Code::Denied, path + ": " + error.message());
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return cannot_write(path);
  if (!fs::is_empty(path, error) || error) {
    return fail(Error::Code::AlreadyExists,
                path + " is there and not empty: choose another folder");
  }
  return OutputFolder(std::move(folder), path);
}

Result<OutputFolder> OutputFolder::folder(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  if (!is_plain(name)) return fail(Error::Code::Invalid, path + ": no folder can have this name");
  if (::mkdirat(folder_->get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
    return cannot_write(path);
  }
  Fd folder(
      ::openat(folder_->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat stat {};
  if (!folder || ::fstat(folder.get(), &stat) != 0) return cannot_write(path);
  if (stat.st_uid != ::geteuid()) {
    return fail(Error::Code::Denied, path + " belongs to somebody else: export into a new folder");
  }
  return OutputFolder(std::move(folder), path);
}

Result<Fd> OutputFolder::new_file(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  if (!is_plain(name)) return fail(Error::Code::Invalid, path + ": no file can have this name");
  Fd file(::openat(folder_->get(), name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return cannot_write(path);
  return file;
}

Outcome OutputFolder::new_file(const std::string& name, std::string_view text) const {
  const auto file = new_file(name);
  if (!file) return fail(file.error());
  return write_all(*file, text, path_ + "/" + name);
}

Outcome write_all(const Fd& file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot_write(path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace waxwing
