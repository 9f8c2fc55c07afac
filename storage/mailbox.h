#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "protocols/mail/message.h"
#include "storage/message_annotations.h"
#include "storage/rights.h"
#include "storage/staged.h"
#include "storage/text_lookup.h"
#include "storage/types.h"
#include "storage/view.h"

namespace waxwing {

// How STORE changes flags.  RFC 9051 section 6.4.6
struct FlagChange {
  enum class Mode { Add, Remove, Replace };
  Mode mode = Mode::Add;
  std::uint64_t system = 0;           // Flags::kSeen | ...
  std::vector<std::string> keywords;  // compared ignoring case; new ones are created
  // Of these flags, Replace leaves what is there as it is.
  std::uint64_t kept = 0;
  bool keeps_keywords = false;
};

// An open message file. Stays readable after the message is expunged.
struct MessageFile {
  std::shared_ptr<const Fd> file;
  std::uint64_t size = 0;
};

// What readers of many messages get for each, without opening its file.
struct Parsed {
  std::string header;  // mail::Message::header; whole unless header_is_whole is false
  bool header_is_whole = true;
  std::string message;  // mail::encode() of everything; empty unless asked for
};

// What a reader of headers worked out for the messages of one block and wants at once next time.
struct Extract {
  // Block n are the UIDs from n * kSpan on, so many.
  static constexpr Uid kSpan = 256;
  Uid block = 0;
  std::uint32_t messages = 0;  // it was made of
  std::string bytes;
};

// One mailbox of one account; all sessions that use it share the object. Any thread. Everything but
// id(), uid_validity(), view() and watch() may block.
class Mailbox {
 public:
  virtual ~Mailbox() = default;

  virtual MailboxId id() const = 0;
  virtual std::string name() const = 0;  // UTF-8, "/" between levels; follows renames
  virtual std::uint32_t uid_validity() const = 0;
  // Deleted by someone, or the right to read it taken away: nothing works any more.
  virtual bool is_gone() const = 0;
  // What the one who uses this object may do. All else is Denied, and flags that may not be changed
  // are left as they are.
  virtual Rights rights() const { return Rights::all(); }
  // The newest published state.
  virtual View::Version view() const = 0;
  // The watcher is told of every change until it dies.
  virtual void watch(std::weak_ptr<Watcher> watcher) = 0;
  // Takes up what other programs did to the directory: mail in new/, renamed flags, removed files.
  virtual Outcome refresh() = 0;
  // Messages from this UID on are \Recent to the caller; the next caller gets a later UID.
  // RFC 3501 section 2.3.2. EXAMINE peeks.
  enum class Recent { Claim, Peek };
  virtual Result<Uid> recent(Recent how) = 0;

  struct AppendOptions {
    FlagChange flags{FlagChange::Mode::Replace, 0, {}};
    std::optional<Time> internal_date;  // now
    // For an import: the UID it had. Invalid when that is below UIDNEXT.
    std::optional<Uid> uid;
    // Limit when they are too many.  RFC 5257 section 4.7
    std::vector<AnnotationChange> annotations;
    // Whose the private ones among them are; empty: the one's who has the mailbox.
    std::string annotator;
  };
  struct NewMessage {
    Staged* message = nullptr;
    AppendOptions options;
  };
  // All of them, in their order, or none; durable, and visible to others at once, when it returns.
  virtual Result<std::vector<Uid>> append(std::span<const NewMessage> messages) = 0;
  Result<Uid> append(Staged& message, const AppendOptions& options);
  // Puts the message into `target` while `uid` leaves this mailbox: both or neither, and nobody
  // sees one without the other; in another account first the one, then the other. NotFound when a
  // mailbox is gone, Cancelled when the message is.  RFC 8508
  virtual Result<Uid> replace(Uid uid, const NewMessage& message, Mailbox& target) = 0;

  struct FlagOutcome {
    std::vector<Uid> changed;    // those whose flags are other than before
    std::vector<Uid> conflicts;  // changed since `unchanged_since`, so left alone
    ModSeq modseq = 0;
  };
  // UIDs that are gone are passed over. Limit when there are too many keywords.
  virtual Result<FlagOutcome> change_flags(std::span<const Uid> uids, const FlagChange& change,
                                           std::optional<ModSeq> unchanged_since = {}) = 0;

  enum class Expunge {
    Deleted,
    Any
  };  // only those that have \Deleted at this moment, or all given
  // Returns those that are gone now, ascending.
  virtual Result<std::vector<Uid>> expunge(std::span<const Uid> uids, Expunge which) = 0;

  struct Copied {
    std::uint32_t uid_validity = 0;         // of the target
    std::vector<std::pair<Uid, Uid>> uids;  // source, target; ascending by source
  };
  // All or nothing. The target may be another account's. Denied when messages may not be put there;
  // a copy has those flags that may be set there, and those annotations that are shared or belong
  // to the one who copies, as far as they may be made there.  RFC 5257 section 4.6
  virtual Result<Copied> copy(std::span<const Uid> uids, Mailbox& target) = 0;
  virtual Result<Copied> move(std::span<const Uid> uids, Mailbox& target) = 0;

  virtual Result<MessageFile> open(Uid uid) = 0;
  // Indexed: All, but of a message that the index does not know yet nothing, instead of reading its
  // file.
  enum class Fields { Header, All, Indexed };
  // Calls `visit` in UID order for each of the given messages that still exists; it returns false
  // to stop. Holds no database transaction while it visits more than a slice of them.
  virtual Outcome read(std::span<const Uid> uids, Fields fields,
                       const std::function<bool(Uid, const Parsed&)>& visit) = 0;

  // What the text index knows of these keys, most of it without a look at any message; nullptr when
  // there is no index. The first who asks is why there will be one.
  virtual std::unique_ptr<TextLookup> look_up_texts(const std::vector<TextKey>&) { return nullptr; }

  // Extracts are kept with the index by kind, a number that their maker has chosen. As messages do
  // not change they stay true, and what is lost can be made again. Those of the blocks from `first`
  // to `last` that there are, ascending.
  virtual Result<std::vector<Extract>> extracts(int /*kind*/, Uid /*first*/, Uid /*last*/) {
    return std::vector<Extract>();
  }
  // Of blocks in which no message can come any more: all below View::uid_next().
  virtual Outcome keep_extracts(int /*kind*/, std::span<const Extract>) { return {}; }
  // Annotations of these messages, shared ones and the private ones of who uses this object.
  // RFC 5257. Calls `visit` in UID order for each message that has any that are asked for. Of
  // messages that have many and long ones no more are in memory at once than 4 MiB and one message.
  virtual Outcome read_annotations(std::span<const Uid>, const AnnotationQuery&,
                                   const VisitAnnotations&) {
    return {};
  }
  // Changes each of these messages likewise, durably, or none of them; what changes gets a new
  // mod-sequence. UIDs that are gone are passed over. Limit when a message has too many then;
  // OverQuota when there is no room for so much; Denied where shared ones may not be changed.
  virtual Result<FlagOutcome> annotate(std::span<const Uid>, std::span<const AnnotationChange>,
                                       std::optional<ModSeq> = {}) {
    return fail(Error::Code::Denied, "no annotations here");
  }
  // What was annotated after this change, as far as it is remembered: oldest first. Does not block.
  virtual std::vector<AnnotatedMessages> annotated_since(ModSeq) const { return {}; }

  // The email ids of these messages, the same for all copies of one; empty for what is gone.
  // RFC 8474 section 5.1
  virtual Result<std::vector<std::string>> email_ids(std::span<const Uid> uids) = 0;
  // For each of these ids the messages that have it, ascending. Looks at all messages.
  virtual Result<std::vector<std::vector<Uid>>> find_email_ids(
      std::span<const std::string> ids) = 0;

  // POP3: the unique ids of messages, imported or "<uidvalidity>.<uid>".
  virtual Result<std::vector<std::string>> uidls(std::span<const Uid> uids) = 0;
  virtual Outcome set_uidls(std::span<const std::pair<Uid, std::string>> uidls) = 0;
  // POP3 `keep`: messages that DELE hid from POP3.
  virtual Result<std::vector<Uid>> hidden_from_pop3() = 0;
  virtual Outcome hide_from_pop3(std::span<const Uid> uids) = 0;
  // UIDs that were expunged after this change, ascending; for QRESYNC.  Nothing when the log does
  // not reach back that far.
  virtual Result<std::optional<std::vector<Uid>>> expunged_since(ModSeq modseq) = 0;
};

inline Result<Uid> Mailbox::append(Staged& message, const AppendOptions& options) {
  const NewMessage one{&message, options};
  const auto uids = append(std::span(&one, 1));
  if (!uids) return fail(uids.error());
  return uids->front();
}

}  // namespace waxwing
