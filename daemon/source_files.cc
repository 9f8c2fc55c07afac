#include "daemon/source_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace waxwing {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// A pipe does not keep us waiting.
constexpr int kFile = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

tl::unexpected<Error> cannot_read(const std::string& path) {
  const bool is_missing = errno == ENOENT;
  return fail(is_missing ? Error::Code::NotFound : Error::Code::Denied,
              path + ": " + std::strerror(errno));
}

// Where the kernel lets users make links to files that they cannot read
// (fs.protected_hardlinks=0), the owner gives such a link away.
bool is_plain_file(const struct stat& stat, uid_t owner_of_folder) {
  return S_ISREG(stat.st_mode) && (stat.st_nlink == 1 || stat.st_uid == owner_of_folder);
}

SourceFiles::Kind kind_of(const struct stat& stat, uid_t owner_of_folder) {
  if (S_ISDIR(stat.st_mode)) return SourceFiles::Kind::Folder;
  return is_plain_file(stat, owner_of_folder) ? SourceFiles::Kind::File : SourceFiles::Kind::Other;
}

}  // namespace

Result<SourceFiles> SourceFiles::open(const std::string& path) {
  SourceFiles files;
  files.path_ = path;
  Fd top(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat stat {};
  if (!top || ::fstat(top.get(), &stat) != 0) return cannot_read(path);
  files.is_folder_ = S_ISDIR(stat.st_mode);
  if (!files.is_folder_ && !S_ISREG(stat.st_mode)) {
    return fail(Error::Code::Denied, path + " is neither a folder nor a file");
  }
  files.top_ = std::make_shared<const Fd>(std::move(top));
  return files;
}

std::string SourceFiles::path_of(const std::string& inside) const {
  return inside.empty() ? path_ : path_ + "/" + inside;
}

Result<Fd> SourceFiles::folder(const std::string& inside) const {
  Fd folder(::fcntl(top_->get(), F_DUPFD_CLOEXEC, 0));
  if (!folder) return cannot_read(path_of(inside));
  if (inside.empty()) return folder;
  for (const auto level : split(inside, '/')) {
    if (level.empty() || level == "." || level == "..") {
      return fail(Error::Code::Denied, path_of(inside) + " leads elsewhere");
    }
    Fd next(::openat(folder.get(), std::string(level).c_str(), kFolder));
    if (!next) return cannot_read(path_of(inside));
    folder = std::move(next);
  }
  return folder;
}

Result<std::vector<SourceFiles::Entry>> SourceFiles::list(const std::string& inside) const {
  auto folder = this->folder(inside);
  if (!folder) return fail(folder.error());
  struct stat stat {};
  // A descriptor of its own: others read this folder from its start, too.
  const int own = ::openat(folder->get(), ".", kFolder);
  DIR* stream = own < 0 ? nullptr : ::fdopendir(own);
  if (stream == nullptr || ::fstat(own, &stat) != 0) {
    const auto failed = cannot_read(path_of(inside));
    stream != nullptr ? ::closedir(stream) : own < 0 ? 0 : ::close(own);
    return failed;
  }
  const uid_t owner = stat.st_uid;
  std::vector<Entry> entries;
  for (errno = 0; const dirent* found = ::readdir(stream); errno = 0) {
    const std::string_view name = found->d_name;
    if (name == "." || name == "..") continue;
    if (::fstatat(own, found->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) continue;  // just gone
    entries.push_back({std::string(name), kind_of(stat, owner),
                       static_cast<std::uint64_t>(stat.st_size), stat.st_mtim.tv_sec});
  }
  const int broken = errno;
  ::closedir(stream);
  errno = broken;
  if (broken != 0) return cannot_read(path_of(inside));
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

Result<SourceFiles::File> SourceFiles::file(const std::string& inside) const {
  struct stat stat {};
  if (inside.empty()) {
    Fd file(::fcntl(top_->get(), F_DUPFD_CLOEXEC, 0));
    if (!file || ::fstat(file.get(), &stat) != 0) return cannot_read(path_);
    return File{std::move(file), static_cast<std::uint64_t>(stat.st_size)};
  }
  const auto slash = inside.rfind('/');
  const auto folder = this->folder(slash == inside.npos ? "" : inside.substr(0, slash));
  if (!folder) return fail(folder.error());
  if (::fstat(folder->get(), &stat) != 0) return cannot_read(path_of(inside));
  const uid_t owner = stat.st_uid;
  const std::string name = inside.substr(slash == inside.npos ? 0 : slash + 1);
  Fd file(::openat(folder->get(), name.c_str(), kFile));
  if (!file || ::fstat(file.get(), &stat) != 0) return cannot_read(path_of(inside));
  if (!is_plain_file(stat, owner)) {
    return fail(Error::Code::Denied, path_of(inside) + " is no plain file of the folder's owner");
  }
  return File{std::move(file), static_cast<std::uint64_t>(stat.st_size)};
}

Result<std::string> SourceFiles::text(const std::string& inside, std::uint64_t most) const {
  const auto found = file(inside);
  if (!found) return fail(found.error());
  if (found->size > most) return fail(Error::Code::TooLarge, path_of(inside) + " is too large");
  std::string text(static_cast<std::size_t>(found->size), '\0');
  const auto got = read_at(found->file, 0, text);
  if (got < 0) return cannot_read(path_of(inside));
  text.resize(static_cast<std::size_t>(got));
  return text;
}

std::string path_in(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

}  // namespace waxwing
