#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waxwing {

// "v=1; a=rsa-sha256; ...", as signatures and key records have it, and DMARC too.  RFC 6376
// section 3.2
class TagList {
 public:
  // Nothing for what is no such list: a tag twice, without a name, with control characters. Folds
  // and white space around names and values are taken away; names are case-sensitive.
  static std::optional<TagList> parse(std::string_view text);

  // The value, or nothing when there is no such tag.
  std::optional<std::string> find(std::string_view name) const;
  // The values between colons, each without the white space around it.
  std::vector<std::string> list(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& tags() const { return tags_; }

 private:
  std::vector<std::pair<std::string, std::string>> tags_;
};

// Without any spaces, tabs, CR and LF, as the values of base64 are read.
std::string without_white_space(std::string_view text);

}  // namespace waxwing
