#pragma once

#include <string>
#include <string_view>

namespace waxwing::mail {

// Text of a body part, as much of it as was kept.
struct TextSample {
  std::string bytes;  // before the transfer encoding is undone
  std::string encoding;
  std::string charset;
  bool is_html = false;
};

// At most 200 characters of UTF-8 on one line: what a list of messages shows.  RFC 8970
std::string make_preview(const TextSample& sample);

}  // namespace waxwing::mail
