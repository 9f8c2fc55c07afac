#include "protocols/imap/annotation_news.h"

#include "protocols/imap/writer.h"

namespace waxwing::imap {

// A change is remembered before it is in a version, so of later ones there may be some already:
// those wait for their version.
void AnnotationNews::look(const Mailbox& mailbox, const View& known, const View& latest,
                          Wish wish) {
  const ModSeq newest = latest.highest_modseq();
  if (newest <= known_) return;
  if (wish == Wish::Tell) {
    for (const auto& change : mailbox.annotated_since(known_)) {
      if (change.modseq > newest || own_.contains(change.modseq)) continue;
      for (const Uid uid : *change.uids) {
        if (!known.find(uid)) continue;
        untold_[uid].insert(change.entries.begin(), change.entries.end());
      }
    }
  }
  own_.erase(own_.begin(), own_.upper_bound(newest));
  known_ = newest;
}

std::optional<Uid> AnnotationNews::first() const {
  if (untold_.empty()) return std::nullopt;
  return untold_.begin()->first;
}

std::string AnnotationNews::take(Uid uid) {
  const auto entries = untold_.extract(uid);
  if (entries.empty()) return {};
  std::string text;
  for (const std::string& entry : entries.mapped()) {
    text += (text.empty() ? " ANNOTATION (" : " ") + to_astring(entry);
  }
  return text + ")";
}

}  // namespace waxwing::imap
