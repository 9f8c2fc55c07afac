#include "protocols/imap/acl.h"

#include <string>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "storage/acl.h"
#include "storage/namespaces.h"

// GETACL, SETACL, DELETEACL, LISTRIGHTS and MYRIGHTS.  RFC 4314 section 3

namespace waxwing::imap {
namespace {

// What can be given: each right by itself, and the two old names for several.
constexpr std::string_view kGrantable = "l r s w i p k x t e c d a";
constexpr std::string_view kAnnotateGrantable = " n";

// A string without a character is still one.
std::string quoted(std::string_view text) {
  return text.empty() ? "\"\"" : to_astring(text);
}

// As the client may see them.
std::string letters(const Conversation& conversation, Rights rights) {
  return (conversation.offers(kAnnotate) ? rights : rights.without(Rights::kAnnotate)).letters();
}

// Whose mailbox has that name; empty for those that are the domain's.
std::string_view owner_of(const Conversation& conversation, std::string_view name) {
  if (name.starts_with(kSharedPrefix)) return {};
  if (!name.starts_with(kUsersPrefix)) return conversation.identity->address;
  name.remove_prefix(kUsersPrefix.size());
  return name.substr(0, name.find('/'));
}

// Section 3: what cannot be prepared is a mistake of the client.
Reply bad_identifier() {
  return Reply::no("An identifier is an address or \"anyone\", maybe with \"-\" before it",
                   "CANNOT");
}

Reply change(Conversation& conversation, const std::string& mailbox, const std::string& identifier,
             const RightsChange& change) {
  const auto name = conversation.decode(mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto canonical = canonical_identifier(identifier);
  if (!canonical) return bad_identifier();
  const std::string_view owner = owner_of(conversation, *name);
  if (*canonical == owner || *canonical == "-" + std::string(owner)) {
    return Reply::no("The owner has all rights, always", "CANNOT");
  }
  const auto done = conversation.account->change_acl(*name, *canonical, change);
  if (!done) return conversation.refuse(done.error());
  return Reply::ok("Changed");
}

}  // namespace

void write_my_rights(const Conversation& conversation, std::string_view name, Rights rights,
                     Output& output) {
  output << "* MYRIGHTS " << conversation.encode(name) << " "
         << quoted(letters(conversation, rights)) << "\r\n";
}

Reply get_acl(Conversation& conversation, GetAcl& command, Output& output) {
  const auto name = conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto acl = conversation.account->acl(*name);
  if (!acl) return conversation.refuse(acl.error());
  output << "* ACL " << conversation.encode(*name);
  const std::string_view owner = owner_of(conversation, *name);
  if (!owner.empty())
    output << " " << to_astring(owner) << " " << letters(conversation, Rights::all());
  for (const auto& [identifier, rights] : *acl) {
    output << " " << to_astring(identifier) << " " << quoted(letters(conversation, rights));
  }
  output << "\r\n";
  return Reply::ok("That is all");
}

Reply set_acl(Conversation& conversation, SetAcl& command, Output&) {
  RightsChange wanted;
  std::string_view wished = command.rights;
  if (wished.starts_with('+') || wished.starts_with('-')) {
    wanted.mode = wished.front() == '+' ? RightsChange::Mode::Add : RightsChange::Mode::Remove;
    wished.remove_prefix(1);
  }
  const auto rights = Rights::parse(wished);
  if (!rights || (rights->has(Rights::kAnnotate) && !conversation.offers(kAnnotate))) {
    return Reply::bad("The rights are " + letters(conversation, Rights::all()) + ", in lower case");
  }
  wanted.rights = *rights;
  return change(conversation, command.mailbox, command.identifier, wanted);
}

Reply delete_acl(Conversation& conversation, DeleteAcl& command, Output&) {
  return change(conversation, command.mailbox, command.identifier, RightsChange{});
}

// Section 3.4: the identifier comes back as it was given.
Reply list_rights(Conversation& conversation, ListRights& command, Output& output) {
  const auto name = conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto canonical = canonical_identifier(command.identifier);
  if (!canonical) return bad_identifier();
  if (const auto acl = conversation.account->acl(*name); !acl) {
    return conversation.refuse(acl.error());
  }
  output << "* LISTRIGHTS " << conversation.encode(*name) << " " << quoted(command.identifier);
  if (*canonical == owner_of(conversation, *name)) {
    output << " " << letters(conversation, Rights::all()) << "\r\n";
  } else {
    output << " \"\" " << kGrantable << (conversation.offers(kAnnotate) ? kAnnotateGrantable : "")
           << "\r\n";
  }
  return Reply::ok("That is all");
}

Reply my_rights(Conversation& conversation, MyRights& command, Output& output) {
  const auto name = conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto rights = conversation.account->rights(*name);
  if (!rights) return conversation.refuse(rights.error());
  write_my_rights(conversation, *name, *rights, output);
  return Reply::ok("That is all");
}

}  // namespace waxwing::imap
