#pragma once

#include <string>
#include <string_view>

namespace waxwing::imap {

// A subject without what replies, forwards and lists put around it: "Re: [list] Lunch (fwd)" is
// "Lunch".  RFC 5256 section 2.1
struct BaseSubject {
  std::string text;       // UTF-8
  bool is_reply = false;  // "Re:", "Fwd:", "(fwd)" or "[fwd: ...]" was taken away
};

// From the value of a Subject: field, raw or unfolded. In time that grows with its length alone.
BaseSubject base_subject(std::string_view subject);

}  // namespace waxwing::imap
