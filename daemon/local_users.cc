#include "daemon/local_users.h"

#include <pwd.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "protocols/mail/address.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/header.h"
#include "protocols/smtp/reply.h"

namespace waxwing {
namespace {

using smtp::Reply;

// Empty for a number without a name.
std::string name_of(uid_t user) {
  passwd entry{}, *found = nullptr;
  std::vector<char> space(64 * 1024);
  if (getpwuid_r(user, &entry, space.data(), space.size(), &found) != 0 || found == nullptr)
    return {};
  return entry.pw_name;
}

std::optional<std::string> canonical_text(const std::string& address) {
  const auto parsed = mail::parse_address(address);
  return parsed ? mail::canonical(*parsed) : std::nullopt;
}

class Look {
 public:
  Look(Directory& directory, const Candidate& candidate)
      : directory_(directory), candidate_(candidate) {}

  std::optional<Reply> refusal() {
    const auto& sender = candidate_.envelope.sender;
    if (!sender.empty()) {
      if (auto refused = refuse(sender, "sender")) return refused;
    }
    for (const char* field : {"From", "Sender"}) {
      for (const auto& value : mail::find_fields(candidate_.parsed.header, field)) {
        if (auto refused = refuse_authors(value, field)) return refused;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<Reply> refuse_authors(const std::string& value, const char* field) {
    // What we would pass over another reader may show as the author.
    const auto authors = mail::parse_clean_address_list(value);
    if (!authors)
      return Reply{550, "5.6.0", std::string("The ") + field + " field is not a list of addresses"};
    for (const auto& author : *authors) {
      if (author.host.empty()) continue;  // the name of a group, or its end
      if (auto refused = refuse(mail::Address{author.mailbox, author.host}.to_string(), field))
        return refused;
    }
    return std::nullopt;
  }

  std::optional<Reply> refuse(const std::string& address, const char* where) {
    if (is_own(address)) return std::nullopt;
    const auto route = directory_.route(address);
    if (!route && route.error().code == Error::Code::Invalid) return std::nullopt;
    if (!route) return smtp::reply_for(route.error());
    using Kind = Directory::Route::Kind;
    if (route->kind != Kind::Local && route->kind != Kind::Disabled) return std::nullopt;
    return Reply{550, "5.7.1",
                 "You may not send as <" + address + "> (" + where +
                     "), which is somebody's address here; sign in, or leave it to root"};
  }

  // The name is looked up only where it matters: a directory service may be slow.
  bool is_own(const std::string& address) {
    const std::string& host = candidate_.settings.hostname;
    const auto asked = canonical_text(address);
    if (!asked || !asked->ends_with("@" + host)) return false;
    if (!own_)
      own_ = canonical_text(name_of(*candidate_.origin.peer.user_id) + "@" + host).value_or("");
    return *asked == *own_;
  }

  Directory& directory_;
  const Candidate& candidate_;
  std::optional<std::string> own_;
};

}  // namespace

IntakeCheck local_user_check(Directory& directory) {
  return {"local-user", IntakeCheck::Of::All, false,
          [&directory](Candidate& candidate) -> std::optional<Reply> {
            const auto& origin = candidate.origin;
            const auto& user = origin.peer.user_id;
            const bool is_limited =
                user && origin.is_trusted && !origin.identity && *user != 0 && *user != geteuid();
            return is_limited ? Look(directory, candidate).refusal() : std::nullopt;
          }};
}

}  // namespace waxwing
