#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/acl.h"
#include "storage/mailbox.h"
#include "storage/quota.h"
#include "storage/types.h"

namespace waxwing {

// A name in the tree of an account's mailboxes. Names are UTF-8 in NFC, levels separated by "/";
// INBOX is spelled INBOX whatever the client wrote.
struct MailboxInfo {
  MailboxId id;  // 0 when only inferiors or only a subscription exist under this name
  std::string name;
  SpecialUse special_use = SpecialUse::None;
  bool exists = true;  // false: \NonExistent, a level above others or a subscription alone
  bool subscribed = false;
  bool has_children = false;
  bool is_personal = true;        // the own account's
  Rights rights = Rights::all();  // of the one who asks
};

// RFC 9051 section 6.3.11
struct MailboxStatus {
  MailboxId id;
  std::uint32_t uid_validity = 0;
  Uid uid_next = 1;
  ModSeq highest_modseq = 1;
  std::uint64_t messages = 0, unseen = 0, deleted = 0, recent = 0, size = 0;
  std::uint64_t deleted_size = 0;  // octets of the deleted ones.  RFC 9208 section 4.1.4
};

// What a watcher of an account is told when names or subscriptions have changed, in place of a
// mailbox.
constexpr MailboxId kMailboxNames{0};
// And when annotations have changed.
constexpr MailboxId kAnnotations{-1};

// By entry: "/private/comment", in lower case.  RFC 5464 section 3.2
using Annotations = std::map<std::string, std::string>;

// Someone's mail: an account itself (Store::account), or all that its user reaches, other people's
// mailboxes too (Store::mail_of). Any thread; may block.
// A new account has INBOX and, subscribed and with their special use, Drafts, Sent, Junk, Trash,
// Archive.
class Account {
 public:
  virtual ~Account() = default;

  virtual const std::string& address() const = 0;
  // The watcher is told of every change of every mailbox, and of names (kMailboxNames), until it
  // dies. Does not block.
  virtual void watch(std::weak_ptr<Watcher> watcher) = 0;
  // In the order of their names, INBOX first; levels that do not exist themselves are there too.
  virtual Result<std::vector<MailboxInfo>> mailboxes() = 0;
  virtual Result<std::shared_ptr<Mailbox>> mailbox(std::string_view name) = 0;
  virtual Result<MailboxStatus> status(std::string_view name) = 0;

  // Creates missing levels above; subscribes. Limit when the name is too long or there are too
  // many.
  virtual Result<std::shared_ptr<Mailbox>> create(std::string_view name,
                                                  SpecialUse use = SpecialUse::None) = 0;
  // For an import: the mailbox of that name with this UIDVALIDITY; made when it is missing.
  // AlreadyExists when it has another one and had messages.
  virtual Result<std::shared_ptr<Mailbox>> import_mailbox(std::string_view name,
                                                          std::uint32_t uid_validity) = 0;
  // INBOX: Denied. With children: the name stays as a level without a mailbox.
  virtual Outcome remove(std::string_view name) = 0;
  // With all its inferiors. INBOX: its messages move, INBOX stays empty.  RFC 9051 section 6.3.6
  virtual Outcome rename(std::string_view from, std::string_view to) = 0;
  // Subscribing needs no mailbox of that name.
  virtual Outcome subscribe(std::string_view name) = 0;
  virtual Outcome unsubscribe(std::string_view name) = 0;
  // The mailbox with this use.
  virtual Result<std::string> special(SpecialUse use) = 0;

  // Annotations of a mailbox; of the account itself when the name is empty.  RFC 5464
  virtual Result<Annotations> annotations(std::string_view mailbox) = 0;
  // Sets all of these or none; those without a value are removed. Limit when a mailbox has more
  // than kMaxAnnotations then, or all have more octets than kMaxAnnotationBytes. Returns the number
  // of the last change.
  static constexpr std::size_t kMaxAnnotations = 200;
  static constexpr std::uint64_t kMaxAnnotationBytes = 16 << 20;  // of all mailboxes
  using AnnotationChanges = std::map<std::string, std::optional<std::string>>;
  virtual Result<std::uint64_t> annotate(std::string_view mailbox,
                                         const AnnotationChanges& changes) = 0;
  // What was changed after the change of that number, as far as it is remembered, and the number of
  // the last. Does not block.
  struct Annotated {
    std::uint64_t number = 0;
    std::string mailbox;
    std::string entry;
  };
  virtual std::vector<Annotated> annotated_since(std::uint64_t number) = 0;
  virtual std::uint64_t last_annotated() = 0;
  virtual Outcome set_special_use(std::string_view mailbox, SpecialUse use) = 0;

  // The secret under which the user of this object lets others read messages of a mailbox by URL.
  // One for each user and mailbox, whosever that is; a mailbox is its name and UIDVALIDITY, so what
  // is made anew under an old name has none. Nothing: there is none yet.  RFC 4467 section 2.2
  virtual Result<std::optional<std::string>> url_key(std::string_view mailbox,
                                                     std::uint32_t uid_validity);
  // Makes one: where there is none, or anew, and then nothing signed before is valid any more.
  enum class UrlKey { Missing, Anew };
  virtual Result<std::string> make_url_key(std::string_view mailbox, std::uint32_t uid_validity,
                                           UrlKey which);
  // Of all mailboxes.
  virtual Outcome remove_url_keys();
  // How often the key of this mailbox, or with an empty name any key, was made anew or removed
  // since somebody holds this account. Does not block.
  virtual std::uint64_t url_key_changes(std::string_view mailbox);

  // Who may do what with a mailbox; Denied without the right to administer it, and where nothing is
  // shared.  RFC 4314
  virtual Result<Acl> acl(std::string_view mailbox);
  // `identifier`: canonical. Limit when there are more than kMaxAcl entries then.
  static constexpr std::size_t kMaxAcl = 500;
  virtual Outcome change_acl(std::string_view mailbox, const std::string& identifier,
                             const RightsChange& change);
  // What the one who uses this object may do; NotFound when he may not even know of the mailbox.
  virtual Result<Rights> rights(std::string_view mailbox);
  // Whether there may be mailboxes of others for who uses this object.  RFC 2342
  struct OtherNamespaces {
    bool users = false;
    bool shared = false;
  };
  virtual Result<OtherNamespaces> other_namespaces();

  struct Usage {
    std::uint64_t messages = 0, bytes = 0;
  };
  virtual Result<Usage> usage() = 0;
  // What it may hold. Nothing that would go beyond it comes in; what is there already stays.
  virtual Result<QuotaLimits> quota() = 0;

  // An account is one quota root, by the name of its address: all its mailboxes share the limits.
  // RFC 9208 section 3.2
  struct QuotaRoot {
    std::string name;
    QuotaLimits limits;
    Usage used;
  };
  // NotFound when there is none of that name, or it is no business of who uses this object.
  virtual Result<QuotaRoot> quota_root(std::string_view name);
  // Of a mailbox, which need not be there.
  virtual Result<QuotaRoot> quota_root_of(std::string_view mailbox);
  // Denied but to administrators.
  virtual Result<QuotaRoot> set_quota(std::string_view root, const QuotaLimits& limits);
};

}  // namespace waxwing
