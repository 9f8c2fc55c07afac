#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace waxwing {

// A folder that an export fills. Nothing outside of it is reached, no link is followed and nothing
// that is there already is written to, whoever else may write there: names are those of users'
// mailboxes, and whoever types the command may be root. Held by one thread at a time; blocks.
class OutputFolder {
 public:
  // Made, with the folders above it, unless it is there and empty: AlreadyExists when it is not.
  static Result<OutputFolder> open_empty(const std::string& path);

  // A folder in it; made unless it is there and ours.
  Result<OutputFolder> folder(const std::string& name) const;
  // AlreadyExists when there is anything of that name.
  Result<Fd> new_file(const std::string& name) const;
  Outcome new_file(const std::string& name, std::string_view text) const;
  const std::string& path() const { return path_; }

 private:
  OutputFolder(Fd folder, std::string path)
      : folder_(std::make_shared<const Fd>(std::move(folder))), path_(std::move(path)) {}

  std::shared_ptr<const Fd> folder_;
  std::string path_;  // for messages
};

// `path` is for the message.
Outcome write_all(const Fd& file, std::string_view text, const std::string& path);

}  // namespace waxwing
