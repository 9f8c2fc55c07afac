#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waxwing::imap {

// How names travel in this session: modified UTF-7 (RFC 3501 section 5.1.3), or UTF-8 once the
// client has enabled IMAP4rev2 or UTF8=ACCEPT.
enum class NameEncoding { ModifiedUtf7, Utf8 };

// A mailbox name as the store knows it: UTF-8 in NFC, "/" between levels, INBOX spelled INBOX, also
// as first level. Invalid, with a sentence for the client, for a name that no mailbox can have:
// malformed UTF-7 or UTF-8, control characters, "*" or "%", empty levels. One closing "/" is
// dropped (CREATE, RFC 9051 section 6.3.4). Lenient where clients are: UTF-8 that is well formed is
// taken in both encodings, and "&" that starts no modified UTF-7 is refused only in ModifiedUtf7.
Result<std::string> decode_name(std::string_view wire, NameEncoding encoding);
// For the client, before quoting.
std::string encode_name(std::string_view name, NameEncoding encoding);

// The reference and a pattern of LIST as one pattern in UTF-8.  RFC 9051 section 6.3.9
// Nothing for a pattern that no name can match.
std::optional<std::string> canonical_pattern(std::string_view reference, std::string_view pattern,
                                             NameEncoding encoding);

// A pattern, made ready for many names. "*" matches anything, "%" anything but "/". INBOX matches
// in any case.
class Pattern {
 public:
  explicit Pattern(std::string_view text);
  // Time is bounded by the product of both lengths, divided by 64.
  bool matches(std::string_view name) const;
  // Those next to each other count as one.
  std::size_t wildcards() const { return wildcards_; }

 private:
  using Word = std::uint64_t;
  const Word* places_of(char c) const;

  // Bit j of such a row is about the place before octet j of the text.
  std::size_t words_ = 0;
  std::size_t end_ = 0;  // the place behind all
  std::size_t wildcards_ = 0;
  std::vector<Word> stars_, all_wildcards_;  // before "*"; before "*" or "%"
  // Before each octet that is no wildcard: a row for each that there is, behind one for the others.
  std::array<std::uint16_t, 256> rows_{};
  std::vector<Word> octets_;
};

// The same for one name.
bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace waxwing::imap
