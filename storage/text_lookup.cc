#include "storage/text_lookup.h"

#include <algorithm>
#include <utility>

namespace waxwing {

TextAnswers::TextAnswers(std::vector<Range> ranges, std::size_t keys, std::int64_t end)
    : ranges_(std::move(ranges)),
      answers_(keys, std::vector<std::uint8_t>(static_cast<std::size_t>(end))) {}

void TextAnswers::set(std::size_t key, std::int64_t document, Answer answer) {
  auto& answers = answers_[key];
  const auto at = static_cast<std::size_t>(document);
  if (document > 0 && at < answers.size()) answers[at] = static_cast<std::uint8_t>(answer);
}

TextAnswers::Answer TextAnswers::of(Uid uid, std::size_t key) const {
  if (key >= answers_.size()) return Answer::Unknown;
  const auto after = std::ranges::upper_bound(ranges_, uid, {}, &Range::first);
  if (after == ranges_.begin()) return Answer::Unknown;
  const Range& range = *std::prev(after);
  if (uid - range.first >= range.count || range.document == 0) return Answer::Unknown;
  const auto at = static_cast<std::size_t>(range.document) + (uid - range.first);
  return at < answers_[key].size() ? static_cast<Answer>(answers_[key][at]) : Answer::Unknown;
}

}  // namespace waxwing
