#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace waxwing {

// What POP3 may do for an account; `Keep`: DELE hides a message from POP3 and leaves it in IMAP.
enum class PopPolicy { On, Off, Keep };

// An account as sign-in found it.
struct Identity {
  std::int64_t id = 0;
  std::string address;  // canonical
  PopPolicy pop3 = PopPolicy::On;
  std::vector<std::string> hidden = {};  // capabilities of IMAP, in upper case
  // Of the domain: its shared mailboxes, and the limits of its accounts.
  bool is_administrator = false;
  std::string referral = {};  // the IMAP server that has this account's mail; empty: this one
};

// Recipients on other servers that an account may write to; nothing: as the server has it, 0: any
// number.
struct SendLimits {
  std::optional<std::uint64_t> per_hour, per_day;
};

// After so many days in the mailbox with that use a message is removed; 0: never.
struct Cleaning {
  std::uint32_t trash_days = 0, junk_days = 0;
};

struct AccountRecord {
  std::int64_t id = 0;
  std::string address;  // canonical
  bool enabled = true;
  bool has_scram = false;
  PopPolicy pop3 = PopPolicy::On;
  std::uint64_t quota_bytes = 0;     // 0: none
  std::uint64_t quota_messages = 0;  // 0: none
  std::vector<std::string> hidden;   // capabilities of IMAP, in upper case
  bool is_administrator = false;
  std::string referral;  // URL of the IMAP server that has its mail; empty: this one
  SendLimits sends;
  bool saves_sent = false;  // what it submits is put into Sent
  Cleaning cleaning;
  std::int64_t created = 0;  // Unix seconds
};

struct AliasRecord {
  std::string address;               // canonical; "@domain" is the catch-all of that domain
  std::vector<std::string> targets;  // canonical addresses
};

class Credentials;
class DomainKeys;

// Who gets mail and who may sign in: data_dir/directory.sqlite. Any thread; may block. Addresses go
// in as people write them and come out canonical; Invalid when they are none.
class Directory {
 public:
  // Creates the database when there is none.
  static Result<std::unique_ptr<Directory>> open(const std::string& path, const Clock& clock);
  virtual ~Directory() = default;

  // Called, on the thread that made the change and after it is durable, with the canonical address
  // of an account whose sessions must end: removed, disabled, renamed, or its password changed. Set
  // once, before other threads use the directory.
  virtual void on_revoked(std::function<void(const std::string& account)> observer) = 0;
  // What the Authenticator reads.
  virtual Credentials& credentials() = 0;
  // What mail that leaves is signed with. They go with their domain.
  virtual DomainKeys& keys() = 0;

  virtual Outcome add_domain(std::string_view domain) = 0;
  // Another name of `target`, which is a domain here and no such name itself: mail to and from
  // anybody there is his at the target.
  virtual Outcome add_domain_alias(std::string_view domain, std::string_view target) = 0;
  // Denied while accounts, aliases or other names are in it.
  virtual Outcome remove_domain(std::string_view domain) = 0;
  // All of them, other names too.
  virtual Result<std::vector<std::string>> domains() = 0;
  // What this domain is another name of; empty: of none. NotFound when it is not local.
  virtual Result<std::string> domain_target(std::string_view domain) = 0;
  virtual Result<bool> is_local_domain(std::string_view domain) = 0;

  // Passwords: 1 to 1000 bytes without control characters. Setting one makes argon2id hash and
  // SCRAM keys, which takes a tenth of a second. AlreadyExists when an account or alias has the
  // address, NotFound when its domain is not local.
  virtual Outcome add_account(std::string_view address, std::string_view password) = 0;
  // `secret`: "{SCHEME}rest" as in Dovecot's passwd-file. PLAIN, SHA512-CRYPT, SHA256-CRYPT,
  // BLF-CRYPT and ARGON2ID; Invalid with a sentence for the operator on anything else.
  virtual Outcome import_account(std::string_view address, std::string_view secret) = 0;
  virtual Outcome set_password(std::string_view address, std::string_view password) = 0;
  virtual Outcome remove_account(std::string_view address) = 0;
  virtual Outcome enable_account(std::string_view address) = 0;
  virtual Outcome disable_account(std::string_view address) = 0;
  virtual Outcome rename_account(std::string_view from, std::string_view to) = 0;
  // 0: no limit.
  virtual Outcome set_quota(std::string_view address, std::uint64_t bytes,
                            std::uint64_t messages) = 0;
  virtual Outcome set_pop3(std::string_view address, PopPolicy policy) = 0;
  virtual Outcome set_send_limits(std::string_view address, const SendLimits& limits) = 0;
  virtual Outcome set_saves_sent(std::string_view address, bool saves) = 0;
  virtual Outcome set_cleaning(std::string_view address, const Cleaning& cleaning) = 0;
  // Capabilities that IMAP sessions of this account have not; for those that start from now on.
  virtual Outcome set_hidden(std::string_view address,
                             const std::vector<std::string>& capabilities) = 0;
  // For sessions that start from now on; those of who is none any more end.
  virtual Outcome set_administrator(std::string_view address, bool is_administrator) = 0;
  // Where IMAP clients of this account are sent once they have proved who they are; for sign-ins
  // from now on. `url` as canonical_referral() takes it; empty: nowhere.
  virtual Outcome set_referral(std::string_view address, std::string_view url) = 0;
  virtual Result<AccountRecord> account(std::string_view address) = 0;
  virtual Result<std::vector<AccountRecord>> accounts() = 0;

  // Targets may be elsewhere. An account's own address may become an alias when it is among the
  // targets: it then keeps its copy. An alias that is there already gets the new targets.
  virtual Outcome add_alias(std::string_view address, const std::vector<std::string>& targets) = 0;
  virtual Outcome remove_alias(std::string_view address) = 0;
  virtual Result<std::vector<AliasRecord>> aliases() = 0;

  // Where mail for an address goes.
  struct Route {
    enum class Kind {
      Local,      // to `recipients`
      Unknown,    // our domain, nobody of that name
      Disabled,   // the account is there but does not take mail now
      Elsewhere,  // not our domain
    };
    struct Recipient {
      std::string account;  // canonical; empty for a target elsewhere
      std::string tag;      // what followed "+", as written
      std::string remote;   // canonical address of a target that is not ours
    };
    Kind kind = Kind::Unknown;
    std::vector<Recipient> recipients;
    // Targets of aliases on the way that take no mail: nobody has that name, or his account is
    // disabled. The others get it all the same.
    std::vector<std::string> lost = {};
  };
  // Invalid when it is no address; "postmaster" alone is one.  RFC 5321 section 4.5.1
  // Accounts, aliases (any depth, loops cut), "+tag", catch-all; postmaster and abuse of a local
  // domain always go somewhere (alias, account or every first account of the server).
  virtual Result<Route> route(std::string_view address) = 0;
  // What route() and account() would say without reading the disk; nothing where they would have
  // to. Never block.
  virtual std::optional<Route> known_route(std::string_view address) const = 0;
  virtual std::optional<AccountRecord> known_account(std::string_view canonical) const = 0;
  // May this account send as that address: its own (with any tag) or an alias that leads to it.
  virtual Result<bool> may_send_as(std::string_view account, std::string_view address) = 0;
};

}  // namespace waxwing
