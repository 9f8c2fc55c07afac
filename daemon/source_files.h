#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace waxwing {

// The files that an import reads. Root may read them while users own the folders they lie in, so no
// link in there is followed, symbolic or to somebody else's file, at any level and at any time:
// what it leads to may be a secret, and the message that is made of it belongs to the user. Only
// what the operator names himself may be a link. Held by one thread at a time; blocks.
class SourceFiles {
 public:
  // A folder, or a single file. NotFound, Denied.
  static Result<SourceFiles> open(const std::string& path);

  bool is_folder() const { return is_folder_; }
  // For messages: where `inside`, a path with "/" between levels, lies.
  std::string path_of(const std::string& inside) const;

  enum class Kind { File, Folder, Other };
  struct Entry {
    std::string name;
    Kind kind = Kind::Other;
    std::uint64_t size = 0;
    std::int64_t changed = 0;  // Unix seconds
  };
  // What is in a folder, sorted by name, without "." and "..". The empty path is the source itself.
  Result<std::vector<Entry>> list(const std::string& inside) const;

  struct File {
    Fd file;
    std::uint64_t size = 0;
  };
  // The empty path is the source itself, where that is a file. NotFound when there is nothing;
  // Denied for what is no plain file of the folder's owner.
  Result<File> file(const std::string& inside) const;
  // All of a file that has no more than `most` octets.
  Result<std::string> text(const std::string& inside, std::uint64_t most) const;

 private:
  Result<Fd> folder(const std::string& inside) const;

  std::string path_;
  std::shared_ptr<const Fd> top_;
  bool is_folder_ = false;
};

// The path of something in a folder inside a source, of which the source itself is the empty one.
std::string path_in(const std::string& folder, const std::string& name);

// Why Kind::Other is left out.
inline constexpr const char* kNoPlainFile = "a link, or something else that is no plain file";

}  // namespace waxwing
