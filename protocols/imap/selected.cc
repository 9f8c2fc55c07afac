#include "protocols/imap/selected.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "protocols/imap/relay.h"
#include "protocols/imap/writer.h"
#include "storage/keywords.h"

namespace waxwing::imap {
namespace {

// A VANISHED line names no more messages than that.
constexpr std::size_t kVanishedInLine = 4096;
// So many messages are taken out of results before the output is looked at again.
constexpr std::size_t kRemovedAtOnce = 4096;

std::string system_flags() {
  std::string text;
  for (const auto& [name, bit] : kSystemFlags) text.append(text.empty() ? "" : " ").append(name);
  return text;
}

}  // namespace

const std::string& FlagTexts::of(Flags flags, const std::vector<std::string>& keywords,
                                 bool is_recent) {
  if (text_.empty() || flags != flags_ || is_recent != is_recent_) {
    text_ = to_flag_list(flags, keywords, is_recent ? Recent::Yes : Recent::No);
    flags_ = flags;
    is_recent_ = is_recent;
  }
  return text_;
}

Selected::Selected(std::shared_ptr<Mailbox> mailbox, Mode mode, Uid recent_from,
                   std::weak_ptr<Watcher> watcher)
    : mailbox_(std::move(mailbox)),
      relay_(std::make_shared<Relay>(std::move(watcher))),
      mode_(mode),
      recent_from_(recent_from) {
  // First watch, then look: so no change falls between the two.
  mailbox_->watch(relay_);
  view_ = mailbox_->view();
  told_keywords_ = count_keywords(view_->keywords());
  annotations_ = AnnotationNews(view_->highest_modseq());
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

SequenceSet Selected::as_uids(const SequenceSet& set) const {
  if (!set.is_saved()) return set;
  std::vector<SequenceSet::Range> ranges;
  for (const Uid uid : saved_) ranges.push_back({uid, uid});
  return SequenceSet(std::move(ranges));
}

std::string Selected::flags(const MessageRow& row, Revision revision) const {
  FlagTexts texts;
  return flags(row, revision, texts);
}

const std::string& Selected::flags(const MessageRow& row, Revision revision,
                                   FlagTexts& texts) const {
  const bool is_recent = revision == Revision::Rev1 && row.uid >= recent_from_;
  return texts.of(row.flags, view_->keywords(), is_recent);
}

std::string Selected::fetch_head(std::size_t index, const Dialect& dialect) const {
  if (!dialect.uid_only) return "* " + std::to_string(index + 1) + " FETCH (";
  return "* " + std::to_string((*view_)[index].uid) + " UIDFETCH (";
}

std::string Selected::news(const MessageRow& row, const Dialect& dialect) const {
  std::string text = dialect.uid_only ? "" : "UID " + std::to_string(row.uid) + " ";
  text += "FLAGS " + flags(row, dialect.revision);
  if (dialect.condstore) text += " MODSEQ (" + std::to_string(row.modseq) + ")";
  return text;
}

std::string Selected::known_flags() const {
  // Thunderbird uses its junk flags only where FLAGS lists both; receipts and forwards likewise.
  std::string text = system_flags();
  for (const std::string_view keyword : kUsualKeywords) text.append(" ").append(keyword);
  for (const std::string& keyword : view_->keywords()) {
    if (!keyword.empty() && !is_usual_keyword(keyword)) text.append(" ").append(keyword);
  }
  return text;
}

std::string Selected::permanent_flags() const {
  if (is_read_only()) return {};
  // RFC 4314 section 5.1.1
  const Rights rights = mailbox_->rights();
  if (!rights.has(Rights::kWrite)) {
    std::string text = rights.has(Rights::kSeen) ? "\\Seen" : "";
    if (rights.has(Rights::kDeleteMessages)) text += text.empty() ? "\\Deleted" : " \\Deleted";
    return text;
  }
  // A mailbox has room for so many keywords; the usual ones can always be added.
  // RFC 9051 section 7.1, PERMANENTFLAGS
  return known_flags() + (room_for_keywords(view_->keywords()) > 0 ? " \\*" : "");
}

bool Selected::synchronise(const News& news, const Dialect& dialect, Output& output) {
  const View::Version latest = mailbox_->view();
  if (latest == view_ && untold_.empty() && !annotations_.first()) return true;

  if (count_keywords(latest->keywords()) > count_keywords(view_->keywords())) {
    view_ = view_->with_keywords(latest->keywords());
  }
  tell_keywords(output);
  const bool wants_annotations = news.annotations.value_or(annotating_.is_told);
  annotations_.look(
      *mailbox_, *view_, *latest,
      wants_annotations ? AnnotationNews::Wish::Tell : AnnotationNews::Wish::PassOver);
  const View::Difference difference = View::difference(*view_, *latest);
  if (!tell_results(difference.expunged, output)) return false;
  if (news.expunges) {
    const bool is_told = dialect.qresync || dialect.uid_only
                             ? tell_vanished(difference.expunged, output)
                             : tell_expunges(difference.expunged, output);
    if (!is_told) return false;
  }
  if (news.messages) tell_added(*latest, difference.added, dialect.revision, output);
  is_behind_ = true;
  if (news.flags) {
    if (!tell_changed(*latest, difference.changed, dialect, output)) return false;
    if (!tell_untold(dialect, output)) return false;
  } else {
    adopt(*latest, difference.changed);
  }
  if (!tell_annotations(dialect, output)) return false;
  // All is told: from here on the version is shared with everybody else again.
  const bool is_complete = (news.expunges || difference.expunged.empty()) &&
                           (news.messages || difference.added == 0) && untold_.empty();
  is_behind_ = !is_complete;
  if (is_complete) view_ = latest;
  return true;
}

void Selected::tell_keywords(Output& output) {
  const std::size_t known = count_keywords(view_->keywords());
  if (known <= told_keywords_) return;
  told_keywords_ = known;
  output << "* FLAGS (" << known_flags() << ")\r\n"
         << "* OK [PERMANENTFLAGS (" << permanent_flags() << ")] Flags permitted\r\n";
}

// At once, also where EXPUNGE has to wait: their numbers are valid now.  RFC 5267 section 4.3.4
bool Selected::tell_results(const std::vector<std::size_t>& expunged, Output& output) {
  if (contexts_.empty()) return true;
  for (std::size_t begin = 0; begin < expunged.size(); begin += kRemovedAtOnce) {
    if (output.is_full()) return false;
    const std::size_t count = std::min(kRemovedAtOnce, expunged.size() - begin);
    const std::vector<Uid> gone = uids(std::span(expunged).subspan(begin, count));
    for (const std::string& line : contexts_.remove(*view_, gone)) output << line;
  }
  return true;
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

bool Selected::tell_vanished(const std::vector<std::size_t>& expunged, Output& output) {
  std::vector<Uid> told;
  while (told.size() < expunged.size() && !output.is_full()) {
    const std::size_t count = std::min(kVanishedInLine, expunged.size() - told.size());
    const std::vector<Uid> line = uids(std::span(expunged).subspan(told.size(), count));
    output << "* VANISHED " << to_uid_set(line) << "\r\n";
    told.insert(told.end(), line.begin(), line.end());
  }
  if (!told.empty()) view_ = view_->with_expunged(told, view_->highest_modseq());
  return told.size() == expunged.size();
}

void Selected::tell_added(const View& latest, std::size_t added, Revision revision,
                          Output& output) {
  if (added == 0) return;
  std::vector<MessageRow> rows;
  std::vector<Uid> others;
  rows.reserve(added);
  for (std::size_t index = latest.size() - added; index < latest.size(); ++index) {
    const Uid uid = latest[index].uid;
    rows.push_back(latest[index]);
    if (own_.contains(uid)) {
      contexts_.touch(uid);
    } else {
      contexts_.arrive(uid);
      others.push_back(uid);
    }
  }
  own_.erase(own_.begin(), own_.upper_bound(rows.back().uid));
  new_ = joined(std::move(new_), set_of(others));
  view_ = view_->with_added(rows, latest.uid_next(), view_->highest_modseq());
  output << "* " << std::to_string(view_->size()) << " EXISTS\r\n";
  if (revision == Revision::Rev1) output << "* " << std::to_string(recent()) << " RECENT\r\n";
}

bool Selected::tell_changed(const View& latest, const std::vector<std::size_t>& changed,
                            const Dialect& dialect, Output& output) {
  std::vector<MessageRow> told;
  for (const std::size_t index : changed) {
    if (output.is_full()) break;
    const MessageRow& row = latest[index];
    const auto number = view_->find(row.uid);
    // Set and taken away again is no change to those who do not count.
    const bool is_news = number && ((*view_)[*number].flags != row.flags ||
                                    (dialect.condstore && (*view_)[*number].modseq != row.modseq));
    const std::string annotated = number ? annotations_.take(row.uid) : std::string();
    if (is_news || !annotated.empty()) {
      output << fetch_head(*number, dialect) << news(row, dialect) << annotated << ")\r\n";
    }
    told.push_back(row);
    contexts_.touch(row.uid);
  }
  if (!told.empty()) view_ = view_->with_changed(told, view_->highest_modseq());
  return told.size() == changed.size();
}

bool Selected::tell_untold(const Dialect& dialect, Output& output) {
  while (!untold_.empty()) {
    if (output.is_full()) return false;
    const auto index = view_->find(*untold_.begin());
    if (index) {
      output << fetch_head(*index, dialect) << news((*view_)[*index], dialect) << ")\r\n";
    }
    untold_.erase(untold_.begin());
  }
  return true;
}

// Of messages that have been brought up to date another way.
bool Selected::tell_annotations(const Dialect& dialect, Output& output) {
  while (const auto uid = annotations_.first()) {
    if (output.is_full()) return false;
    const std::string annotated = annotations_.take(*uid);
    if (const auto index = view_->find(*uid)) {
      output << fetch_head(*index, dialect) << news((*view_)[*index], dialect) << annotated
             << ")\r\n";
    }
  }
  return true;
}

void Selected::adopt(const View& latest, const std::vector<std::size_t>& changed) {
  std::vector<MessageRow> rows;
  for (const std::size_t index : changed) {
    rows.push_back(latest[index]);
    untold_.insert(latest[index].uid);
    contexts_.touch(latest[index].uid);
  }
  if (!rows.empty()) view_ = view_->with_changed(rows, view_->highest_modseq());
}

void Selected::adopt(std::span<const Uid> uids) {
  const View::Version latest = mailbox_->view();
  if (latest == view_) return;
  std::vector<MessageRow> rows;
  for (const Uid uid : uids) {
    const auto index = latest->find(uid);
    if (!index || !view_->find(uid)) continue;
    rows.push_back((*latest)[*index]);
    contexts_.touch(uid);
  }
  if (rows.empty()) return;
  view_ = view_->with_changed(rows, view_->highest_modseq());
  if (count_keywords(latest->keywords()) > count_keywords(view_->keywords())) {
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
