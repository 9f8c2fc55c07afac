#include "protocols/imap/annotation_fetch.h"

#include <algorithm>

namespace waxwing::imap {

Result<std::size_t> FetchedAnnotations::read(Mailbox& mailbox, std::span<const Uid> uids,
                                             std::span<const PreparedItem> items,
                                             std::uint64_t room) {
  known_.clear();
  AnnotationQuery query;
  query.wants = [&](std::string_view entry) {
    return std::ranges::any_of(items, [&](const PreparedItem& item) {
      return item.kind == FetchItem::Kind::Annotation && item.annotation.wants(entry);
    });
  };
  std::uint64_t size = 0;
  std::size_t count = uids.size();
  const auto done = mailbox.read_annotations(
      uids, query, [&](Uid uid, std::span<const MessageAnnotation> annotations) {
        known_.emplace(uid, std::vector(annotations.begin(), annotations.end()));
        for (const auto& each : annotations) size += each.value.size();
        if (size < room) return true;
        count = static_cast<std::size_t>(std::ranges::upper_bound(uids, uid) - uids.begin());
        return false;
      });
  if (!done) return fail(done.error());
  return count;
}

std::span<const MessageAnnotation> FetchedAnnotations::of(Uid uid) const {
  const auto found = known_.find(uid);
  return found == known_.end() ? std::span<const MessageAnnotation>() : found->second;
}

}  // namespace waxwing::imap
