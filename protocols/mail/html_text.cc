#include "protocols/mail/html_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/html_entity.h"

namespace waxwing::mail {
namespace {

// Text is looked at in runs of so much: no "<" or "&" costs more than that.
constexpr std::size_t kRun = 256;
// What is kept of a name: more than of any that means something here.
constexpr std::size_t kMaxName = 16;
constexpr char32_t kMaxNumber = 0x110000;  // larger ones are no characters either

// Elements inside of words: "<b>bold</b>er".
constexpr std::array<std::string_view, 34> kInline = {
    "a",    "abbr", "acronym", "b",  "bdi",  "bdo",   "big",  "cite",   "code",
    "data", "del",  "dfn",     "em", "font", "i",     "ins",  "kbd",    "label",
    "mark", "nobr", "q",       "s",  "samp", "small", "span", "strike", "strong",
    "sub",  "sup",  "time",    "tt", "u",    "var",   "wbr"};
// Any other ends a <head> whose own end is missing.
constexpr std::array<std::string_view, 13> kOfHead = {
    "base",     "basefont", "bgsound", "head",     "html",  "link", "meta",
    "noscript", "script",   "style",   "template", "title", "xml"};
static_assert(std::ranges::is_sorted(kInline) && std::ranges::is_sorted(kOfHead));

// Office's own elements ("o:p") are inline, and may be in a <head>.
bool is_foreign(std::string_view tag) {
  return tag.find(':') != std::string_view::npos;
}

bool is_inline(std::string_view tag) {
  return std::ranges::binary_search(kInline, tag) || is_foreign(tag);
}

bool is_of_head(std::string_view tag) {
  return std::ranges::binary_search(kOfHead, tag) || is_foreign(tag);
}

// Elements that hold no tags.
bool is_raw(std::string_view tag) {
  return tag == "script" || tag == "style" || tag == "title";
}

bool has_alternate(std::string_view tag) {
  return tag == "img" || tag == "area" || tag == "input";
}

bool is_html_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool ends_name(char c) {
  return is_html_space(c) || c == '/' || c == '>';
}

// The digit's value in this base; -1: it is none.
int digit(char c, int base) {
  const int value = is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10;
  return is_alnum(c) && value < base ? value : -1;
}

// The first octet, from `at` on, of which `is_wanted` is true; else the end.
template <typename Is>
std::size_t find_if(std::string_view text, std::size_t at, Is&& is_wanted) {
  while (at < text.size() && !is_wanted(text[at])) ++at;
  return at;
}

std::size_t find_or_end(std::string_view text, char c) {
  return std::min(text.find(c), text.size());
}

void append_name(std::string& name, std::string_view more) {
  for (const char c : more.substr(0, kMaxName - std::min(kMaxName, name.size()))) {
    name += to_lower(c);
  }
}

}  // namespace

void HtmlText::feed(std::string_view html, std::string& out) {
  while (!html.empty()) html.remove_prefix(step(html, out));
}

void HtmlText::finish(std::string& out) {
  if (!reference_.empty()) end_reference(out);
  if (state_ == State::TagOpen) show("<", out);
  if (state_ == State::EndTagOpen) show("</", out);
  if (state_ == State::RawEnd) show("<" + name_, out);
  state_ = State::Text;
}

std::size_t HtmlText::step(std::string_view rest, std::string& out) {
  if (!reference_.empty()) return reference(rest, out);
  switch (state_) {
    case State::Text: return text(rest, out);
    case State::TagOpen: return tag_open(rest[0], out);
    case State::EndTagOpen: return end_tag_open(rest[0]);
    case State::TagName: return tag_name(rest, out);
    case State::BeforeAttribute: return before_attribute(rest, out);
    case State::AttributeName: return attribute_name(rest);
    case State::AfterAttribute: return after_attribute(rest);
    case State::BeforeValue: return before_value(rest, out);
    case State::Value: return value(rest, out);
    case State::Markup: return markup(rest[0]);
    case State::Comment: return comment(rest);
    case State::Bogus: return bogus(rest);
    case State::Raw: return raw(rest, out);
    case State::RawEnd: return raw_end(rest[0], out);
  }
  return rest.size();
}

std::size_t HtmlText::text(std::string_view rest, std::string& out) {
  rest = rest.substr(0, kRun);
  const std::size_t end = find_or_end(rest, '<');
  const std::size_t taken = run(rest.substr(0, end), out);
  if (taken < end || !reference_.empty() || end == rest.size()) return taken;
  state_ = State::TagOpen;
  return end + 1;
}

// Text up to the next reference, and the "&" of that.
std::size_t HtmlText::run(std::string_view text, std::string& out) {
  const std::size_t end = find_or_end(text, '&');
  show(text.substr(0, end), out);
  if (end == text.size()) return end;
  reference_ = '&';
  number_ = 0;
  return end + 1;
}

void HtmlText::show(std::string_view text, std::string& out) const {
  const bool is_raw = state_ == State::Raw || state_ == State::RawEnd;
  if (is_raw ? !is_shown_ : is_in_head_) return;
  const std::size_t first = out.size();
  out += text;
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), is_html_space, ' ');
}

std::size_t HtmlText::reference(std::string_view rest, std::string& out) {
  const char c = rest[0];
  if (reference_.starts_with("&#")) return number(c, out);
  if (is_alnum(c) ? reference_.size() <= kMaxEntityName : c == '#' && reference_.size() == 1) {
    reference_ += c;
    return 1;
  }
  const bool is_complete = c == ';';
  if (is_complete) reference_ += c;
  end_reference(out);
  return is_complete ? 1 : 0;
}

// Behind "&#". Of the digits "0" is kept, for all of them: there may be any number.
std::size_t HtmlText::number(char c, std::string& out) {
  const bool is_hex = reference_.size() > 2 && reference_[2] != '0';
  if ((c == 'x' || c == 'X') && reference_.size() == 2) {
    reference_ += c;
    return 1;
  }
  const int base = is_hex ? 16 : 10;
  if (const int value = digit(c, base); value >= 0) {
    if (!reference_.ends_with('0')) reference_ += '0';
    number_ = std::min<char32_t>(
        number_ * static_cast<char32_t>(base) + static_cast<char32_t>(value), kMaxNumber);
    return 1;
  }
  const bool is_complete = c == ';' && reference_.ends_with('0');
  end_reference(out);
  return is_complete ? 1 : 0;
}

void HtmlText::end_reference(std::string& out) {
  std::string shown;
  if (reference_.starts_with("&#") && reference_.ends_with('0')) {
    append_utf8(shown, numeric_character(number_));
  } else if (const NamedCharacter named =
                 find_named_character(std::string_view(reference_).substr(1));
             named.size > 0) {
    append_utf8(shown, named.character);
    shown += std::string_view(reference_).substr(1 + named.size);
  } else {
    shown = reference_;
  }
  reference_.clear();
  show(shown, out);
}

std::size_t HtmlText::tag_open(char c, std::string& out) {
  if (is_alpha(c)) {
    begin_tag(Tag::Opening);
    return 0;
  }
  switch (c) {
    case '/': state_ = State::EndTagOpen; return 1;
    case '!':
      state_ = State::Markup;
      matched_ = 0;
      return 1;
    case '?': state_ = State::Bogus; return 1;
    default: break;
  }
  state_ = State::Text;
  show("<", out);
  return 0;
}

std::size_t HtmlText::end_tag_open(char c) {
  if (is_alpha(c)) {
    begin_tag(Tag::Closing);
  } else {
    state_ = State::Bogus;
  }
  return 0;
}

void HtmlText::begin_tag(Tag kind) {
  kind_ = kind;
  tag_.clear();
  state_ = State::TagName;
}

std::size_t HtmlText::tag_name(std::string_view rest, std::string& out) {
  const std::size_t end = find_if(rest, 0, ends_name);
  append_name(tag_, rest.substr(0, end));
  if (end == rest.size()) return end;
  if (!is_inline(tag_)) out += ' ';
  if (tag_ == "head") {
    is_in_head_ = kind_ == Tag::Opening;
  } else if (kind_ == Tag::Opening && !is_of_head(tag_)) {
    is_in_head_ = false;
  }
  state_ = State::BeforeAttribute;
  return end;
}

std::size_t HtmlText::before_attribute(std::string_view rest, std::string& out) {
  const std::size_t end = find_if(rest, 0, [](char c) { return !is_html_space(c) && c != '/'; });
  if (end == rest.size()) return end;
  if (rest[end] == '>') {
    end_tag(out);
    return end + 1;
  }
  name_.clear();
  state_ = State::AttributeName;
  // Here a "=" is the beginning of a name.
  if (rest[end] != '=') return end;
  name_ += '=';
  return end + 1;
}

void HtmlText::end_tag(std::string& out) {
  const bool is_raw_element = is_raw(tag_);
  if (is_raw_element && kind_ == Tag::Closing) out += ' ';
  state_ = is_raw_element && kind_ == Tag::Opening ? State::Raw : State::Text;
  is_shown_ = tag_ == "title" && extras_ == Extras::With;
}

std::size_t HtmlText::attribute_name(std::string_view rest) {
  const std::size_t end = find_if(rest, 0, [](char c) { return ends_name(c) || c == '='; });
  // Only of these do the names matter.
  if (has_alternate(tag_)) append_name(name_, rest.substr(0, end));
  if (end < rest.size()) state_ = State::AfterAttribute;
  return end;
}

std::size_t HtmlText::after_attribute(std::string_view rest) {
  const std::size_t end = find_if(rest, 0, [](char c) { return !is_html_space(c); });
  if (end == rest.size()) return end;
  const bool has_value = rest[end] == '=';
  state_ = has_value ? State::BeforeValue : State::BeforeAttribute;
  return has_value ? end + 1 : end;
}

std::size_t HtmlText::before_value(std::string_view rest, std::string& out) {
  const std::size_t end = find_if(rest, 0, [](char c) { return !is_html_space(c); });
  if (end == rest.size()) return end;
  const char c = rest[end];
  if (c == '>') {
    state_ = State::BeforeAttribute;
    return end;
  }
  state_ = State::Value;
  quote_ = c == '"' || c == '\'' ? c : '\0';
  is_alternate_ =
      extras_ == Extras::With && kind_ == Tag::Opening && name_ == "alt" && has_alternate(tag_);
  if (is_alternate_) out += ' ';
  return quote_ == '\0' ? end : end + 1;
}

std::size_t HtmlText::value(std::string_view rest, std::string& out) {
  if (is_alternate_) rest = rest.substr(0, kRun);
  const std::size_t end =
      quote_ != '\0' ? find_or_end(rest, quote_)
                     : find_if(rest, 0, [](char c) { return is_html_space(c) || c == '>'; });
  if (is_alternate_) {
    const std::size_t taken = run(rest.substr(0, end), out);
    if (taken < end || !reference_.empty()) return taken;
  }
  if (end == rest.size()) return end;
  if (is_alternate_) out += ' ';
  state_ = State::BeforeAttribute;
  return quote_ == '\0' ? end : end + 1;
}

std::size_t HtmlText::markup(char c) {
  if (c != '-') {
    state_ = State::Bogus;
    return 0;
  }
  // "<!-->" is a whole comment: its own dashes may end it.
  if (++matched_ == 2) state_ = State::Comment;
  return 1;
}

// Of "--" or "--!" before the ">" so much stands here.
std::size_t HtmlText::comment(std::string_view rest) {
  if (matched_ == 0) {
    const std::size_t dash = find_or_end(rest, '-');
    if (dash == rest.size()) return dash;
    matched_ = 1;
    return dash + 1;
  }
  switch (rest[0]) {
    case '-': matched_ = matched_ == 3 ? 1 : 2; break;
    case '!': matched_ = matched_ == 2 ? 3 : 0; break;
    case '>':
      if (matched_ >= 2) state_ = State::Text;
      matched_ = 0;
      break;
    default: matched_ = 0;
  }
  return 1;
}

std::size_t HtmlText::bogus(std::string_view rest) {
  const std::size_t end = find_or_end(rest, '>');
  if (end == rest.size()) return end;
  state_ = State::Text;
  return end + 1;
}

std::size_t HtmlText::raw(std::string_view rest, std::string& out) {
  if (is_shown_) rest = rest.substr(0, kRun);
  const std::size_t end = find_or_end(rest, '<');
  if (is_shown_) {
    const std::size_t taken = run(rest.substr(0, end), out);
    if (taken < end || !reference_.empty()) return taken;
  }
  if (end == rest.size()) return end;
  name_.clear();
  state_ = State::RawEnd;
  return end + 1;
}

// Only "</name" ends such an element.
std::size_t HtmlText::raw_end(char c, std::string& out) {
  const std::size_t at = name_.size();
  if (at == 0 ? c == '/' : at <= tag_.size() && to_lower(c) == tag_[at - 1]) {
    name_ += c;
    return 1;
  }
  if (at > tag_.size() && ends_name(c)) {
    kind_ = Tag::Closing;
    state_ = State::BeforeAttribute;
    return 0;
  }
  show("<" + name_, out);
  state_ = State::Raw;
  return 0;
}

}  // namespace waxwing::mail
