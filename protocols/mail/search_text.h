#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/mail/decoded.h"
#include "protocols/mail/html_text.h"
#include "protocols/mail/message.h"

namespace waxwing::mail {

// What there is to search in a message, and where its limits are. Who scans messages and who
// indexes them read the same here, so that both find the same.

// The header of a message is searched up to here.
constexpr std::uint64_t kMaxSearchedHeader = 1024 * 1024;

// The value of a header field as people read it, in UTF-8, not folded.
std::string searched_value(std::string_view raw);

// The text parts of a message, and the headers of messages enclosed in it and of its parts, in
// UTF-8; of HTML what its reader sees, with <title> and what stands for images. Attachments that
// are no text are not read. Piece by piece, so that neither memory nor the time for one piece grows
// with the message. Held by one thread at a time.
class SearchText {
 public:
  enum class PartHeaders { Without, With };
  SearchText(Message message, ReadRange read, PartHeaders part_headers);
  SearchText(const SearchText&) = delete;
  SearchText& operator=(const SearchText&) = delete;

  struct Piece {
    enum class Kind { EnclosedHeader, PartHeader, Text };
    Kind kind = Kind::Text;
    std::string text;      // of headers: the block as it is in the message
    bool is_first = true;  // false: goes on where the last piece ended
  };
  // Nothing at the end.
  Result<std::optional<Piece>> next();
  bool is_over() const { return !text_ && next_job_ == jobs_.size(); }

 private:
  struct Job {
    Piece::Kind kind;
    const Part* part;
  };
  struct Text {
    Decoded decoded;
    std::string charset;
    std::optional<HtmlText> html;  // where that is what it is
    std::string bytes;             // read and not yet given out
    bool is_first = true;
  };

  void plan(const Part& part, PartHeaders part_headers);
  Result<std::optional<Piece>> header(const Job& job);
  void begin_text(const Part& part);
  Result<std::optional<Piece>> text();

  Message message_;
  ReadRange read_;
  std::vector<Job> jobs_;
  std::size_t next_job_ = 0;
  std::optional<Text> text_;
};

}  // namespace waxwing::mail
