#include "protocols/imap/annotation.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/name.h"
#include "protocols/imap/section.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

using Attribute = AnnotationItem::Attribute;

constexpr std::string_view kPartFlags[] = {"seen", "answered", "flagged", "forwarded"};

bool is_clean(std::string_view name) {
  return name.size() <= kMaxAnnotationEntry && name.find("//") == name.npos &&
         !name.ends_with('/') &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c < 0x7f; });
}

// "1.2".  RFC 3501 section 9, section-part
std::optional<std::vector<std::uint32_t>> parse_part(std::string_view text) {
  std::vector<std::uint32_t> part;
  for (const std::string_view number : split(text, '.')) {
    const auto value = parse_number(number, UINT32_MAX);
    if (!value || number.starts_with('0')) return std::nullopt;
    part.push_back(static_cast<std::uint32_t>(*value));
  }
  return part;
}

// "/vendor/<vendor-token>", and what its vendor puts below.
bool is_vendors(std::span<const std::string_view> levels) {
  return levels.size() >= 2 && levels[0] == "vendor";
}

// What may stand behind a part: "comment", "flags/seen", "vendor/...".
bool is_of_part(std::span<const std::string_view> levels) {
  if (levels.size() == 1) return levels[0] == "comment";
  if (levels.size() == 2 && levels[0] == "flags") {
    return std::ranges::count(kPartFlags, levels[1]) > 0;
  }
  return is_vendors(levels);
}

std::vector<std::string_view> levels_of(std::string_view name) {
  return split(name.substr(1), '/');
}

void write_value(const std::string* value, std::string& text) {
  if (value == nullptr) {
    text += "NIL";
  } else if (value->find('\0') != std::string::npos) {
    text += literal8_head(value->size()) + *value;
  } else {
    text += to_string(*value);
  }
}

struct Values {
  const std::string* own = nullptr;
  const std::string* shared = nullptr;

  const std::string* of(Attribute attribute) const {
    const bool is_own = attribute == Attribute::PrivateValue || attribute == Attribute::PrivateSize;
    return is_own ? own : shared;
  }
};

void write_entry(std::string_view entry, const Values& values,
                 const std::vector<Attribute>& attributes, std::string& text) {
  text += to_astring(entry) + " (";
  std::string_view separator;
  for (const Attribute attribute : attributes) {
    const std::string* value = values.of(attribute);
    text += separator;
    separator = " ";
    switch (attribute) {
      case Attribute::PrivateValue: text += "value.priv "; break;
      case Attribute::SharedValue: text += "value.shared "; break;
      case Attribute::PrivateSize: text += "size.priv "; break;
      case Attribute::SharedSize: text += "size.shared "; break;
    }
    const bool is_size = attribute == Attribute::PrivateSize || attribute == Attribute::SharedSize;
    if (is_size) {
      text += "\"" + std::to_string(value ? value->size() : 0) + "\"";
    } else {
      write_value(value, text);
    }
  }
  text += ")";
}

}  // namespace

bool has_wildcards(std::string_view pattern) {
  return pattern.find_first_of("*%") != pattern.npos;
}

bool is_annotation_entry(std::string_view name) {
  if (name.size() < 2 || name.front() != '/' || !is_clean(name) || has_wildcards(name)) {
    return false;
  }
  const auto levels = levels_of(name);
  if (is_digit(levels[0].empty() ? ' ' : levels[0].front())) {
    return parse_part(levels[0]).has_value() && is_of_part(std::span(levels).subspan(1));
  }
  return name == "/comment" || name == "/altsubject" || is_vendors(levels);
}

bool is_annotation_pattern(std::string_view pattern) {
  if (!has_wildcards(pattern)) return is_annotation_entry(pattern);
  if (!is_clean(pattern)) return false;
  if (pattern.front() != '/') return pattern.front() == '*' || pattern.front() == '%';
  const auto first = levels_of(pattern)[0];
  return first.empty() || !is_digit(first.front()) || has_wildcards(first) ||
         parse_part(first).has_value();
}

bool is_annotation_flag(std::string_view entry) {
  const auto levels = levels_of(entry);
  return levels.size() == 3 && is_digit(levels[0].front()) && levels[1] == "flags";
}

std::vector<std::uint32_t> part_of_entry(std::string_view entry) {
  const auto first = levels_of(entry)[0];
  if (first.empty() || !is_digit(first.front())) return {};
  return parse_part(first).value_or(std::vector<std::uint32_t>());
}

bool AnnotationItem::wants(std::string_view entry) const {
  return std::ranges::any_of(entries, [&](const std::string& pattern) {
    return pattern == entry || (has_wildcards(pattern) && matches_pattern(entry, pattern));
  });
}

std::string annotation_text(const AnnotationItem& item,
                            std::span<const MessageAnnotation> annotations) {
  std::map<std::string_view, Values> known;
  for (const auto& each : annotations) {
    Values& values = known[each.entry];
    (each.whose == Whose::Private ? values.own : values.shared) = &each.value;
  }
  std::string text;
  std::set<std::string_view> told;
  const auto tell = [&](std::string_view entry, const Values& values) {
    if (!told.insert(entry).second) return;
    text += text.empty() ? "ANNOTATION (" : " ";
    write_entry(entry, values, item.attributes, text);
  };
  for (const std::string& pattern : item.entries) {
    if (!has_wildcards(pattern)) {
      const auto found = known.find(pattern);
      tell(pattern, found == known.end() ? Values{} : found->second);
      continue;
    }
    for (const auto& each : known) {
      // What is asked of it is there.
      const bool is_there = std::ranges::any_of(item.attributes, [&](Attribute attribute) {
        return each.second.of(attribute) != nullptr;
      });
      if (is_there && matches_pattern(each.first, pattern)) tell(each.first, each.second);
    }
  }
  return text.empty() ? text : text + ")";
}

std::optional<Reply> refuse_annotations(const Conversation& conversation,
                                        std::span<const AnnotationChange> changes) {
  if (changes.empty()) return std::nullopt;
  if (!conversation.offers(kAnnotate)) return Reply::bad("Messages are not annotated here");
  const bool is_too_long = std::ranges::any_of(changes, [](const AnnotationChange& change) {
    return change.value && change.value->size() > kMaxAnnotationValue;
  });
  if (is_too_long) return Reply::no("The value is too long", "ANNOTATE TOOBIG");
  if (!are_few(changes)) {
    return Reply::no("That are too many annotations of one message", "ANNOTATE TOOMANY");
  }
  return std::nullopt;
}

bool speaks_of_parts(std::span<const AnnotationChange> changes) {
  return std::ranges::any_of(
      changes, [](const auto& change) { return !part_of_entry(change.entry).empty(); });
}

bool has_parts(std::span<const AnnotationChange> changes, const mail::Message& message) {
  return std::ranges::all_of(changes, [&](const auto& change) {
    const auto part = part_of_entry(change.entry);
    return part.empty() || find_part(part, message) != nullptr;
  });
}

Reply no_such_part() {
  return Reply::bad("There is no such part in the message");
}

}  // namespace waxwing::imap
