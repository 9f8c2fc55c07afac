#include "protocols/mail/header.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace waxwing::mail {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Just behind the line that starts at `from`.
std::size_t line_end(std::string_view text, std::size_t from) {
  const std::size_t newline = text.find('\n', from);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

bool starts_with_empty_line(std::string_view text) {
  return text.starts_with("\r\n") || text.starts_with('\n');
}

// What stands before the colon; obsolete syntax allows white space there.  RFC 5322 section 4.5
std::string_view field_name(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  for (const char c : text) {
    if (c <= ' ' || c == 127) return {};
  }
  return text;
}

}  // namespace

std::optional<HeaderField> HeaderWalker::next() {
  if (rest_.empty() || starts_with_empty_line(rest_)) return std::nullopt;
  std::size_t end = line_end(rest_, 0);
  const std::string_view first = rest_.substr(0, end);
  while (end < rest_.size() && is_blank(rest_[end])) end = line_end(rest_, end);

  HeaderField field;
  field.raw = rest_.substr(0, end);
  rest_.remove_prefix(end);
  const std::size_t colon = first.find(':');
  if (colon == std::string_view::npos) return field;
  field.name = field_name(first.substr(0, colon));
  field.value = field.raw.substr(colon + 1);
  if (field.value.ends_with('\n')) field.value.remove_suffix(1);
  if (field.value.ends_with('\r')) field.value.remove_suffix(1);
  return field;
}

std::string unfold(std::string_view value) {
  std::string line;
  line.reserve(value.size());
  for (const char c : value) {
    if (c != '\r' && c != '\n' && c != '\0') line += c;
  }
  return std::string(trim(line));
}

std::optional<std::string> find_field(std::string_view block, std::string_view name) {
  for (HeaderWalker walker(block); const auto field = walker.next();) {
    if (equals_ignoring_case(field->name, name)) return unfold(field->value);
  }
  return std::nullopt;
}

std::vector<std::string> find_fields(std::string_view block, std::string_view name) {
  std::vector<std::string> values;
  for (HeaderWalker walker(block); const auto field = walker.next();) {
    if (equals_ignoring_case(field->name, name)) values.push_back(unfold(field->value));
  }
  return values;
}

FieldFilter::FieldFilter(Keep keep, const std::vector<std::string>& names) : keep_(keep) {
  for (const std::string& name : names) names_.insert(to_lower(name));
}

bool FieldFilter::is_named(std::string_view name) const {
  std::array<char, 64> lower;
  if (name.size() > lower.size()) return names_.contains(to_lower(name));
  std::transform(name.begin(), name.end(), lower.begin(), [](char c) { return to_lower(c); });
  return names_.contains(std::string_view(lower.data(), name.size()));
}

std::string FieldFilter::apply(std::string_view block) const {
  std::string kept;
  HeaderWalker walker(block);
  while (const auto field = walker.next()) {
    if (is_named(field->name) == (keep_ == Keep::Only)) kept += field->raw;
  }
  if (!kept.empty() && !kept.ends_with('\n')) kept += "\r\n";
  return kept += "\r\n";
}

std::string filter_header(std::string_view block, Keep keep,
                          const std::vector<std::string>& names) {
  return FieldFilter(keep, names).apply(block);
}

std::size_t header_size(std::string_view message) {
  for (std::size_t at = 0; at < message.size();) {
    if (starts_with_empty_line(message.substr(at))) return line_end(message, at);
    at = line_end(message, at);
  }
  return message.size();
}

}  // namespace waxwing::mail
