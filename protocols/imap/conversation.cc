#include "protocols/imap/conversation.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "protocols/imap/capability.h"
#include "protocols/policy.h"

namespace waxwing::imap {

State Conversation::state() const {
  if (!identity) return State::NotAuthenticated;
  return selected ? State::Selected : State::Authenticated;
}

bool Conversation::may_send_password() const {
  return waxwing::may_send_password(*services.settings, peer, tls.has_value());
}

bool Conversation::offers(std::string_view capability) const {
  if (equals_ignoring_case(capability, "IMAP4rev1")) return true;
  const auto hides = [&](const std::vector<std::string>& hidden) {
    return std::ranges::any_of(hidden, [&](const std::string& name) {
      if (equals_ignoring_case(name, capability)) return true;
      // With QUOTA goes QUOTA=RES-STORAGE, and with METADATA LIST-METADATA.
      if (starts_with_ignoring_case(capability, name + "=")) return true;
      if (equals_ignoring_case("LIST-" + name, capability)) return true;
      // What is built upon ACL.
      if (equals_ignoring_case(name, "ACL") &&
          (starts_with_ignoring_case(capability, "RIGHTS=") ||
           equals_ignoring_case(capability, "LIST-MYRIGHTS"))) {
        return true;
      }
      if (equals_ignoring_case(name, "QUOTA") && equals_ignoring_case(capability, "QUOTASET")) {
        return true;
      }
      if (equals_ignoring_case(capability, "CONTEXT=SORT") &&
          (equals_ignoring_case(name, "SORT") || equals_ignoring_case(name, "ESORT"))) {
        return true;
      }
      // QRESYNC is built upon CONDSTORE, and what lacks a part of IMAP4rev2 is none.
      if (equals_ignoring_case(capability, "QRESYNC")) {
        return equals_ignoring_case(name, "CONDSTORE");
      }
      return equals_ignoring_case(capability, "IMAP4rev2") && is_part_of_rev2(name);
    });
  };
  const auto& settings = services.settings->capabilities;
  // A client that enables it has to do without message numbers, which few are tested with.
  if (equals_ignoring_case(capability, "UIDONLY") &&
      std::ranges::count(settings.show, "UIDONLY") == 0) {
    return false;
  }
  // Nobody else may.
  if (equals_ignoring_case(capability, "QUOTASET") && !(identity && identity->is_administrator)) {
    return false;
  }
  return !hides(settings.hide) && !(identity && hides(identity->hidden));
}

SignInContext Conversation::sign_in_context() const {
  SignInContext context;
  context.session_id = peer.session_id;
  context.address = peer.address;
  context.service = to_string(peer.service);
  if (tls) {
    context.tls = tls->version;
    context.tls_exporter = tls->exporter;
    context.tls_server_end_point = tls->server_end_point;
  }
  return context;
}

Reply Conversation::sign_in(Identity who) {
  auto opened = services.store.mail_of({who.address, who.is_administrator});
  if (!opened) return refuse(opened.error());
  account = std::move(*opened);
  identity = std::move(who);
  if (!identity->referral.empty() && offers("LOGIN-REFERRALS")) return refer();
  return Reply::ok("Signed in", "CAPABILITY " + capabilities(*this));
}

// RFC 2221 section 4: OK where there is something to be read here all the same.
Reply Conversation::refer() {
  const std::string code = "REFERRAL " + identity->referral;
  const auto mailboxes = account->mailboxes();
  if (!mailboxes) {
    account.reset();
    const Reply refusal = refuse(mailboxes.error());
    identity.reset();
    return refusal;
  }
  const bool has_others = std::ranges::any_of(*mailboxes, [](const MailboxInfo& mailbox) {
    return mailbox.exists && !mailbox.is_personal && mailbox.rights.has(Rights::kRead);
  });
  log.info("imap-referred", {{"session", peer.session_id},
                             {"account", identity->address},
                             {"url", identity->referral},
                             {"stays", has_others ? "yes" : "no"}});
  if (has_others) return Reply::ok("Your own mailboxes are on another server", code);
  account.reset();
  identity.reset();
  return Reply::no("Your mailboxes are on another server", code);
}

void Conversation::enable_metadata() {
  if (dialect.metadata) return;
  dialect.metadata = true;
  annotated = account->last_annotated();
  annotation_relay = std::make_shared<Relay>(services.watcher);
  account->watch(annotation_relay);
}

void Conversation::enable_condstore(Output& output) {
  if (dialect.condstore) return;
  dialect.condstore = true;
  if (!selected) return;
  output << "* OK [HIGHESTMODSEQ " << std::to_string(selected->view().highest_modseq())
         << "] Mod-sequences are told from now on\r\n";
}

void Conversation::made(const Mailbox& mailbox, std::span<const Uid> uids) {
  if (selected && selected->mailbox().id() == mailbox.id()) selected->made(uids);
}

void Conversation::deselect() {
  if (!selected) return;
  selected->leave();
  selected.reset();
}

Reply Conversation::refuse(const Error& error) const {
  switch (error.code) {
    case Error::Code::Temporary:
    case Error::Code::Corrupt:
    case Error::Code::NoSpace:
      log.warning("imap-refused", {{"session", peer.session_id},
                                   {"account", identity ? identity->address : std::string()},
                                   {"code", waxwing::to_string(error.code)},
                                   {"reason", error.text}});
      break;
    default: break;
  }
  return to_reply(error);
}

}  // namespace waxwing::imap
