#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waxwing {

// A set of what may be done with a mailbox.  RFC 4314 section 2.1
class Rights {
 public:
  enum Right : unsigned {
    kLookup = 1 << 0,          // l: it is listed
    kRead = 1 << 1,            // r
    kSeen = 1 << 2,            // s: change \Seen
    kWrite = 1 << 3,           // w: change other flags, but for \Deleted
    kInsert = 1 << 4,          // i: put messages in
    kPost = 1 << 5,            // p: send mail to it; nothing here asks for that
    kCreate = 1 << 6,          // k: make mailboxes below
    kDelete = 1 << 7,          // x: delete or rename it
    kDeleteMessages = 1 << 8,  // t: change \Deleted
    kExpunge = 1 << 9,         // e
    kAdminister = 1 << 10,     // a: change who may do what
    kAnnotate = 1 << 11,       // n: change shared annotations of messages.  RFC 5257 section 3.4
  };

  constexpr Rights() = default;
  constexpr Rights(unsigned bits) : bits_(bits) {}  // NOLINT: a Right is a set of one
  static constexpr Rights all() { return Rights((1 << 12) - 1); }

  // "lrswi"; "c" stands for "kx" and "d" for "et". Nothing when there is an unknown letter.
  // RFC 4314 section 2.1.1
  static std::optional<Rights> parse(std::string_view letters);
  // Each letter once, with "c" where there is one of "kx", and "d" where there is one of "et".
  std::string letters() const;

  constexpr bool has(Rights other) const { return (bits_ & other.bits_) == other.bits_; }
  constexpr bool has_any(Rights other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool is_none() const { return bits_ == 0; }
  constexpr Rights operator|(Rights other) const { return Rights(bits_ | other.bits_); }
  constexpr Rights without(Rights other) const { return Rights(bits_ & ~other.bits_); }
  bool operator==(const Rights&) const = default;

 private:
  unsigned bits_ = 0;
};

}  // namespace waxwing
