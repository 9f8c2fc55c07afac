#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/text.h"

namespace waxwing::mail {

// One header field, as views into the block it was found in.
struct HeaderField {
  std::string_view name;   // empty when the line has no colon, or something before it is no name
  std::string_view value;  // behind the colon: raw, with folds and without the last line end
  std::string_view raw;    // the whole field with its line ends
};

// Walks the fields of a header block; ends at an empty line or where the block ends. Lines may end
// with CRLF or LF. Nothing is refused: a line that is no field comes with an empty name.
//   for (HeaderWalker walker(block); auto field = walker.next();) ...
class HeaderWalker {
 public:
  explicit HeaderWalker(std::string_view block) : rest_(block) {}
  std::optional<HeaderField> next();
  // What next() has not looked at yet; starts with the empty line once next() returned nothing.
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// The value as one line: folds become their white space, other line ends and NULs vanish, white
// space at both ends is cut.  RFC 5322 section 2.2.3
std::string unfold(std::string_view value);

// The unfolded value of the first field of that name, or of all.
std::optional<std::string> find_field(std::string_view block, std::string_view name);
std::vector<std::string> find_fields(std::string_view block, std::string_view name);

// The bytes of the fields that are (Only) or are not (Except) named, in their order, and the empty
// line. Names compare ignoring case.  RFC 9051 section 6.4.5.1, HEADER.FIELDS and HEADER.FIELDS.NOT
enum class Keep { Only, Except };
class FieldFilter {
 public:
  FieldFilter(Keep keep, const std::vector<std::string>& names);
  std::string apply(std::string_view block) const;

 private:
  bool is_named(std::string_view name) const;

  Keep keep_;
  // Both may be many: a header of empty fields, and all the names that a command has room for.
  std::unordered_set<std::string, StringHash, std::equal_to<>> names_;  // lower case
};
// For one block.
std::string filter_header(std::string_view block, Keep keep, const std::vector<std::string>& names);

// Where the header block of a whole message ends: behind its empty line; all of it if there is
// none.
std::size_t header_size(std::string_view message);

}  // namespace waxwing::mail
