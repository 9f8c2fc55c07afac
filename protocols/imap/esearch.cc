#include "protocols/imap/esearch.h"

#include <algorithm>

#include "protocols/imap/sequence_set.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

std::string numbers_of(const Found& found, std::span<const std::size_t> indexes,
                       Numbering numbering) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(indexes.size());
  for (const std::size_t index : indexes) {
    numbers.push_back(number_of(found.view, index, numbering));
  }
  return to_uid_set(numbers);
}

std::span<const std::size_t> part_of(std::span<const std::size_t> indexes,
                                     const PartialRange& range) {
  const auto [begin, size] = range.of(indexes.size());
  return indexes.subspan(begin, size);
}

// The messages that an answer speaks of: those that MIN, MAX and PARTIAL name alone where no more
// is asked for.  RFC 4731 section 3.2, RFC 5182 section 2.4, RFC 9394 section 3.2
std::vector<std::size_t> told(const Found& found, const SearchReturn& returns) {
  std::vector<std::size_t> indexes;
  const auto add = [&](std::span<const std::size_t> some) {
    indexes.insert(indexes.end(), some.begin(), some.end());
  };
  const bool is_narrow =
      (returns.min || returns.max || returns.partial) && !returns.all && !returns.count;
  if (!is_narrow || found.indexes.empty()) {
    add(found.indexes);
  } else {
    if (returns.min) add(found.indexes.first(1));
    if (returns.max) add(found.indexes.last(1));
    if (returns.partial) add(part_of(found.indexes, *returns.partial));
  }
  return indexes;
}

// Beside PARTIAL those of the part. What was found by other keys than fuzzy ones is as relevant as
// can be.
std::string scores_of(const Found& found, const SearchReturn& returns) {
  const PartialRange all{false, 1, UINT32_MAX};
  const auto [begin, size] = returns.partial.value_or(all).of(found.indexes.size());
  std::string text;
  for (std::size_t i = begin; i < begin + size; ++i) {
    if (!text.empty()) text += ' ';
    text += std::to_string(found.scores.empty() ? 100 : found.scores[i]);
  }
  return text;
}

ModSeq highest_modseq(const View& view, std::span<const std::size_t> indexes) {
  ModSeq highest = 0;
  for (const std::size_t index : indexes) highest = std::max(highest, view[index].modseq);
  return highest;
}

}  // namespace

std::uint32_t number_of(const View& view, std::size_t index, Numbering numbering) {
  return numbering == Numbering::Uid ? view[index].uid : static_cast<std::uint32_t>(index + 1);
}

std::string list_response(std::string_view name, const Found& found, Numbering numbering) {
  std::string line = "* ";
  line += name;
  for (const std::size_t index : found.indexes) {
    line += ' ';
    line += std::to_string(number_of(found.view, index, numbering));
  }
  if (found.tells_modseq && !found.indexes.empty()) {
    line += " (MODSEQ " + std::to_string(highest_modseq(found.view, found.indexes)) + ")";
  }
  return line += "\r\n";
}

std::string esearch_response(const Found& found, const SearchReturn& returns, Numbering numbering,
                             std::string_view tag, std::string_view place) {
  // SAVE alone wants no answer.  RFC 5182 section 2.1
  const bool wants_any = returns.min || returns.max || returns.all || returns.count ||
                         returns.partial || returns.relevancy || returns.context || returns.update;
  if (!wants_any) return {};
  std::string line = "* ESEARCH (TAG " + to_string(tag);
  line.append(place).append(")");
  if (numbering == Numbering::Uid) line += " UID";
  const auto add_one = [&](std::string_view name, std::size_t index) {
    line.append(name).append(std::to_string(number_of(found.view, index, numbering)));
  };
  if (!found.indexes.empty()) {
    if (returns.min) add_one(" MIN ", found.indexes.front());
    if (returns.max) add_one(" MAX ", found.indexes.back());
    if (returns.all) line += " ALL " + numbers_of(found, found.indexes, numbering);
  }
  if (returns.partial) {
    const auto some = part_of(found.indexes, *returns.partial);
    line += " PARTIAL (" + returns.partial->to_string() + " " +
            (some.empty() ? "NIL" : numbers_of(found, some, numbering)) + ")";
  }
  if (returns.count) line += " COUNT " + std::to_string(found.indexes.size());
  if (returns.relevancy) line += " RELEVANCY (" + scores_of(found, returns) + ")";
  if (found.tells_modseq) {
    const auto indexes = told(found, returns);
    const ModSeq highest = highest_modseq(found.view, indexes);
    if (!indexes.empty()) line += " MODSEQ " + std::to_string(highest);
  }
  return line += "\r\n";
}

std::vector<Uid> saved_result(const Found& found, const SearchReturn& returns) {
  std::vector<Uid> uids;
  for (const std::size_t index : told(found, returns)) uids.push_back(found.view[index].uid);
  std::ranges::sort(uids);
  uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
  return uids;
}

}  // namespace waxwing::imap
