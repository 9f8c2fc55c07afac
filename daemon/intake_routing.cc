#include "daemon/intake_routing.h"

#include <set>
#include <utility>

#include "base/text.h"
#include "daemon/intake_outgoing.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

bool is_role(std::string_view local) {
  return equals_ignoring_case(local, "postmaster") || equals_ignoring_case(local, "abuse");
}

// The name of the first mailbox that fits; `otherwise` where none does.
template <class Fits>
Result<std::string> first_mailbox(Store& store, const std::string& address, Fits fits,
                                  std::string otherwise) {
  const auto account = store.account(address);
  if (!account) return fail(account.error());
  const auto mailboxes = (*account)->mailboxes();
  if (!mailboxes) return fail(mailboxes.error());
  for (const auto& mailbox : *mailboxes) {
    if (mailbox.exists && fits(mailbox)) return mailbox.name;
  }
  return otherwise;
}

Result<std::string> mailbox_for(Store& store, const Directory::Route::Recipient& recipient,
                                bool is_junk) {
  if (is_junk) {
    return first_mailbox(
        store, recipient.account,
        [](const MailboxInfo& each) { return each.special_use == SpecialUse::Junk; }, "Junk");
  }
  if (recipient.tag.empty()) return "INBOX";
  return first_mailbox(
      store, recipient.account,
      [&](const MailboxInfo& each) {
        return each.special_use == SpecialUse::None &&
               equals_ignoring_case(each.name, recipient.tag);
      },
      "INBOX");
}

std::string delivered_to(std::string_view address, const std::string& account) {
  const auto parsed = mail::parse_address(address);
  const auto name = parsed ? mail::canonical(*parsed) : std::nullopt;
  if (name && *name == account) return {};
  return "Delivered-To: " + std::string(address) + "\r\n";
}

}  // namespace

std::string local_name(std::string_view address, const IpAddress& our_address) {
  const auto parsed = mail::parse_address(address);
  const bool at_us = parsed && parsed->domain == our_address.to_literal();
  return at_us && is_role(parsed->local) ? "postmaster" : std::string(address);
}

Result<std::vector<Store::Target>> routes(Store& store, const smtp::MailEnvelope& envelope,
                                          const std::vector<bool>& to_junk) {
  std::vector<Store::Target> targets;
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t number = 0; number < envelope.recipients.size(); ++number) {
    const auto& recipient = envelope.recipients[number];
    const bool is_junk = number < to_junk.size() && to_junk[number];
    // Then it is among the fields that all copies get.
    const bool is_told_to_all = envelope.recipients.size() == 1 && leads_out(recipient);
    for (const auto& each : recipient.route.recipients) {
      if (each.account.empty()) continue;
      auto mailbox = mailbox_for(store, each, is_junk);
      if (!mailbox) return fail(mailbox.error());
      if (!seen.emplace(each.account, *mailbox).second) continue;
      targets.push_back({.account = each.account,
                         .mailbox = *std::move(mailbox),
                         .prefix = is_told_to_all ? std::string()
                                                  : delivered_to(recipient.address, each.account)});
    }
  }
  return targets;
}

}  // namespace waxwing
