#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace waxwing {

// The only way to the disk: the seam where tests inject faults. Errors carry the path and the
// system's words; ENOSPC and EDQUOT are NoSpace, ENOENT NotFound, EEXIST AlreadyExists, EMLINK and
// EXDEV Limit, all else Temporary. Any thread.
class Disk {
 public:
  virtual ~Disk() = default;

  // Create: new file 0600, AlreadyExists if there is one. Append: writes go to the end. Read does
  // not wait for the writer of a FIFO.
  enum class Mode { Read, Write, Append, Create };
  virtual Result<Fd> open(const std::string& path, Mode mode) = 0;
  virtual Outcome write(const Fd& file, std::string_view bytes) = 0;  // all of them
  static constexpr std::size_t kPiece = 256 * 1024;  // of a file that is read piece by piece
  virtual Result<std::string> read(const Fd& file, std::uint64_t offset, std::size_t size) = 0;
  virtual Outcome sync(const Fd& file) = 0;  // fsync
  virtual Outcome sync_directory(const std::string& path) = 0;
  virtual Outcome link(const std::string& from, const std::string& to) = 0;
  virtual Outcome rename(const std::string& from, const std::string& to) = 0;
  virtual Outcome remove(const std::string& path) = 0;          // unlink; NotFound is an error
  virtual Outcome make_directory(const std::string& path) = 0;  // 0700; existing is fine
  virtual Outcome remove_tree(const std::string& path) = 0;
  virtual Outcome set_time(const Fd& file, std::int64_t unix_seconds) = 0;

  struct Entry {
    std::string name;
    bool is_directory = false;
  };
  virtual Outcome list(const std::string& path, const std::function<void(const Entry&)>& visit) = 0;
  struct Stat {
    std::uint64_t size = 0;
    std::int64_t modified = 0;  // Unix seconds
    std::int64_t modified_nanoseconds = 0;
    std::int64_t changed = 0;  // when it last got a name, lost one or changed, Unix seconds
    std::uint64_t inode = 0;
    bool is_directory = false;
    bool is_regular = false;
  };
  virtual Result<Stat> stat(const std::string& path) = 0;
  // Whether somebody has this file, which we read, open for writing. An error: the system does not
  // tell, as of files of another user.
  virtual Result<bool> is_being_written(const Fd& file) = 0;
  // Whether some of it was never written: after a power cut a file can have its size before its
  // bytes. False where the file system does not tell.
  virtual Result<bool> has_hole(const Fd& file) = 0;
  virtual Result<std::uint64_t> free_space(const std::string& path) = 0;
  // "ext4", "xfs" or another name: on the first two one fsync is enough.
  virtual Result<std::string> file_system(const std::string& path) = 0;
};

// The real one.
class SystemDisk final : public Disk {
 public:
  Result<Fd> open(const std::string& path, Mode mode) override;
  Outcome write(const Fd& file, std::string_view bytes) override;
  Result<std::string> read(const Fd& file, std::uint64_t offset, std::size_t size) override;
  Outcome sync(const Fd& file) override;
  Outcome sync_directory(const std::string& path) override;
  Outcome link(const std::string& from, const std::string& to) override;
  Outcome rename(const std::string& from, const std::string& to) override;
  Outcome remove(const std::string& path) override;
  Outcome make_directory(const std::string& path) override;
  Outcome remove_tree(const std::string& path) override;
  Outcome set_time(const Fd& file, std::int64_t unix_seconds) override;
  Outcome list(const std::string& path, const std::function<void(const Entry&)>& visit) override;
  Result<Stat> stat(const std::string& path) override;
  Result<bool> is_being_written(const Fd& file) override;
  Result<bool> has_hole(const Fd& file) override;
  Result<std::uint64_t> free_space(const std::string& path) override;
  Result<std::string> file_system(const std::string& path) override;
};

}  // namespace waxwing
