#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waxwing::imap {

// How SEARCH, SORT and THREAD compare texts.  RFC 4790, RFC 5255 section 4
enum class Collation {
  UnicodeCasemap,  // i;unicode-casemap, which is the default.  RFC 5051
  AsciiCasemap,    // i;ascii-casemap
};

std::string_view name_of(Collation collation);

// UTF-8 in a form that contains the needle, in the same form, where the text does. Every run of
// blanks and tabs is one blank.
std::string fold(Collation collation, std::string_view utf8);
// UTF-8 in a form whose octets compare as the texts do.
std::string order_key(Collation collation, std::string_view utf8);

// Could this be what a client asks for a collation with: "i;basic", "cz;*", "+i;*"?  RFC 4790
// sections 3.2 and 3.3
bool is_collation_order(std::string_view text);
// Those that there are of that name or pattern, the most useful first; "default" is one. No order
// can be reversed ("-").
std::vector<Collation> find_collations(std::string_view order);

}  // namespace waxwing::imap
