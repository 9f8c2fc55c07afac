#include "protocols/imap/capability.h"

#include "protocols/imap/conversation.h"

namespace waxwing::imap {
namespace {

// IMAP4rev1 comes first and always: there are clients that know nothing else. LITERAL+ never stands
// beside LITERAL-.  RFC 7888 section 4
constexpr std::string_view kAlways = "IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE";
constexpr std::string_view kSignedIn =
    " NAMESPACE CHILDREN UIDPLUS UNSELECT MOVE SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED"
    " LIST-STATUS STATUS=SIZE ESEARCH SEARCHRES BINARY CONDSTORE"
    " QRESYNC OBJECTID SAVEDATE UIDBATCHES NOTIFY QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE "
    "INPROGRESS XLIST";

}  // namespace

std::string capabilities(const Conversation& conversation) {
  std::string words(kAlways);
  if (conversation.state() != State::NotAuthenticated) {
    words += kSignedIn;
    words += " APPENDLIMIT=" + std::to_string(conversation.services.settings->limits.message_size);
    return words;
  }
  if (!conversation.tls && conversation.peer.offers_starttls) words += " STARTTLS";
  const bool may_send_password = conversation.may_send_password();
  if (!may_send_password) words += " LOGINDISABLED";
  // Without leave for passwords nothing is offered at all: a client must not be tempted to sign in
  // where everything that follows can be read.
  if (!may_send_password) return words;
  const Authenticator::Offer offer{.clear_passwords_allowed = true,
                                   .channel_binding = conversation.tls.has_value()};
  for (const std::string& mechanism : conversation.services.authenticator.mechanisms(offer)) {
    words += " AUTH=" + mechanism;
  }
  return words;
}

}  // namespace waxwing::imap
