#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

// ASCII only, never by locale: what protocols mean by "case-insensitive".
char to_lower(char c);
char to_upper(char c);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

bool is_digit(char c);
bool is_alpha(char c);
bool is_alnum(char c);

// Without spaces, tabs, CR and LF at both ends.
std::string_view trim(std::string_view text);
// All pieces, empty ones too: split("a,,b", ',') is {"a", "", "b"}.
std::vector<std::string_view> split(std::string_view text, char separator);
// The pieces between runs of spaces and tabs, none of them empty.
std::vector<std::string_view> words(std::string_view text);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);

// The whole text as an unsigned decimal number; nothing on any other character, on an empty text
// and on a number over max.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max = UINT64_MAX);

// Well-formed UTF-8 without surrogates and overlong forms.  RFC 3629
bool is_utf8(std::string_view text);
bool is_ascii(std::string_view text);
// Printable for a log or a reply: other bytes become \xNN, and no more than max bytes come back.
std::string printable(std::string_view text, std::size_t max = 200);

// Lets unordered_map<string, ...> look up a string_view without a copy.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace waxwing
