#include "protocols/imap/sequence_set.h"

#include <algorithm>

#include "base/text.h"

namespace waxwing::imap {
namespace {

std::optional<std::uint32_t> parse_seq_number(std::string_view text) {
  if (text == "*") return SequenceSet::kStar;
  auto number = parse_number(text, UINT32_MAX);
  if (!number || *number == 0 || text[0] == '0') return {};
  return static_cast<std::uint32_t>(*number);
}

void append_seq_number(std::string& text, std::uint32_t number) {
  text += number == SequenceSet::kStar ? "*" : std::to_string(number);
}

void append_range(std::string& text, SequenceSet::Range range) {
  if (!text.empty()) text += ',';
  append_seq_number(text, range.first);
  if (range.last == range.first) return;
  text += ':';
  append_seq_number(text, range.last);
}

}  // namespace

std::optional<SequenceSet> SequenceSet::parse(std::string_view text) {
  if (text == "$") return saved();
  SequenceSet set;
  for (bool more = true; more;) {
    std::size_t comma = text.find(',');
    more = comma != text.npos;
    std::string_view piece = text.substr(0, comma);
    std::size_t colon = piece.find(':');
    auto first = parse_seq_number(piece.substr(0, colon));
    auto last = colon == piece.npos ? first : parse_seq_number(piece.substr(colon + 1));
    if (!first || !last) return {};
    set.ranges_.push_back({*first, *last});
    if (more) text.remove_prefix(comma + 1);
  }
  return set;
}

SequenceSet SequenceSet::saved() {
  SequenceSet set;
  set.saved_ = true;
  return set;
}

std::string SequenceSet::to_string() const {
  if (saved_) return "$";
  std::string text;
  for (Range range : ranges_) append_range(text, range);
  return text;
}

std::vector<SequenceSet::Range> SequenceSet::normalised(std::uint32_t highest) const {
  std::vector<Range> sorted;
  for (Range range : ranges_) {
    if (range.first == kStar) range.first = highest;
    if (range.last == kStar) range.last = highest;
    if (range.first == 0 || range.last == 0) continue;
    // 4:2 is 2:4.
    if (range.first > range.last) std::swap(range.first, range.last);
    sorted.push_back(range);
  }
  std::sort(sorted.begin(), sorted.end(), [](Range a, Range b) { return a.first < b.first; });
  std::vector<Range> merged;
  for (Range range : sorted) {
    bool touches = !merged.empty() &&
                   (merged.back().last == UINT32_MAX || range.first <= merged.back().last + 1);
    if (touches) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

std::string to_uid_set(const std::vector<Uid>& uids) {
  std::string text;
  for (std::size_t i = 0; i < uids.size();) {
    std::size_t end = i + 1;
    while (end < uids.size() && uids[end] == uids[end - 1] + 1) ++end;
    append_range(text, {uids[i], uids[end - 1]});
    i = end;
  }
  return text;
}

}  // namespace waxwing::imap
