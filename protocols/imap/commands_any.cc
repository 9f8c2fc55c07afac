#include "base/log.h"
#include "base/text.h"
#include "protocols/imap/capability.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {

Reply capability(Conversation& conversation, Capability&, Output& output) {
  output << "* CAPABILITY " << capabilities(conversation) << "\r\n";
  return Reply::ok("That is all");
}

// What is new comes between here and the tagged line, as with every command.
Reply noop(Conversation&, Noop&, Output&) {
  return Reply::ok("Nothing done");
}

Reply logout(Conversation& conversation, Logout&, Output& output) {
  conversation.deselect();
  output << "* BYE " << translated("Goodbye", conversation.dialect.language) << "\r\n";
  conversation.ending = Conversation::Ending::Close;
  return Reply::ok("Signed out");
}

// Answered before and after sign-in: some clients wait for it.  RFC 2971
Reply id(Conversation& conversation, Id& id, Output& output) {
  std::string client;
  for (const auto& [field, value] : id.fields) {
    if (!client.empty()) client += ' ';
    client += field + "=" + value.value_or("");
  }
  log.info("imap-client", {{"session", conversation.peer.session_id}, {"id", printable(client)}});
  output << "* ID (\"name\" \"Waxwing\")\r\n";
  return Reply::ok("Pleased to meet you");
}

// RFC 4978 section 3. Whoever owns the connection compresses, once this reply has gone out.
Reply compress(Conversation& conversation, Compress& compress, Output&) {
  if (compress.algorithm != "DEFLATE") return Reply::bad("DEFLATE is the only algorithm here");
  if (conversation.is_compressed) {
    return {Reply::Kind::Bad, "COMPRESSIONACTIVE", "DEFLATE is active already"};
  }
  conversation.is_compressed = true;
  conversation.ending = Conversation::Ending::Compress;
  return Reply::ok("DEFLATE active");
}

}  // namespace waxwing::imap
