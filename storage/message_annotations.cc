#include "storage/message_annotations.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace waxwing {
namespace {

// As much is remembered of one mailbox.
constexpr std::size_t kRecords = 4096;
constexpr std::size_t kUids = 200'000;

std::vector<std::string> entries_of(std::span<const AnnotationChange> changes, Whose whose) {
  std::set<std::string> entries;
  for (const auto& change : changes) {
    if (change.whose == whose) entries.insert(change.entry);
  }
  return {entries.begin(), entries.end()};
}

}  // namespace

bool are_few(std::span<const AnnotationChange> changes) {
  std::vector<AnnotationChange> made;
  std::ranges::copy_if(changes, std::back_inserter(made),
                       [](const auto& change) { return change.value.has_value(); });
  return entries_of(made, Whose::Private).size() <= kMaxMessageAnnotations &&
         entries_of(made, Whose::Shared).size() <= kMaxMessageAnnotations;
}

bool concern(std::span<const AnnotationChange> changes, Whose whose) {
  return std::ranges::any_of(changes, [&](const auto& change) { return change.whose == whose; });
}

void AnnotationLog::note(ModSeq modseq, std::vector<Uid> uids, std::string user,
                         std::span<const AnnotationChange> changes) {
  uids_ += uids.size();
  records_.push_back({modseq, std::make_shared<const std::vector<Uid>>(std::move(uids)),
                      std::move(user), entries_of(changes, Whose::Shared),
                      entries_of(changes, Whose::Private)});
  while (records_.size() > kRecords || (uids_ > kUids && records_.size() > 1)) {
    uids_ -= records_.front().uids->size();
    records_.pop_front();
  }
}

void AnnotationLog::clear() {
  records_.clear();
  uids_ = 0;
}

std::vector<AnnotatedMessages> AnnotationLog::since(ModSeq modseq, std::string_view user) const {
  std::vector<AnnotatedMessages> result;
  const auto first = std::ranges::upper_bound(records_, modseq, {}, &Record::modseq);
  for (auto record = first; record != records_.end(); ++record) {
    std::vector<std::string> entries = record->shared;
    if (record->user == user) {
      std::ranges::copy_if(record->own, std::back_inserter(entries), [&](const auto& entry) {
        return std::ranges::count(record->shared, entry) == 0;
      });
    }
    if (!entries.empty()) result.push_back({record->modseq, record->uids, std::move(entries)});
  }
  return result;
}

}  // namespace waxwing
