#include "protocols/imap/collation.h"

#include <array>

#include "base/text.h"
#include "protocols/mail/charset.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMaxOrder = 254;
constexpr std::array kAll = {Collation::UnicodeCasemap, Collation::AsciiCasemap};

bool is_collation_char(char c) {
  return is_alnum(c) || std::string_view("-;=.").find(c) != std::string_view::npos;
}

// "*" stands for any text.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = pattern.npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && to_lower(pattern[p]) == name[n]) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

std::string_view name_of(Collation collation) {
  switch (collation) {
    case Collation::UnicodeCasemap: return "i;unicode-casemap";
    case Collation::AsciiCasemap: return "i;ascii-casemap";
  }
  return {};
}

std::string fold(Collation collation, std::string_view utf8) {
  switch (collation) {
    case Collation::UnicodeCasemap: return mail::fold_for_search(utf8);
    case Collation::AsciiCasemap: return mail::with_single_blanks(to_lower(utf8));
  }
  return {};
}

std::string order_key(Collation collation, std::string_view utf8) {
  switch (collation) {
    case Collation::UnicodeCasemap: return mail::casemap_key(utf8);
    case Collation::AsciiCasemap: return to_upper(utf8);
  }
  return {};
}

bool is_collation_order(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > kMaxOrder) return false;
  if (text[0] != '*' && !is_alpha(text[0])) return false;
  bool after_star = false;
  for (const char c : text) {
    const bool is_star = c == '*';
    if (!is_star && !is_collation_char(c)) return false;
    if (is_star && after_star) return false;
    after_star = is_star;
  }
  return true;
}

std::vector<Collation> find_collations(std::string_view order) {
  if (order.starts_with('-')) return {};
  if (order.starts_with('+')) order.remove_prefix(1);
  if (equals_ignoring_case(order, "default")) return {kAll[0]};
  std::vector<Collation> found;
  for (const Collation collation : kAll) {
    if (matches(order, name_of(collation))) found.push_back(collation);
  }
  return found;
}

}  // namespace waxwing::imap
