#include "protocols/imap/conversation.h"

#include "base/log.h"
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
  auto opened = services.store.account(who.address);
  if (!opened) return refuse(opened.error());
  account = std::move(*opened);
  identity = std::move(who);
  return Reply::ok("Signed in", "CAPABILITY " + capabilities(*this));
}

void Conversation::enable_condstore(Output& output) {
  if (dialect.condstore) return;
  dialect.condstore = true;
  if (!selected) return;
  output << "* OK [HIGHESTMODSEQ " << std::to_string(selected->view().highest_modseq())
         << "] Mod-sequences are told from now on\r\n";
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
