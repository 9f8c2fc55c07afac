#include "protocols/imap/capability.h"

#include <algorithm>

#include "base/text.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/message_limit.h"

namespace waxwing::imap {
namespace {

// IMAP4rev1 comes first and always: there are clients that know nothing else. LITERAL+ never stands
// beside LITERAL-.  RFC 7888 section 4
constexpr std::string_view kFirst = "IMAP4rev1";
constexpr std::string_view kAlways =
    "IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE LANGUAGE"
    " LOGIN-REFERRALS";
constexpr std::string_view kSignedIn =
    " NAMESPACE CHILDREN UIDPLUS UNSELECT MOVE SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED"
    " LIST-STATUS STATUS=SIZE ESEARCH SEARCHRES WITHIN ESORT SORT SORT=DISPLAY"
    " THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS PARTIAL CONTEXT=SEARCH CONTEXT=SORT "
    "MULTISEARCH "
    "SEARCH=FUZZY I18NLEVEL=1 I18NLEVEL=2 BINARY"
    " MULTIAPPEND REPLACE PREVIEW CATENATE URLAUTH URL-PARTIAL UTF8=ACCEPT CONDSTORE QRESYNC "
    "OBJECTID SAVEDATE"
    " FILTERS UIDBATCHES NOTIFY METADATA LIST-METADATA QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE "
    "QUOTASET"
    " ACL RIGHTS=kxten LIST-MYRIGHTS ANNOTATE-EXPERIMENT-1 INPROGRESS"
    " UNAUTHENTICATE UIDONLY XLIST";

// And what capabilities() adds.
constexpr std::string_view kElsewhere =
    "AUTH STARTTLS COMPRESS=DEFLATE APPENDLIMIT MESSAGELIMIT SAVELIMIT";

constexpr std::string_view kPartsOfRev2[] = {
    "NAMESPACE", "UNSELECT", "UIDPLUS",     "ESEARCH",     "SEARCHRES",
    "ENABLE",    "IDLE",     "SASL-IR",     "LIST-STATUS", "LIST-EXTENDED",
    "MOVE",      "BINARY",   "SPECIAL-USE", "STATUS=SIZE", "CHILDREN",
};

// Those of these words that the client has.
void add(const Conversation& conversation, std::string_view offered, std::string& text) {
  for (const std::string_view word : words(offered)) {
    if (!conversation.offers(word)) continue;
    if (!text.empty()) text += ' ';
    // Where messages are not annotated there is no right to it.  RFC 4314 section 6
    const bool has_no_n = word == "RIGHTS=kxten" && !conversation.offers(kAnnotate);
    text += has_no_n ? "RIGHTS=kxte" : word;
  }
}

}  // namespace

bool is_part_of_rev2(std::string_view capability) {
  return std::ranges::any_of(kPartsOfRev2, [&](std::string_view part) {
    return equals_ignoring_case(part, capability) ||
           equals_ignoring_case(part.substr(0, part.find('=')), capability);
  });
}

bool is_capability(std::string_view name) {
  const auto is_one_of = [&](std::string_view known) {
    return std::ranges::any_of(words(known), [&](std::string_view word) {
      return equals_ignoring_case(word, name) ||
             equals_ignoring_case(word.substr(0, word.find('=')), name);
    });
  };
  return starts_with_ignoring_case(name, "AUTH=") ||
         (is_one_of(kAlways) && !equals_ignoring_case(name, kFirst)) || is_one_of(kSignedIn) ||
         is_one_of(kElsewhere);
}

std::string capabilities(const Conversation& conversation) {
  std::string text;
  add(conversation, kAlways, text);
  if (conversation.state() != State::NotAuthenticated) {
    add(conversation, kSignedIn, text);
    if (!conversation.is_compressed) add(conversation, "COMPRESS=DEFLATE", text);
    if (conversation.offers("APPENDLIMIT")) {
      text += " APPENDLIMIT=" + std::to_string(conversation.services.settings->limits.message_size);
    }
    text += limit_capabilities(conversation);
    return text;
  }
  if (!conversation.tls && conversation.peer.offers_starttls) add(conversation, "STARTTLS", text);
  const bool may_send_password = conversation.may_send_password();
  if (!may_send_password) text += " LOGINDISABLED";
  // Without leave for passwords nothing is offered at all: a client must not be tempted to sign in
  // where everything that follows can be read.
  if (!may_send_password) return text;
  const Authenticator::Offer offer{.clear_passwords_allowed = true,
                                   .channel_binding = conversation.tls.has_value()};
  for (const std::string& mechanism : conversation.services.authenticator.mechanisms(offer)) {
    add(conversation, "AUTH=" + mechanism, text);
  }
  return text;
}

}  // namespace waxwing::imap
