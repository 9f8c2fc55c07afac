// Where mail for an address goes: the routing side of SqliteDirectory.
//
// An address is looked up as written, then without its "+tag", each time as an alias first and as
// an account second, so an alias of an account's own name adds recipients to it. What nobody has
// goes to the catch-all of the domain.
#include <algorithm>
#include <deque>
#include <set>

#include "auth/names.h"
#include "auth/sqlite_directory.h"
#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

constexpr std::size_t kMostRemembered = 100;  // recipients behind one address

// Aliases of aliases of aliases: as many as a large list needs, and no more than a reply can wait
// for.
constexpr std::size_t kMaxExpanded = 10'000;

using Recipient = Directory::Route::Recipient;

// Resolves one address; made anew for each. Held by one thread at a time.
class Resolution {
 public:
  explicit Resolution(directory_sql::Database& database) : database_(database) {}

  Result<Directory::Route> run(const mail::Address& address) {
    const auto domain = mail::canonical_domain(address.domain);
    const auto local = domain ? local_domain(*domain) : std::nullopt;
    if (!local) return ended(Directory::Route::Kind::Elsewhere);
    pending_.push_back({{address.local, *local}, "", false});
    while (!pending_.empty() && !failed_) {
      const auto next = std::move(pending_.front());
      pending_.pop_front();
      is_disabled_ = false;
      const bool is_somebodys = follow(next.address, next.tag);
      if (next.is_target && (!is_somebodys || is_disabled_)) {
        lost_.push_back(next.address.local + "@" + next.address.domain);
      }
    }
    if (failed_) return fail(*failed_);
    if (!recipients_.empty()) return ended(Directory::Route::Kind::Local);
    return ended(met_disabled_ ? Directory::Route::Kind::Disabled
                               : Directory::Route::Kind::Unknown);
  }

  // The address that "postmaster" without a domain stands for.
  std::string server_postmaster() {
    auto domains = column("SELECT name FROM domains ORDER BY created, name LIMIT 1");
    return domains.empty() ? std::string() : "postmaster@" + domains.front();
  }

 private:
  Result<Directory::Route> ended(Directory::Route::Kind kind) {
    if (failed_) return fail(*failed_);
    return Directory::Route{kind, std::move(recipients_), std::move(lost_)};
  }

  template <class... Values>
  std::vector<std::string> column(std::string_view sql, const Values&... values) {
    std::vector<std::string> found;
    auto query = database_.query(sql, values...);
    while (query.row()) found.push_back(query.text(0));
    if (auto outcome = query.finish(); !outcome) failed_ = outcome.error();
    return found;
  }

  // The domain, or the one that it is another name of; nothing when it is not ours.
  std::optional<std::string> local_domain(const std::string& domain) {
    auto found = column(
        "SELECT CASE target WHEN '' THEN name ELSE target END FROM domains WHERE name = ?", domain);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  }

  // `tag`: what an alias on the way was asked for with; a tag of the address itself goes before it.
  // Whether it is somebody's.
  bool follow(const mail::Address& address, const std::string& tag) {
    const auto whole = mail::canonical(address);
    if (!whole || failed_) return false;
    if (take(*whole, tag)) return true;

    const auto plus = address.local.find('+');
    auto own_tag = tag;
    auto bare = *whole;
    if (plus != std::string::npos && plus > 0) {
      own_tag = address.local.substr(plus + 1);
      bare = mail::canonical({address.local.substr(0, plus), address.domain}).value_or(*whole);
      if (take(bare, own_tag)) return true;
    }
    const auto domain = domain_of(*whole);
    return take("@" + domain, own_tag) || take_role(bare, domain, own_tag);
  }

  // Whether somebody has this name, even somebody who takes no mail now.
  bool take(const std::string& name, const std::string& tag) {
    const bool first_visit = visited_.size() < kMaxExpanded && visited_.insert(name).second;
    const auto targets =
        column("SELECT target FROM aliases WHERE address = ? ORDER BY position", name);
    if (!targets.empty() && first_visit) {
      for (const auto& target : targets) follow_target(target, tag);
      return true;
    }
    return take_account(name, tag) || !targets.empty();
  }

  void follow_target(const std::string& target, const std::string& tag) {
    const auto address = mail::parse_address(target);
    if (!address || failed_) return;
    if (const auto local = local_domain(domain_of(target))) {
      pending_.push_back({{address->local, *local}, tag, true});
    } else {
      add({"", "", target});
    }
  }

  bool take_account(const std::string& name, const std::string& tag) {
    const auto enabled = column("SELECT enabled FROM accounts WHERE address = ?", name);
    if (enabled.empty()) return false;
    if (enabled.front() == "1") {
      add({name, tag, ""});
    } else {
      met_disabled_ = is_disabled_ = true;
    }
    return true;
  }

  // RFC 5321 section 4.5.1 wants postmaster, RFC 2142 abuse; where nobody was named it is the
  // longest-standing account's business.
  bool take_role(const std::string& name, const std::string& domain, const std::string& tag) {
    const auto local = name.substr(0, name.rfind('@'));
    if (local != "postmaster" && local != "abuse") return false;
    if (local == "abuse" && take("postmaster@" + domain, tag)) return true;
    const auto first = column("SELECT address FROM accounts WHERE enabled = 1 ORDER BY id LIMIT 1");
    return !first.empty() && take_account(first.front(), tag);
  }

  void add(Recipient recipient) {
    const auto key = recipient.account + "\n" + recipient.tag + "\n" + recipient.remote;
    if (added_.insert(key).second) recipients_.push_back(std::move(recipient));
  }

  struct Pending {
    mail::Address address;
    std::string tag;
    bool is_target;  // of an alias
  };

  directory_sql::Database& database_;
  std::deque<Pending> pending_;  // not recursion: a chain of aliases may be longer than a stack
  std::set<std::string> visited_, added_;
  std::vector<Recipient> recipients_;
  std::vector<std::string> lost_;
  bool met_disabled_ = false;
  bool is_disabled_ = false;  // the address that is followed now
  std::optional<Error> failed_;
};

}  // namespace

Result<Directory::Route> SqliteDirectory::route(std::string_view address) {
  const auto since = routes_.moment();
  if (auto known = routes_.find(address)) return std::move(*known);
  auto database = pool_.lease();
  if (!database) return fail(database.error());
  std::string whole(address);
  if (equals_ignoring_case(address, "postmaster"))
    whole = Resolution(**database).server_postmaster();
  const auto parsed = mail::parse_address(whole);
  if (!parsed) return fail(Error::Code::Invalid, printable(address) + " is not an address");
  auto route = Resolution(**database).run(*parsed);
  // Who guesses addresses, or writes to a list of thousands, shall not push out the others.
  if (route && route->kind == Route::Kind::Local && route->recipients.size() <= kMostRemembered) {
    routes_.add(address, *route, since);
  }
  return route;
}

Result<bool> SqliteDirectory::may_send_as(std::string_view account, std::string_view address) {
  const auto name = canonical_address(account);
  if (!name) return false;
  const auto found = route(address);
  if (!found) {
    if (found.error().code == Error::Code::Invalid) return false;
    return fail(found.error());
  }
  return std::any_of(found->recipients.begin(), found->recipients.end(),
                     [&](const auto& recipient) { return recipient.account == *name; });
}

}  // namespace waxwing
