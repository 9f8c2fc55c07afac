#include <utility>

#include "base/text.h"
#include "daemon/commands.h"
#include "protocols/mail/address.h"
#include "storage/acl.h"
#include "storage/namespaces.h"

namespace waxwing {

namespace {

using nlohmann::json;

// Of an account, or "@domain" for what the domain's users share.
Result<std::string> canonical(World& world, const Request& request) {
  const std::string address = text_of(request, "address");
  if (address.starts_with('@')) {
    const auto domain = mail::canonical_domain(address.substr(1));
    const auto is_ours = domain ? world.directory.is_local_domain(*domain) : false;
    if (!is_ours) return fail(is_ours.error());
    if (*is_ours) return "@" + *domain;
    return fail(Error::Code::NotFound, "no such domain: " + address.substr(1) +
                                           "; `waxwing domain list` shows those that there are");
  }
  auto account = world.directory.account(text_of(request, "address"));
  if (!account) return fail(account.error());
  return account->address;
}

Result<std::shared_ptr<Account>> owner_of(World& world, const Request& request) {
  const auto address = canonical(world, request);
  if (!address) return fail(address.error());
  return world.store.account(*address);
}

Answer mailbox_list(World& world, const Request& request) {
  const auto account = owner_of(world, request);
  if (!account) return failed(account.error().text);
  auto mailboxes = (*account)->mailboxes();
  if (!mailboxes) return failed(mailboxes.error().text);
  std::vector<std::vector<std::string>> rows;
  json all = json::array();
  for (const auto& mailbox : *mailboxes) {
    if (mailbox.id.value == 0) continue;  // a level without messages of its own
    auto status = (*account)->status(mailbox.name);
    if (!status) return failed(status.error().text);
    rows.push_back({mailbox.name, std::to_string(status->messages) + " messages",
                    std::to_string(status->unseen) + " unseen",
                    std::to_string(status->size) + " bytes"});
    all.push_back({{"name", mailbox.name},
                   {"messages", status->messages},
                   {"unseen", status->unseen},
                   {"size", status->size}});
  }
  return done(table(rows), std::move(all));
}

// What went wrong, in an operator's words.
Answer refused_mailbox(const Error& error, const std::string& name) {
  switch (error.code) {
    case Error::Code::NotFound:
      return failed("there is no mailbox \"" + name + "\": `waxwing mailbox list` shows them");
    case Error::Code::AlreadyExists: return failed("there is a mailbox \"" + name + "\" already");
    default: return failed(error.text);
  }
}

}  // namespace

Outcome may_be_made(const Account& account, const std::string& name) {
  // What is below Shared/ for users has no prefix in the domain's own account.
  if (account.address().starts_with('@') || !is_namespace(name)) return {};
  return fail(Error::Code::Denied, "an account cannot have a mailbox \"" + printable(name) +
                                       "\" of its own: names below Users/ and Shared/ are other "
                                       "people's");
}

namespace {

Answer mailbox_create(World& world, const Request& request) {
  const auto account = owner_of(world, request);
  if (!account) return failed(account.error().text);
  const std::string name = text_of(request, "mailbox");
  if (auto may = may_be_made(**account, name); !may) return failed(may.error().text);
  if (auto made = (*account)->create(name); !made) return refused_mailbox(made.error(), name);
  return done("mailbox " + name + " made");
}

Answer mailbox_remove(World& world, const Request& request) {
  const auto account = owner_of(world, request);
  if (!account) return failed(account.error().text);
  const std::string name = text_of(request, "mailbox");
  if (auto gone = (*account)->remove(name); !gone) return refused_mailbox(gone.error(), name);
  return done("mailbox " + name + " removed");
}

// Of one who was just given rights.
std::string advice_on_identifier(World& world, const std::string& who, const Acl& acl) {
  const auto identifier = canonical_identifier(who);
  if (!identifier || !acl.contains(*identifier)) return "";
  const std::string address = identifier->substr(identifier->starts_with('-') ? 1 : 0);
  if (address == kAnyone) return "";
  const auto account = world.directory.account(address);
  if (account || account.error().code != Error::Code::NotFound) return "";
  return "\nnobody here has the address " + address +
         ", so nobody has these rights until you add that account";
}

Answer mailbox_rights(World& world, const Request& request) {
  const auto account = owner_of(world, request);
  if (!account) return failed(account.error().text);
  const std::string name = text_of(request, "mailbox");
  if (request.contains("who")) {
    const auto identifier = canonical_identifier(text_of(request, "who"));
    if (!identifier) {
      return {2, "\"" + text_of(request, "who") + "\" is neither an address nor anyone", nullptr};
    }
    const std::string letters = request.contains("rights") ? text_of(request, "rights") : "";
    const auto rights =
        letters == "none" ? std::optional<Rights>(Rights()) : Rights::parse(letters);
    if (!rights || letters.empty()) {
      return {2, "\"" + letters + "\" are no rights: write letters of lrswipkxtean, or none",
              nullptr};
    }
    if (*identifier == (*account)->address()) return failed("the owner has all rights, always");
    auto set = (*account)->change_acl(name, *identifier, {RightsChange::Mode::Replace, *rights});
    if (!set) return refused_mailbox(set.error(), name);
  }
  const auto acl = (*account)->acl(name);
  if (!acl) return refused_mailbox(acl.error(), name);
  std::vector<std::vector<std::string>> rows;
  json all = json::object();
  for (const auto& [identifier, rights] : *acl) {
    rows.push_back({identifier, rights.letters()});
    all[identifier] = rights.letters();
  }
  std::string text = rows.empty() ? "nobody but its owner" : table(rows);
  if (request.contains("who")) text += advice_on_identifier(world, text_of(request, "who"), *acl);
  return done(std::move(text), std::move(all));
}

Answer mailbox_verify(World& world, const Request& request) {
  const auto address = canonical(world, request);
  if (!address) return failed(address.error().text);
  auto verdict = world.store.verify(*address);
  if (!verdict) return failed(verdict.error().text);
  Answer answer = done(std::to_string(verdict->messages) + " messages, ",
                       {{"messages", verdict->messages}, {"findings", verdict->findings}});
  if (verdict->findings.empty()) {
    answer.text += "all is well";
    return answer;
  }
  answer.status = 1;
  answer.text += std::to_string(verdict->findings.size()) + " findings:";
  for (const std::string& finding : verdict->findings) answer.text += "\n" + finding;
  return answer;
}

Answer mailbox_rebuild(World& world, const Request& request) {
  const auto address = canonical(world, request);
  if (!address) return failed(address.error().text);
  if (auto rebuilt = world.store.rebuild(*address); !rebuilt) return failed(rebuilt.error().text);
  return done("the index of " + *address + " is made anew");
}

}  // namespace

const std::vector<Command>& mailbox_commands() {
  static const std::vector<Command> commands = {
      {"mailbox list", mailbox_list},     {"mailbox create", mailbox_create},
      {"mailbox remove", mailbox_remove}, {"mailbox rights", mailbox_rights},
      {"mailbox verify", mailbox_verify}, {"mailbox rebuild", mailbox_rebuild},
  };
  return commands;
}

}  // namespace waxwing
