#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {

// The message has come already, while the command was read: session.cc and upload.h.
Reply append(Conversation& conversation, Append& append, Output&) {
  if (!conversation.upload) return Reply::bad("A message is sent as a literal");
  Mailbox::AppendOptions options;
  options.flags = {FlagChange::Mode::Replace, append.flags.system, append.flags.keywords};
  options.internal_date = append.internal_date;
  return conversation.upload->deliver(conversation, options);
}

}  // namespace waxwing::imap
