#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waxwing::mail {

// Bytes in any charset that mail uses, as well-formed UTF-8; what is broken becomes U+FFFD. Nothing
// when the charset has no known name. ASCII that is not ASCII is read as UTF-8 if it is, else as
// windows-1252, and so is ISO-8859-1: that is what its senders mean.
std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset);
// The same for a charset that may be unknown or missing: a guess that never fails.
std::string guess_utf8(std::string_view bytes, std::string_view charset = {});
bool is_known_charset(std::string_view charset);

// UTF-8 in a form in which texts that differ only by case or by compatibility are equal: what
// SEARCH compares, in the spirit of i;unicode-casemap (RFC 5051). Ill-formed bytes become U+FFFD,
// and every run of blanks and tabs one blank: where a field was folded nobody remembers.
std::string fold_for_search(std::string_view utf8);

// Every run of blanks and tabs is one blank.
std::string with_single_blanks(std::string text);

// i;unicode-casemap, for putting texts in order: octets of keys compare as the texts do. The key is
// in title case, so that "_" and "[" come behind the letters.  RFC 5051
std::string casemap_key(std::string_view utf8);

// NFC, and case-folded NFC for names that identify. Nothing for ill-formed UTF-8.
std::optional<std::string> to_nfc(std::string_view utf8);
std::optional<std::string> to_folded_nfc(std::string_view utf8);
std::optional<std::string> to_lower_utf8(std::string_view utf8);

// The first `count` characters of well-formed UTF-8.
std::string_view first_characters(std::string_view utf8, std::size_t count);
// The character at `position` of well-formed UTF-8; moves `position` behind it.
char32_t next_character(std::string_view utf8, std::size_t& position);
// Appends one character.
void append_utf8(std::string& text, char32_t character);

}  // namespace waxwing::mail
