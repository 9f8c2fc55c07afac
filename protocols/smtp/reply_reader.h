#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "protocols/input.h"
#include "protocols/smtp/intake.h"

namespace waxwing::smtp {

// Cuts what a server says into replies, for our client. Lines may end with a line feed alone: some
// servers' do. Other than a client's lines they carry no commands. RFC 5321 section 4.2.1
class ReplyReader {
 public:
  // Takes one whole reply out of the input; nothing while there is none. The lines of its text are
  // joined by '\n', an enhanced status code is taken out of each of them.
  std::optional<Reply> next(Input& input);
  // What came is no SMTP, or a reply without end: nothing more can be read.
  bool is_broken() const { return is_broken_; }

 private:
  bool take_line(std::string_view line);

  Reply reply_;
  std::size_t size_ = 0;
  bool is_first_ = true, is_broken_ = false;
};

// "x.y.z" of RFC 3463 at the start of a text; empty where there is none that fits the code.
std::string_view enhanced_status(int code, std::string_view text);

}  // namespace waxwing::smtp
