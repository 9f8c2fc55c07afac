#include "storage/rights.h"

namespace waxwing {
namespace {

constexpr std::string_view kRightLetters = "lrswipkxtean";

}  // namespace

std::optional<Rights> Rights::parse(std::string_view letters) {
  Rights rights;
  for (const char letter : letters) {
    const auto place = kRightLetters.find(letter);
    if (letter == 'c') {
      rights = rights | Rights(kCreate | kDelete);
    } else if (letter == 'd') {
      rights = rights | Rights(kDeleteMessages | kExpunge);
    } else if (place != kRightLetters.npos) {
      rights = rights | Rights(1u << place);
    } else {
      return std::nullopt;
    }
  }
  return rights;
}

std::string Rights::letters() const {
  std::string text;
  for (std::size_t place = 0; place < kRightLetters.size(); ++place) {
    if (has(1u << place)) text += kRightLetters[place];
  }
  if (has_any(kCreate | kDelete)) text += 'c';
  if (has_any(kDeleteMessages | kExpunge)) text += 'd';
  return text;
}

}  // namespace waxwing
