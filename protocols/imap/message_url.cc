#include "protocols/imap/message_url.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"
#include "protocols/imap/lexer.h"
#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMaxMessageUrl = 8 * 1024;

std::size_t find_ignoring_case(std::string_view text, std::string_view word) {
  const auto* const found =
      std::search(text.begin(), text.end(), word.begin(), word.end(),
                  [](char one, char other) { return to_upper(one) == to_upper(other); });
  return found == text.end() ? std::string_view::npos
                             : static_cast<std::size_t>(found - text.begin());
}

// Cuts "/;WORD=value" off the end of the path, if it is there.
std::optional<std::string_view> take_parameter(std::string_view& path, std::string_view word) {
  const auto at = find_ignoring_case(path, word);
  if (at == std::string_view::npos) return std::nullopt;
  const auto value = path.substr(at + word.size());
  path = path.substr(0, at);
  return value;
}

std::optional<Section> parse_section_text(std::string_view text) {
  const auto decoded = from_percent(text);
  if (!decoded) return std::nullopt;
  RawCommand raw;
  raw.text = "[" + *decoded + "]";
  Lexer lexer(raw);
  Section section = parse_section(lexer, Texts::Allowed);
  lexer.end();
  if (!lexer.ok()) return std::nullopt;
  return section;
}

// "0.1024", or "0": all from there on.
std::optional<Partial> parse_range(std::string_view text) {
  const auto dot = text.find('.');
  const auto offset = parse_number(text.substr(0, dot), INT64_MAX);
  const auto size = dot == std::string_view::npos ? std::optional<std::uint64_t>(INT64_MAX)
                                                  : parse_number(text.substr(dot + 1), INT64_MAX);
  if (!offset || !size || *size == 0) return std::nullopt;
  return Partial{*offset, *size};
}

std::optional<std::uint32_t> parse_nz_number(std::string_view text) {
  const auto number = parse_number(text, UINT32_MAX);
  if (!number || *number == 0) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::optional<MessageUrl> parse_message_url(std::string_view url, std::string_view selected) {
  if (url.size() > kMaxMessageUrl || url.starts_with("//")) return std::nullopt;
  const bool is_absolute = url.starts_with('/');
  // As if it were "/mailbox/;UID=...": what follows the mailbox always starts with "/;".
  std::string whole(is_absolute ? "" : "/");
  whole += url;
  std::string_view path = whole;
  MessageUrl result;
  if (const auto text = take_parameter(path, "/;PARTIAL=")) {
    if (!(result.partial = parse_range(*text))) return std::nullopt;
  }
  if (const auto text = take_parameter(path, "/;SECTION=")) {
    auto section = parse_section_text(*text);
    if (!section) return std::nullopt;
    result.section = std::move(*section);
  }
  const auto uid = take_parameter(path, "/;UID=");
  const auto number = uid ? parse_nz_number(*uid) : std::nullopt;
  if (!number) return std::nullopt;
  result.uid = *number;
  if (const auto text = take_parameter(path, ";UIDVALIDITY=")) {
    if (!(result.uid_validity = parse_nz_number(*text))) return std::nullopt;
  }
  if (path.starts_with('/')) path.remove_prefix(1);
  // A scheme, or parameters that say something else than we know.
  if (path.find_first_of(is_absolute ? ";" : ":;") != std::string_view::npos) return std::nullopt;
  const auto name = from_percent(path);
  if (!name) return std::nullopt;
  if (name->empty()) {
    if (selected.empty()) return std::nullopt;
    result.mailbox = selected;
    return result;
  }
  // What is relative takes the place of the last level of the base.  RFC 3986 section 5.2.3
  const auto levels = is_absolute ? 0 : selected.rfind('/') + 1;
  result.mailbox = std::string(selected.substr(0, levels)) + *name;
  return result;
}

}  // namespace waxwing::imap
