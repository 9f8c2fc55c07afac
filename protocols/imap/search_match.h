#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/section.h"
#include "protocols/mail/message.h"

namespace waxwing::imap {

// What is searched for is folded (mail::fold_for_search) once; what is searched in, as it is read.

// The header of a message, decoded and folded field by field when a search key asks for it. Holds a
// view of the block.
class SearchedHeader {
 public:
  explicit SearchedHeader(std::string_view block);

  // A field of this name (in lower case) contains the needle; with an empty needle: is there.
  bool contains(std::string_view name, std::string_view needle);
  // "name: value" of any field contains it.
  bool contains(std::string_view needle);
  // The day of the Date: field on its sender's calendar, since 1970-01-01.
  std::optional<std::int64_t> sent_day() const;

 private:
  struct Field {
    std::string name;  // lower case
    std::string_view raw;
    std::optional<std::string> folded;  // the value
  };
  const std::string& folded(Field& field);

  std::vector<Field> fields_;
};

// Looks for all needles in the text parts of a message, and in the headers of messages enclosed in
// it, reading each part once and in slices. Answers by the needle's position; stops early when all
// are found. Attachments that are no text are not read.
Result<std::vector<bool>> find_in_body(const mail::Message& message, const ReadRange& read,
                                       const std::vector<std::string>& needles);

}  // namespace waxwing::imap
