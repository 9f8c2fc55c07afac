#include "auth/spf_macro.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::spf {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxParts = 1000;
constexpr std::string_view kDelimiters = ".-+,/_=";

bool is_letter(char lower, MacroString::Grammar grammar) {
  const std::string_view letters =
      grammar == MacroString::Grammar::DomainSpec ? "slodiphv" : "slodiphvcrt";
  return letters.find(lower) != std::string_view::npos;
}

bool is_literal(char c, MacroString::Grammar grammar) {
  if (c == ' ') return grammar == MacroString::Grammar::Explanation;
  return c > ' ' && c < 127 && c != '%';
}

// Letters, digits and hyphens, not only digits, and no hyphen at an end.
bool is_top_label(std::string_view label) {
  const auto is_inner = [](char c) { return is_alnum(c) || c == '-'; };
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, is_inner) && !std::ranges::all_of(label, is_digit);
}

// Whether text that does not end with a macro ends as a domain-spec: "." toplabel [ "." ]
bool ends_as_name(std::string_view tail) {
  if (tail.ends_with('.')) tail.remove_suffix(1);
  const auto dot = tail.rfind('.');
  return dot != std::string_view::npos && is_top_label(tail.substr(dot + 1));
}

std::vector<std::string_view> split_at_any(std::string_view text, std::string_view delimiters) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0;;) {
    const std::size_t at = text.find_first_of(delimiters, from);
    parts.push_back(text.substr(from, at - from));
    if (at == std::string_view::npos) return parts;
    from = at + 1;
  }
}

}  // namespace

std::optional<MacroString> MacroString::parse(std::string_view text, Grammar grammar) {
  MacroString parsed;
  std::string literal;
  bool ends_with_macro = false;
  while (!text.empty()) {
    const char c = text[0];
    text.remove_prefix(1);
    ends_with_macro = c == '%';
    if (c != '%') {
      if (!is_literal(c, grammar)) return std::nullopt;
      literal += c;
      continue;
    }
    if (text.empty()) return std::nullopt;
    if (text[0] == '{') {
      auto piece = parse_macro(text, grammar);
      if (!piece) return std::nullopt;
      if (!literal.empty()) parsed.pieces_.push_back({std::exchange(literal, {})});
      parsed.pieces_.push_back(*std::move(piece));
      continue;
    }
    if (text[0] == '%') {
      literal += '%';
    } else if (text[0] == '_') {
      literal += ' ';
    } else if (text[0] == '-') {
      literal += "%20";
    } else {
      return std::nullopt;
    }
    text.remove_prefix(1);
  }
  if (grammar == Grammar::DomainSpec && !ends_with_macro && !ends_as_name(literal))
    return std::nullopt;
  if (!literal.empty()) parsed.pieces_.push_back({std::move(literal)});
  return parsed;
}

std::optional<MacroString::Piece> MacroString::parse_macro(std::string_view& text,
                                                           Grammar grammar) {
  const auto end = text.find('}');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  std::string_view inner = text.substr(1, end - 1);
  text.remove_prefix(end + 1);

  Piece piece;
  piece.letter = to_lower(inner[0]);
  piece.is_escaped = piece.letter != inner[0];
  if (!is_letter(piece.letter, grammar)) return std::nullopt;
  inner.remove_prefix(1);
  const bool has_digits = !inner.empty() && is_digit(inner[0]);
  for (; !inner.empty() && is_digit(inner[0]); inner.remove_prefix(1))
    piece.parts = std::min(piece.parts * 10 + static_cast<std::size_t>(inner[0] - '0'), kMaxParts);
  if (has_digits && piece.parts == 0) return std::nullopt;
  if (!inner.empty() && to_lower(inner[0]) == 'r') {
    piece.is_reversed = true;
    inner.remove_prefix(1);
  }
  if (inner.find_first_not_of(kDelimiters) != std::string_view::npos) return std::nullopt;
  piece.delimiters = inner;
  return piece;
}

std::string MacroString::expand(const Piece& piece, const Values& values) {
  if (piece.letter == 0) return piece.literal;
  std::string value = values(piece.letter);
  if (piece.is_reversed || piece.parts > 0 || !piece.delimiters.empty()) {
    auto parts = split_at_any(value, piece.delimiters.empty() ? "." : piece.delimiters);
    if (piece.is_reversed) std::ranges::reverse(parts);
    if (piece.parts > 0 && piece.parts < parts.size())
      parts.erase(parts.begin(), parts.end() - static_cast<std::ptrdiff_t>(piece.parts));
    value = join({parts.begin(), parts.end()}, ".");
  }
  return piece.is_escaped ? percent(value, "-._~") : value;
}

std::string MacroString::expand_name(const Values& values) const {
  std::string name;
  for (const Piece& piece : pieces_) {
    name += expand(piece, values);
    // Only the right end counts, however long a stranger makes it.
    if (name.size() > 8 * kMaxName) name.erase(0, name.size() - 4 * kMaxName);
  }
  if (name.ends_with('.')) name.pop_back();
  while (name.size() > kMaxName) {
    const auto dot = name.find('.');
    if (dot == std::string::npos) break;
    name.erase(0, dot + 1);
  }
  return name;
}

std::string MacroString::expand_text(const Values& values, std::size_t max) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    text += expand(piece, values);
    if (text.size() >= max) break;
  }
  text.resize(std::min(text.size(), max));
  return text;
}

}  // namespace waxwing::spf
