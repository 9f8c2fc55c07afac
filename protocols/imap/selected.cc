#include "protocols/imap/selected.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

// Thunderbird uses its junk flags only where FLAGS lists both; receipts and forwards likewise.
constexpr std::array<std::string_view, 4> kUsualKeywords = {"$Junk", "$NotJunk", "$Forwarded",
                                                            "$MDNSent"};

constexpr std::string_view kSystemFlags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";

// A mailbox tells a watcher until that dies. This one dies when the mailbox is no longer selected,
// while the session's own watcher lives on.
class Relay final : public Watcher {
 public:
  explicit Relay(std::weak_ptr<Watcher> session) : session_(std::move(session)) {}
  void moved(MailboxId mailbox, ModSeq modseq) override {
    if (const auto session = session_.lock()) session->moved(mailbox, modseq);
  }

 private:
  std::weak_ptr<Watcher> session_;
};

}  // namespace

Selected::Selected(std::shared_ptr<Mailbox> mailbox, Mode mode, Uid recent_from,
                   std::weak_ptr<Watcher> watcher)
    : mailbox_(std::move(mailbox)),
      relay_(std::make_shared<Relay>(std::move(watcher))),
      mode_(mode),
      recent_from_(recent_from) {
  // First watch, then look: so no change falls between the two.
  mailbox_->watch(relay_);
  view_ = mailbox_->view();
  told_keywords_ = view_->keywords().size();
}

std::size_t Selected::recent() const {
  return view_->size() - view_->lower_bound(recent_from_);
}

std::optional<std::vector<std::size_t>> Selected::resolve(const SequenceSet& set,
                                                          Numbering numbering) const {
  if (set.is_saved()) {
    std::vector<std::size_t> indexes;
    for (const Uid uid : saved_) {
      if (const auto index = view_->find(uid)) indexes.push_back(*index);
    }
    return indexes;
  }
  if (numbering == Numbering::Uid) return resolve_uids(set, *view_);
  return resolve_numbers(set, *view_);
}

std::vector<Uid> Selected::uids(std::span<const std::size_t> indexes) const {
  std::vector<Uid> uids;
  uids.reserve(indexes.size());
  for (const std::size_t index : indexes) uids.push_back((*view_)[index].uid);
  return uids;
}

std::string Selected::flags(const MessageRow& row, Revision revision) const {
  const bool is_recent = revision == Revision::Rev1 && row.uid >= recent_from_;
  return to_flag_list(row.flags, view_->keywords(), is_recent ? Recent::Yes : Recent::No);
}

std::string Selected::known_flags() const {
  std::string text(kSystemFlags);
  for (const std::string_view keyword : kUsualKeywords) text.append(" ").append(keyword);
  for (const std::string& keyword : view_->keywords()) {
    const bool is_usual = std::ranges::any_of(kUsualKeywords, [&](std::string_view usual) {
      return equals_ignoring_case(usual, keyword);
    });
    if (!is_usual) text.append(" ").append(keyword);
  }
  return text;
}

std::string Selected::permanent_flags() const {
  if (is_read_only()) return {};
  // A mailbox has room for so many keywords; then even the usual ones cannot be added.
  // RFC 9051 section 7.1, PERMANENTFLAGS
  if (view_->keywords().size() < Flags::kMaxKeywords) return known_flags() + " \\*";
  std::string text(kSystemFlags);
  for (const std::string& keyword : view_->keywords()) text.append(" ").append(keyword);
  return text;
}

bool Selected::synchronise(Expunges expunges, Revision revision, Output& output) {
  const View::Version latest = mailbox_->view();
  if (latest == view_) return true;

  if (latest->keywords().size() > view_->keywords().size()) {
    view_ = view_->with_keywords(latest->keywords());
  }
  tell_keywords(output);
  const View::Difference difference = View::difference(*view_, *latest);
  if (expunges == Expunges::Tell && !tell_expunges(difference.expunged, output)) {
    return false;
  }
  tell_added(*latest, difference.added, revision, output);
  if (!tell_changed(*latest, difference.changed, revision, output)) return false;
  // All is told: from here on the version is shared with everybody else again.
  if (expunges == Expunges::Tell || difference.expunged.empty()) view_ = latest;
  return true;
}

void Selected::tell_keywords(Output& output) {
  if (view_->keywords().size() <= told_keywords_) return;
  told_keywords_ = view_->keywords().size();
  output << "* FLAGS (" << known_flags() << ")\r\n"
         << "* OK [PERMANENTFLAGS (" << permanent_flags() << ")] Flags permitted\r\n";
}

bool Selected::tell_expunges(const std::vector<std::size_t>& expunged, Output& output) {
  std::vector<Uid> told;
  // Every line renumbers what follows it, so the k-th index has moved down by k.  RFC 9051 7.5.1
  for (const std::size_t index : expunged) {
    if (output.is_full()) break;
    output << "* " << std::to_string(index + 1 - told.size()) << " EXPUNGE\r\n";
    told.push_back((*view_)[index].uid);
  }
  if (!told.empty()) view_ = view_->with_expunged(told, view_->highest_modseq());
  return told.size() == expunged.size();
}

void Selected::tell_added(const View& latest, std::size_t added, Revision revision,
                          Output& output) {
  if (added == 0) return;
  std::vector<MessageRow> rows;
  rows.reserve(added);
  for (std::size_t index = latest.size() - added; index < latest.size(); ++index) {
    rows.push_back(latest[index]);
  }
  view_ = view_->with_added(rows, latest.uid_next(), view_->highest_modseq());
  output << "* " << std::to_string(view_->size()) << " EXISTS\r\n";
  if (revision == Revision::Rev1) output << "* " << std::to_string(recent()) << " RECENT\r\n";
}

bool Selected::tell_changed(const View& latest, const std::vector<std::size_t>& changed,
                            Revision revision, Output& output) {
  std::vector<MessageRow> told;
  for (const std::size_t index : changed) {
    if (output.is_full()) break;
    const MessageRow& row = latest[index];
    const auto number = view_->find(row.uid);
    if (number && (*view_)[*number].flags != row.flags) {
      output << "* " << std::to_string(*number + 1) << " FETCH (UID " << std::to_string(row.uid)
             << " FLAGS " << flags(row, revision) << ")\r\n";
    }
    told.push_back(row);
  }
  if (!told.empty()) view_ = view_->with_changed(told, view_->highest_modseq());
  return told.size() == changed.size();
}

void Selected::adopt(std::span<const Uid> uids) {
  const View::Version latest = mailbox_->view();
  if (latest == view_) return;
  std::vector<MessageRow> rows;
  for (const Uid uid : uids) {
    const auto index = latest->find(uid);
    if (index && view_->find(uid)) rows.push_back((*latest)[*index]);
  }
  if (rows.empty()) return;
  view_ = view_->with_changed(rows, view_->highest_modseq());
  if (latest->keywords().size() > view_->keywords().size()) {
    view_ = view_->with_keywords(latest->keywords());
  }
}

void Selected::leave() {
  // A message that came after the last look stays recent to the next session.
  if (mode_ == Mode::ReadOnly || mailbox_->is_gone()) return;
  if (mailbox_->view()->uid_next() == view_->uid_next()) {
    static_cast<void>(mailbox_->recent(Mailbox::Recent::Claim));
  }
}

}  // namespace waxwing::imap
