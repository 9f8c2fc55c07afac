#include "protocols/imap/search_context.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "protocols/imap/sequence_set.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kInLine = 4096;

bool has(std::span<const Uid> ascending, Uid uid) {
  return std::ranges::binary_search(ascending, uid);
}

}  // namespace

SearchContext::SearchContext(Wanted wanted, std::vector<Uid> results)
    : wanted_(std::move(wanted)), results_(std::move(results)) {}

SearchContext::Lines SearchContext::remove(const View& view, std::span<const Uid> gone) {
  std::vector<Uid> left;
  std::vector<Run> runs;
  for (const Uid uid : results_) {
    if (!has(gone, uid)) {
      left.push_back(uid);
      continue;
    }
    const std::size_t position = left.size() + 1;
    // What is removed moves the rest up: neighbours have the same place.
    if (runs.empty() || (is_sorted() && runs.back().position != position)) {
      runs.push_back({position, {}});
    }
    runs.back().uids.push_back(uid);
  }
  if (runs.empty()) return {};
  results_ = std::move(left);
  return lines("REMOVEFROM", view, runs);
}

std::vector<Uid> SearchContext::missing(std::span<const Uid> matching) const {
  std::vector<Uid> known;
  if (matching.empty()) return known;
  for (const Uid uid : results_) {
    if (has(matching, uid)) known.push_back(uid);
  }
  std::ranges::sort(known);
  std::vector<Uid> missing;
  std::ranges::set_difference(matching, known, std::back_inserter(missing));
  return missing;
}

SearchContext::Lines SearchContext::add(const View& view, std::span<const Uid> matching,
                                        std::span<const Uid> order) {
  std::vector<Uid> added = missing(matching);
  if (added.empty()) return {};
  if (is_sorted()) return insert(view, added, order);
  const auto middle = std::ssize(results_);
  results_.insert(results_.end(), added.begin(), added.end());
  std::inplace_merge(results_.begin(), results_.begin() + middle, results_.end());
  return lines("ADDTO", view, {{1, std::move(added)}});
}

// What the client has stays in the order that it has, whatever `order` says of it now: the header
// of a message that somebody expunged cannot be read any more.
SearchContext::Lines SearchContext::insert(const View& view, const std::vector<Uid>& added,
                                           std::span<const Uid> order) {
  std::vector<Uid> known = results_;
  std::ranges::sort(known);
  std::map<Uid, std::vector<Uid>> followers;
  Uid before = 0;
  for (const Uid uid : order) {
    if (has(added, uid)) {
      followers[before].push_back(uid);
    } else if (has(known, uid)) {
      before = uid;
    }
  }
  std::vector<Uid> all;
  std::vector<Run> runs;
  const auto follow = [&](Uid uid) {
    const auto found = followers.find(uid);
    if (found == followers.end()) return;
    runs.push_back({all.size() + 1, found->second});
    all.insert(all.end(), found->second.begin(), found->second.end());
  };
  follow(0);
  for (const Uid uid : results_) {
    all.push_back(uid);
    follow(uid);
  }
  results_ = std::move(all);
  return lines("ADDTO", view, runs);
}

SearchContext::Lines SearchContext::lines(std::string_view item, const View& view,
                                          const std::vector<Run>& runs) const {
  const bool is_by_uid = wanted_.numbering == Numbering::Uid;
  const std::string head = "* ESEARCH (TAG " + to_string(wanted_.tag) + ")" +
                           (is_by_uid ? " UID " : " ") + std::string(item) + " (";
  Lines lines;
  std::size_t room = 0;
  const auto write = [&](std::size_t position, const std::vector<std::uint32_t>& numbers) {
    if (numbers.empty()) return;
    if (room < numbers.size()) {
      if (!lines.empty()) lines.back() += ")\r\n";
      lines.push_back(head);
      room = kInLine;
    } else {
      lines.back() += ' ';
    }
    room -= numbers.size();
    lines.back() += std::to_string(is_sorted() ? position : 0) + " " + to_uid_set(numbers);
  };
  for (const Run& run : runs) {
    std::size_t position = run.position;
    std::vector<std::uint32_t> numbers;
    for (const Uid uid : run.uids) {
      const auto index = view.find(uid);
      numbers.push_back(is_by_uid || !index ? uid : static_cast<std::uint32_t>(*index + 1));
      if (numbers.size() < kInLine) continue;
      write(position, numbers);
      // The rest of what is added stands behind; what is removed leaves its place to the rest.
      if (item == "ADDTO") position += numbers.size();
      numbers.clear();
    }
    write(position, numbers);
  }
  if (!lines.empty()) lines.back() += ")\r\n";
  return lines;
}

}  // namespace waxwing::imap
