#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/list.h"

namespace waxwing::imap {

// The message has come already, while the command was read: session.cc and upload.h.
Reply append(Conversation& conversation, Append& append, Output& output) {
  if (!conversation.upload) return Reply::bad("A message is sent as a literal");
  Mailbox::AppendOptions options;
  options.flags = {FlagChange::Mode::Replace, append.flags.system, append.flags.keywords};
  options.internal_date = append.internal_date;
  Reply reply = conversation.upload->deliver(conversation, options);
  const auto name = conversation.decode(append.mailbox);
  if (reply.kind == Reply::Kind::Ok && name &&
      is_written_otherwise(conversation, *name, append.mailbox)) {
    write_name(conversation, *name, append.mailbox, output);
  }
  return reply;
}

}  // namespace waxwing::imap
