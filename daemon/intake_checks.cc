#include "daemon/intake_checks.h"

#include <string>

#include "base/text.h"
#include "daemon/intake_outgoing.h"
#include "protocols/mail/address.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/header.h"
#include "protocols/smtp/reply.h"

namespace waxwing {

using smtp::Reply;

namespace {

// RFC 5321 section 6.3 wants at least 100 where Received fields are counted, for paths that are
// long and honest.
constexpr std::size_t kMaxHops = 100;

std::optional<Reply> refuse_loop(Candidate& candidate) {
  if (mail::find_fields(candidate.parsed.header, "Received").size() < kMaxHops) return std::nullopt;
  return Reply{554, "5.4.6", "Too many hops: this message goes round in circles"};
}

// What this server has passed on for an alias, and comes back to it, would be passed on for ever.
std::optional<Reply> refuse_forwarding_loop(Candidate& candidate) {
  const auto been = mail::find_fields(candidate.parsed.header, "Delivered-To");
  for (const auto& recipient : candidate.envelope.recipients) {
    if (!leads_out(recipient)) continue;
    for (const auto& address : been) {
      if (equals_ignoring_case(address, recipient.address))
        return Reply{554, "5.4.6", "This message has been to " + recipient.address + " before"};
    }
  }
  return std::nullopt;
}

// What a user sends is read and completed field by field, so all of it must be known. In what a
// stranger sends, a forged Authentication-Results could lie where nobody looks for it.
std::optional<Reply> refuse_endless_header(Candidate& candidate) {
  if (candidate.parsed.header_is_whole) return std::nullopt;
  return Reply{554, "5.6.0", "The header of the message is too large"};
}

// A field that names an author must name none but the user. Two of them could show one reader the
// user and another somebody else.  RFC 6409 section 6.1
std::optional<Reply> refuse_author(Directory& directory, const Candidate& candidate,
                                   std::string_view field) {
  const auto values = mail::find_fields(candidate.parsed.header, field);
  if (values.empty()) return std::nullopt;
  const std::string name(field);
  if (values.size() > 1) return Reply{550, "5.6.0", "More than one " + name + " field"};

  // What we would pass over another reader may show as the author.
  const auto authors = mail::parse_clean_address_list(values.front());
  if (!authors) return Reply{550, "5.6.0", "The " + name + " field is not a list of addresses"};
  bool any = false;
  for (const auto& author : *authors) {
    if (author.host.empty()) continue;  // the name of a group, or its end
    any = true;
    const auto address = mail::Address{author.mailbox, author.host}.to_string();
    const auto own = may_send_as(directory, candidate.origin.identity->address, address);
    if (!own) return smtp::reply_for(own.error());
    if (!*own) return Reply{550, "5.7.1", "You may not send as the address in " + name};
  }
  if (!any) return Reply{550, "5.6.0", "No address in " + name};
  return std::nullopt;
}

std::optional<Reply> refuse_foreign_author(Directory& directory, const Candidate& candidate) {
  for (const auto* field : {"From", "Sender"}) {
    if (auto refused = refuse_author(directory, candidate, field)) return refused;
  }
  return std::nullopt;
}

}  // namespace

bool looks_at(const IntakeCheck& check, const Settings& settings, const smtp::Origin& origin) {
  if (check.is_wanted && !check.is_wanted(settings)) return false;
  switch (check.of) {
    case IntakeCheck::Of::All: return true;
    case IntakeCheck::Of::Strangers: return !origin.may_relay() && !origin.is_vouched_for;
    case IntakeCheck::Of::Users: return origin.identity.has_value();
  }
  return true;
}

std::vector<IntakeCheck> plain_checks(Directory& directory) {
  using Of = IntakeCheck::Of;
  return {
      {"loop", Of::All, false, refuse_loop},
      {"forwarding-loop", Of::All, false, refuse_forwarding_loop},
      {"header-size", Of::All, false, refuse_endless_header},
      {"author", Of::Users, false,
       [&directory](Candidate& candidate) { return refuse_foreign_author(directory, candidate); }},
  };
}

Result<bool> may_send_as(Directory& directory, std::string_view account, std::string_view address) {
  auto own = directory.may_send_as(account, address);
  if (!own && own.error().code == Error::Code::Invalid) return false;
  return own;
}

}  // namespace waxwing
