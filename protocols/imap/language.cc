#include "protocols/imap/language.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "protocols/imap/catalogue.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMaxRange = 100;
constexpr std::size_t kMaxSubtag = 8;

struct LanguageName {
  std::string_view tag;
  Language language;
};
constexpr LanguageName kLanguageNames[] = {
    {"i-default", Language::Default},
    {"en", Language::English},
    {"de", Language::German},
};

}  // namespace

std::string_view name_of(Language language) {
  return std::ranges::find(kLanguageNames, language, &LanguageName::language)->tag;
}

std::vector<Language> all_languages() {
  std::vector<Language> all;
  for (const LanguageName& name : kLanguageNames) all.push_back(name.language);
  return all;
}

bool is_language_range(std::string_view range) {
  if (range.size() > kMaxRange) return false;
  return std::ranges::all_of(split(range, '-'), [&](std::string_view subtag) {
    if (subtag == "*") return true;
    const bool is_first = subtag.data() == range.data();
    return !subtag.empty() && subtag.size() <= kMaxSubtag &&
           std::ranges::all_of(subtag, is_first ? is_alpha : is_alnum);
  });
}

std::optional<Language> find_language(std::string_view range) {
  if (range == "*" || equals_ignoring_case(range, "default")) return Language::Default;
  while (true) {
    for (const LanguageName& name : kLanguageNames) {
      if (equals_ignoring_case(range, name.tag)) return name.language;
    }
    const auto dash = range.rfind('-');
    if (dash == range.npos) return std::nullopt;
    range = range.substr(0, dash);
  }
}

std::string_view translated(std::string_view text, Language language) {
  switch (language) {
    case Language::Default:
    case Language::English: return text;
    case Language::German: return in_german(text).value_or(text);
  }
  return text;
}

std::string translated_response(std::string_view response, Language language) {
  auto begin = response.find(' ');
  if (begin == response.npos) return std::string(response);
  ++begin;
  if (response.substr(begin).starts_with('[')) {
    const auto end = response.find("] ", begin);
    if (end == response.npos) return std::string(response);
    begin = end + 2;
  }
  std::string line(response.substr(0, begin));
  return line.append(translated(response.substr(begin), language));
}

}  // namespace waxwing::imap
