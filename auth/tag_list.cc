#include "auth/tag_list.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing {
namespace {

// More are in no list that means well.
constexpr std::size_t kMaxTags = 100;

bool is_white_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_tag_name(std::string_view name) {
  return !name.empty() && is_alpha(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
}

// Octets of UTF-8 are good: RFC 8616 allows them in names of domains.
bool is_tag_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    return is_white_space(c) || (static_cast<unsigned char>(c) > ' ' && c != 127);
  });
}

}  // namespace

std::optional<TagList> TagList::parse(std::string_view text) {
  TagList list;
  if (trim(text).ends_with(';')) text = text.substr(0, text.rfind(';'));
  for (const std::string_view spec : split(text, ';')) {
    const auto equals = spec.find('=');
    if (equals == std::string_view::npos || list.tags_.size() == kMaxTags) return std::nullopt;
    const std::string_view name = trim(spec.substr(0, equals));
    const std::string_view value = trim(spec.substr(equals + 1));
    if (!is_tag_name(name) || !is_tag_value(value) || list.find(name)) return std::nullopt;
    list.tags_.emplace_back(name, value);
  }
  return list;
}

std::optional<std::string> TagList::find(std::string_view name) const {
  for (const auto& [tag, value] : tags_)
    if (tag == name) return value;
  return std::nullopt;
}

std::vector<std::string> TagList::list(std::string_view name) const {
  const auto value = find(name);
  if (!value) return {};
  std::vector<std::string> all;
  for (const std::string_view item : split(*value, ':')) all.emplace_back(trim(item));
  return all;
}

std::string without_white_space(std::string_view text) {
  std::string kept;
  std::ranges::copy_if(text, std::back_inserter(kept), [](char c) { return !is_white_space(c); });
  return kept;
}

}  // namespace waxwing
