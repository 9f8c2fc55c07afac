#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocols/imap/annotation_news.h"
#include "protocols/imap/command.h"
#include "protocols/imap/dialect.h"
#include "protocols/imap/search_contexts.h"
#include "protocols/imap/sequence_set.h"
#include "protocols/imap/set_of_uids.h"
#include "protocols/output.h"
#include "storage/mailbox.h"

namespace waxwing::imap {

// The flags of one message after the other as text, which is mostly that of the one before. For a
// view with these keywords.
class FlagTexts {
 public:
  const std::string& of(Flags flags, const std::vector<std::string>& keywords, bool is_recent);

 private:
  std::string text_;
  Flags flags_;
  bool is_recent_ = false;
};

// The selected mailbox as this session numbers it.
//
// A session holds one version of the View; a message's position in it is its sequence number. That
// version never moves on by itself: synchronise() moves it towards the newest one and tells the
// client every step. Where EXPUNGE must be held back, the session's version becomes one of its own:
// the expunged messages stay in it, new ones and new flags go in.
// Held by one thread at a time. Nothing here touches the disk but leave().
class Selected {
 public:
  enum class Mode { ReadWrite, ReadOnly };
  // Messages from UID `recent_from` on are \Recent in this session. The watcher is told of changes
  // for as long as the mailbox is selected.
  Selected(std::shared_ptr<Mailbox> mailbox, Mode mode, Uid recent_from,
           std::weak_ptr<Watcher> watcher);

  Mailbox& mailbox() const { return *mailbox_; }
  const View& view() const { return *view_; }
  View::Version version() const { return view_; }
  Uid recent_from() const { return recent_from_; }
  bool is_read_only() const { return mode_ == Mode::ReadOnly; }
  // How it is open for annotations of messages; the mailbox knows who may make which.  RFC 5257
  struct Annotating {
    bool is_told = false;  // of what others change: SELECT (ANNOTATE)
    bool may_store = false;
  };
  void set_annotating(Annotating annotating) { annotating_ = annotating; }
  bool may_annotate() const { return annotating_.may_store; }
  AnnotationNews& annotations() { return annotations_; }
  std::size_t recent() const;

  // Ascending indexes into view(); nothing when the set names a number that is not there, which
  // makes the command BAD. UIDs that are not there are passed over.
  std::optional<std::vector<std::size_t>> resolve(const SequenceSet& set,
                                                  Numbering numbering) const;
  std::vector<Uid> uids(std::span<const std::size_t> indexes) const;
  // A set of UIDs with "$" written out.
  SequenceSet as_uids(const SequenceSet& set) const;

  // "(\Seen $Junk)"
  std::string flags(const MessageRow& row, Revision revision) const;
  const std::string& flags(const MessageRow& row, Revision revision, FlagTexts& texts) const;
  // "* 3 FETCH (", or "* 305 UIDFETCH (" to those who know no numbers.
  std::string fetch_head(std::size_t index, const Dialect& dialect) const;
  // What a client is told of a message that it did not ask for: "UID 5 FLAGS (\Seen)", with MODSEQ
  // for those who want it.
  std::string news(const MessageRow& row, const Dialect& dialect) const;
  // What FLAGS lists: system flags, the keywords that clients look for, and all that are in use
  // here. Without parentheses.
  std::string known_flags() const;
  // What PERMANENTFLAGS lists: those that can be changed, with "\*" while there is room for more.
  std::string permanent_flags() const;

  // What the client may, or wants to, be told of.
  struct News {
    bool messages = true;
    bool expunges = true;
    // Otherwise they become part of view() without a word, and are told when flags are wanted
    // again.
    bool flags = true;
    std::optional<bool> annotations;  // as the mailbox was opened
  };
  // Tells the client what is new and makes it part of view(). False: the output is full, there is
  // more to tell.
  bool synchronise(const News& news, const Dialect& dialect, Output& output);
  // UIDs of the messages that came since this was last asked and that it was told of; without what
  // the client itself has put there.
  SequenceSet take_new() { return std::exchange(new_, {}); }
  bool has_new() const { return !new_.ranges().empty(); }
  // These, ascending, are known otherwise.
  void pass_new(std::span<const Uid> uids) { new_ = without(new_, uids); }
  // The client itself has put these there, and knows it.
  void made(std::span<const Uid> uids) { own_.insert(uids.begin(), uids.end()); }
  // There is something that the client has not been told: its mod-sequences may be ahead of
  // view()'s.
  bool is_behind() const { return is_behind_; }
  // The same for keywords alone: a client must know a keyword before it sees it on a message.
  void tell_keywords(Output& output);
  // Makes the present flags of these messages part of view() without a word: the client is told
  // another way.
  void adopt(std::span<const Uid> uids);

  // The result of SEARCH RETURN (SAVE): "$".  RFC 5182
  void save(std::vector<Uid> uids) { saved_ = std::move(uids); }
  const std::vector<Uid>& saved() const { return saved_; }

  // The searches whose results are kept up; synchronise() tells which results go away.
  SearchContexts& contexts() { return contexts_; }
  const SearchContexts& contexts() const { return contexts_; }

  // The session turns away: what it has seen is no longer \Recent to others.
  void leave();

 private:
  bool tell_results(const std::vector<std::size_t>& expunged, Output& output);
  bool tell_expunges(const std::vector<std::size_t>& expunged, Output& output);
  bool tell_vanished(const std::vector<std::size_t>& expunged, Output& output);
  void adopt(const View& latest, const std::vector<std::size_t>& changed);
  bool tell_untold(const Dialect& dialect, Output& output);
  bool tell_annotations(const Dialect& dialect, Output& output);
  void tell_added(const View& latest, std::size_t added, Revision revision, Output& output);
  bool tell_changed(const View& latest, const std::vector<std::size_t>& changed,
                    const Dialect& dialect, Output& output);

  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Watcher> relay_;
  Mode mode_;
  Uid recent_from_;
  View::Version view_;
  Annotating annotating_;
  AnnotationNews annotations_{0};
  std::size_t told_keywords_ = 0;
  SequenceSet new_;
  std::set<Uid> own_;     // which are not in view_ yet
  std::set<Uid> untold_;  // whose flags became others without a word
  bool is_behind_ = false;
  std::vector<Uid> saved_;
  SearchContexts contexts_;
};

}  // namespace waxwing::imap
