#pragma once

#include <cstddef>
#include <string_view>

namespace waxwing::mail {

// Character references of HTML.  https://html.spec.whatwg.org/multipage/named-characters.html

// What a reference begins with, and how much of the text that takes.
struct NamedCharacter {
  char32_t character = 0;
  std::size_t size = 0;  // 0: no reference
};

// No name that is known is longer.
constexpr std::size_t kMaxEntityName = 24;

// The reference whose "&" stands before this text: "eacute;" and also "eacute", which old names
// (those of Latin-1, and & < > ") may be, even with other letters behind them. Knows the names of
// HTML 4.01 and those of HTML5 for punctuation and for European letters.
NamedCharacter find_named_character(std::string_view text);

// What "&#N;" means: 128 to 159 are of windows-1252, and U+FFFD stands for what is no character.
char32_t numeric_character(char32_t number);

}  // namespace waxwing::mail
