#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "protocols/imap/annotation.h"
#include "protocols/imap/partial_range.h"
#include "protocols/imap/search_key.h"
#include "protocols/imap/section.h"
#include "protocols/imap/sequence_set.h"
#include "protocols/imap/sort_key.h"

namespace waxwing::imap {

// Commands as values: what parse() makes of one complete command. Mailbox names and patterns are as
// the client sent them (name.h decodes them); words of the protocol are in upper case.

enum class Numbering { Sequence, Uid };  // FETCH or UID FETCH

// The value of a modifier that an extension may define.  RFC 4466, tagged-ext-val
struct ModifierValue {
  std::string text;  // when no list
  std::vector<ModifierValue> list;
  bool is_list = false;
  bool operator==(const ModifierValue&) const = default;
};
// One entry of the parentheses behind SELECT, FETCH, STORE: "CONDSTORE", "UNCHANGEDSINCE 12".
struct Modifier {
  std::string name;  // upper case
  std::optional<ModifierValue> value;
  bool operator==(const Modifier&) const = default;
};
using Modifiers = std::vector<Modifier>;

struct FlagList {
  std::uint64_t system = 0;           // Flags::kSeen | ...
  std::vector<std::string> keywords;  // as written
  bool operator==(const FlagList&) const = default;
};

// Any state.
struct Capability {
  bool operator==(const Capability&) const = default;
};
struct Noop {
  bool operator==(const Noop&) const = default;
};
struct Logout {
  bool operator==(const Logout&) const = default;
};
struct LanguageCommand {            // RFC 5255 section 3.2
  std::vector<std::string> ranges;  // of language.h; none: which ones are there?
  bool operator==(const LanguageCommand&) const = default;
};
struct Id {                                                                // RFC 2971
  std::vector<std::pair<std::string, std::optional<std::string>>> fields;  // empty for NIL too
  bool operator==(const Id&) const = default;
};

// Not authenticated.
struct StartTls {
  bool operator==(const StartTls&) const = default;
};
struct Authenticate {
  std::string mechanism;               // upper case
  std::optional<std::string> initial;  // decoded; "=" is an empty one.  RFC 4959
  bool operator==(const Authenticate&) const = default;
};
struct Login {
  std::string user, password;
  bool operator==(const Login&) const = default;
};

// Authenticated.
struct Comparator {                 // RFC 5255 section 4.7
  std::vector<std::string> orders;  // of collation.h; none: which one is it?
  bool operator==(const Comparator&) const = default;
};
struct Enable {
  std::vector<std::string> capabilities;  // upper case
  bool operator==(const Enable&) const = default;
};
struct Select {
  enum class Mode { ReadWrite, ReadOnly };  // SELECT, EXAMINE
  Mode mode = Mode::ReadWrite;
  std::string mailbox;
  Modifiers modifiers;
  bool operator==(const Select&) const = default;
};
struct Create {
  std::string mailbox;
  std::vector<std::string> special_use;  // "\Sent", as written.  RFC 6154 section 3
  bool operator==(const Create&) const = default;
};
struct Delete {
  std::string mailbox;
  bool operator==(const Delete&) const = default;
};
struct Rename {
  std::string from, to;
  bool operator==(const Rename&) const = default;
};
struct Subscribe {
  std::string mailbox;
  bool operator==(const Subscribe&) const = default;
};
struct Unsubscribe {
  std::string mailbox;
  bool operator==(const Unsubscribe&) const = default;
};

enum class StatusItem {
  Messages,
  Recent,
  UidNext,
  UidValidity,
  Unseen,
  Deleted,
  Size,
  AppendLimit,
  HighestModSeq,
  MailboxId,
  DeletedStorage
};

// LIST, LSUB, XLIST.  RFC 5258, 5819, 6154
struct List {
  enum class Kind { List, Lsub, Xlist };
  Kind kind = Kind::List;
  std::string reference;
  std::vector<std::string> patterns;
  bool is_extended = false;  // options or several patterns were given, even empty ones
  struct Selection {
    bool subscribed = false, remote = false, recursive_match = false, special_use = false;
    bool operator==(const Selection&) const = default;
  } selection;
  struct Return {
    bool subscribed = false, children = false, special_use = false;
    bool my_rights = false;             // RFC 8440
    std::vector<StatusItem> status;     // empty: not asked for
    std::vector<std::string> metadata;  // entries; empty: not asked for.  RFC 9590
    bool operator==(const Return&) const = default;
  } returns;
  bool operator==(const List&) const = default;
};
struct GetQuota {  // RFC 9208 section 4.1
  std::string root;
  bool operator==(const GetQuota&) const = default;
};
struct GetQuotaRoot {
  std::string mailbox;
  bool operator==(const GetQuotaRoot&) const = default;
};
struct SetQuota {  // RFC 9208 section 4.1.3
  std::string root;
  std::vector<std::pair<std::string, std::uint64_t>> limits;  // by resource, in upper case
  bool operator==(const SetQuota&) const = default;
};
// RFC 4314 section 3
struct GetAcl {
  std::string mailbox;
  bool operator==(const GetAcl&) const = default;
};
struct SetAcl {
  std::string mailbox, identifier, rights;  // "+lr"
  bool operator==(const SetAcl&) const = default;
};
struct DeleteAcl {
  std::string mailbox, identifier;
  bool operator==(const DeleteAcl&) const = default;
};
struct ListRights {
  std::string mailbox, identifier;
  bool operator==(const ListRights&) const = default;
};
struct MyRights {
  std::string mailbox;
  bool operator==(const MyRights&) const = default;
};
struct GetMetadata {  // RFC 5464 section 4.2
  enum class Depth { Zero, One, Infinity };
  std::string mailbox;               // empty: the server
  std::vector<std::string> entries;  // lower case
  std::optional<std::uint64_t> max_size;
  Depth depth = Depth::Zero;
  bool operator==(const GetMetadata&) const = default;
};
struct SetMetadata {
  std::string mailbox;
  std::vector<std::pair<std::string, std::optional<std::string>>> values;  // by entry
  bool operator==(const SetMetadata&) const = default;
};
struct Namespace {
  bool operator==(const Namespace&) const = default;
};
struct Status {
  std::string mailbox;
  std::vector<StatusItem> items;
  bool operator==(const Status&) const = default;
};
// A piece of the text of a message that a client brings.
struct AppendPart {
  enum class Kind { Text, Utf8, Url };  // a literal, UTF8 (literal8), or what a URL names
  Kind kind = Kind::Text;
  std::uint64_t size = 0;
  bool is_binary = false;  // sent as literal8
  std::string text;        // empty when the literal was staged
  bool operator==(const AppendPart&) const = default;
};
// RFC 4466, append-message
struct AppendMessage {
  FlagList flags;
  std::optional<Time> internal_date;
  std::vector<AnnotationChange> annotations;  // RFC 5257 section 4.7
  bool is_catenated = false;                  // of any number of parts, else of one.  RFC 4469
  std::vector<AppendPart> parts;
  bool operator==(const AppendMessage&) const = default;
};
struct Append {
  std::string mailbox;
  std::vector<AppendMessage> messages;  // several: RFC 3502
  bool operator==(const Append&) const = default;
};
struct Compress {         // RFC 4978
  std::string algorithm;  // upper case
  bool operator==(const Compress&) const = default;
};
// RFC 4467 section 7
struct ResetKey {
  std::optional<std::string> mailbox;   // none: the keys of all
  std::vector<std::string> mechanisms;  // upper case
  bool operator==(const ResetKey&) const = default;
};
struct GenUrlAuth {
  struct Wanted {
    std::string url, mechanism;  // the mechanism in upper case
    bool operator==(const Wanted&) const = default;
  };
  std::vector<Wanted> wanted;
  bool operator==(const GenUrlAuth&) const = default;
};
struct UrlFetch {
  std::vector<std::string> urls;
  bool operator==(const UrlFetch&) const = default;
};
struct Idle {
  bool operator==(const Idle&) const = default;
};
struct Unauthenticate {
  bool operator==(const Unauthenticate&) const = default;
};  // RFC 8437

// Selected.
struct Close {
  bool operator==(const Close&) const = default;
};
struct Unselect {
  bool operator==(const Unselect&) const = default;
};
struct Check {
  bool operator==(const Check&) const = default;
};
struct Expunge {
  std::optional<SequenceSet> uids;  // UID EXPUNGE
  bool operator==(const Expunge&) const = default;
};

struct UidBatches {
  std::uint64_t size = 0;  // messages in a batch
  // Which batches, counted from the newest message; all when not given.
  std::uint64_t first = 1;
  std::uint64_t last = UINT64_MAX;
  bool operator==(const UidBatches&) const = default;
};

struct FetchItem {
  enum class Kind {
    Envelope,
    Flags,
    InternalDate,
    Size,
    Body,
    BodyStructure,
    Uid,
    Section,  // BODY[...], BODY.PEEK[...]
    ModSeq,   // RFC 7162 section 3.1.4.2
    EmailId,  // RFC 8474 section 5
    ThreadId,
    SaveDate,    // RFC 8514 section 4.2
    Binary,      // BINARY[...], BINARY.PEEK[...]
    BinarySize,  // BINARY.SIZE[...]
    Rfc822,
    Rfc822Header,
    Rfc822Text,
    Preview,
    Annotation,  // RFC 5257
  };
  Kind kind = Kind::Flags;
  Section section;
  bool peek = false;     // does not set \Seen
  bool is_lazy = false;  // PREVIEW (LAZY): only if it costs nothing
  std::optional<Partial> partial;
  AnnotationItem annotation = {};
  bool operator==(const FetchItem&) const = default;
};

struct SearchReturn {
  bool min = false, max = false, all = false, count = false, save = false;
  std::optional<PartialRange> partial;  // never beside `all`
  bool relevancy = false;               // only where there is a FUZZY key.  RFC 6203 section 4
  // The search will be used again, and the client is told of what changes.  RFC 5267 section 4
  bool context = false, update = false;
  // With `update`: what is told of each message that comes in and matches.  RFC 5465 section 7
  std::vector<FetchItem> items = {};
  bool operator==(const SearchReturn&) const = default;
};
struct Search {
  Numbering numbering = Numbering::Sequence;
  // Present with RETURN: the answer is ESEARCH. "RETURN ()" is ALL.
  std::optional<SearchReturn> returns;
  std::string charset;  // upper case; empty: none given
  SearchKey program;    // Kind::And
  bool operator==(const Search&) const = default;
};

// Which mailboxes.  RFC 5465 section 6, RFC 7377 section 2.2
struct MailboxFilter {
  enum class Kind {
    Selected,
    SelectedDelayed,
    Inboxes,
    Personal,
    Subscribed,
    Subtree,     // mailboxes, and all below
    SubtreeOne,  // mailboxes, and one level below
    Mailboxes    // mailboxes
  };
  Kind kind = Kind::Selected;
  std::vector<std::string> mailboxes;
  bool operator==(const MailboxFilter&) const = default;
};
// ESEARCH.  RFC 7377
struct MultiSearch {
  std::vector<MailboxFilter> sources;   // none: the selected mailbox
  std::optional<SearchReturn> returns;  // as in Search; none is ALL
  std::string charset;
  SearchKey program;  // Kind::And
  bool operator==(const MultiSearch&) const = default;
};
struct CancelUpdate {  // RFC 5267 section 4.3.5
  std::vector<std::string> tags;
  bool operator==(const CancelUpdate&) const = default;
};

// RFC 5256, RFC 5267 section 3
struct Sort {
  Numbering numbering = Numbering::Sequence;
  std::optional<SearchReturn> returns;  // as in Search
  SortKeys keys;                        // at least one
  std::string charset;                  // upper case
  SearchKey program;                    // Kind::And
  bool operator==(const Sort&) const = default;
};

// RFC 5256
struct Thread {
  enum class Algorithm { OrderedSubject, References, Refs };
  Numbering numbering = Numbering::Sequence;
  Algorithm algorithm = Algorithm::OrderedSubject;
  std::string charset;  // upper case
  SearchKey program;    // Kind::And
  bool operator==(const Thread&) const = default;
};

struct Fetch {
  Numbering numbering = Numbering::Sequence;
  SequenceSet set;
  std::vector<FetchItem> items;  // macros are written out; each item once
  Modifiers modifiers;
  bool operator==(const Fetch&) const = default;
};

// NOTIFY.  RFC 5465 section 8
struct NotifyEvents {
  bool message_new = false, message_expunge = false, flag_change = false;
  bool annotation_change = false;  // of messages
  bool mailbox_name = false, subscription_change = false;
  bool metadata_change = false, server_metadata_change = false;
  bool others = false;           // some that nobody tells here
  std::vector<FetchItem> items;  // of new messages; for the selected mailbox
  bool operator==(const NotifyEvents&) const = default;
};
struct NotifyGroup {
  MailboxFilter of;
  NotifyEvents events;  // none of them for NONE
  bool operator==(const NotifyGroup&) const = default;
};
struct Notify {
  bool is_none = false;  // NOTIFY NONE
  bool wants_status = false;
  std::vector<NotifyGroup> groups;
  bool operator==(const Notify&) const = default;
};

struct Store {
  enum class Mode { Add, Remove, Replace };
  enum class Echo { Full, Silent };
  Numbering numbering = Numbering::Sequence;
  SequenceSet set;
  Mode mode = Mode::Replace;
  Echo echo = Echo::Full;
  FlagList flags;
  std::vector<AnnotationChange> annotations;  // then nothing else.  RFC 5257 section 4.5
  Modifiers modifiers;
  bool operator==(const Store&) const = default;
};
struct Replace {  // RFC 8508
  Numbering numbering = Numbering::Sequence;
  SequenceSet set;  // one number
  Append append;    // one message
  bool operator==(const Replace&) const = default;
};
struct Copy {
  Numbering numbering = Numbering::Sequence;
  SequenceSet set;
  std::string mailbox;
  bool operator==(const Copy&) const = default;
};
struct Move {
  Numbering numbering = Numbering::Sequence;
  SequenceSet set;
  std::string mailbox;
  bool operator==(const Move&) const = default;
};

struct Command {
  using Body =
      std::variant<Capability, Noop, Logout, LanguageCommand, Id, StartTls, Authenticate, Login,
                   Comparator, Enable, Select, Create, Delete, Rename, Subscribe, Unsubscribe, List,
                   GetQuota, GetQuotaRoot, SetQuota, GetAcl, SetAcl, DeleteAcl, ListRights,
                   MyRights, GetMetadata, SetMetadata, Namespace, Status, Append, Compress,
                   ResetKey, GenUrlAuth, UrlFetch, Idle, Unauthenticate, Close, Unselect, Check,
                   Expunge, UidBatches, Search, MultiSearch, CancelUpdate, Sort, Thread, Fetch,
                   Notify, Store, Replace, Copy, Move>;
  std::string tag;
  std::string name;  // upper case: "NOOP", "UID FETCH", "EXAMINE", "XLIST"
  Body body;
  bool operator==(const Command&) const = default;
};

}  // namespace waxwing::imap
