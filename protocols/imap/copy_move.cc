#include <vector>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/message_limit.h"

namespace waxwing::imap {
namespace {

// "COPYUID 38505 304,319:320 3956:3958".  RFC 4315 section 3
std::string copy_uid(const Mailbox::Copied& copied) {
  std::vector<Uid> from;
  std::vector<Uid> to;
  for (const auto& [source, target] : copied.uids) {
    from.push_back(source);
    to.push_back(target);
  }
  return "COPYUID " + std::to_string(copied.uid_validity) + " " + to_uid_set(from) + " " +
         to_uid_set(to);
}

enum class Verb { Copy, Move };

// RFC 9051 sections 6.4.7 and 6.4.8, RFC 6851
template <class Body>
Reply transfer(Conversation& conversation, const Body& command, Verb verb, Output& output) {
  Selected& selected = *conversation.selected;
  if (verb == Verb::Move && selected.is_read_only()) {
    return Reply::no("The mailbox is open for reading", "READ-ONLY");
  }
  auto indexes = selected.resolve(command.set, command.numbering);
  if (!indexes) return Reply::bad("There is no message of that number");
  const auto name = conversation.decode(command.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto target = conversation.account->mailbox(*name);
  if (!target) {
    if (target.error().code != Error::Code::NotFound) return conversation.refuse(target.error());
    return Reply::no("There is no such mailbox", "TRYCREATE");
  }
  if (indexes->empty()) return Reply::ok("There were no such messages");

  const auto most = verb == Verb::Copy ? save_limit(conversation) : std::nullopt;
  if (most && indexes->size() > *most) return too_many_to_save(*most);
  const std::string limited =
      verb == Verb::Move ? cut_to_limit(conversation, selected.view(), *indexes) : std::string();
  const std::vector<Uid> uids = selected.uids(*indexes);
  const auto copied = verb == Verb::Copy ? selected.mailbox().copy(uids, **target)
                                         : selected.mailbox().move(uids, **target);
  if (!copied) return conversation.refuse(copied.error());
  // What another session has expunged is passed over.  RFC 2180 section 4.4.1
  if (copied->uids.empty()) {
    return Reply::no("The messages have been expunged", "EXPUNGEISSUED");
  }
  std::vector<Uid> made;
  for (const auto& [source, copy] : copied->uids) made.push_back(copy);
  conversation.made(**target, made);
  if (verb == Verb::Copy) return Reply::ok("Copied", copy_uid(*copied));
  // The new UIDs come before EXPUNGE takes the old ones away.  RFC 6851 section 4.3
  output << "* OK [" << copy_uid(*copied) << "] Moved\r\n";
  Reply reply = Reply::ok("Moved");
  reply.tells_modseq = true;
  return with_limit(conversation, limited, std::move(reply), output);
}

}  // namespace

Reply copy(Conversation& conversation, Copy& copy, Output& output) {
  return transfer(conversation, copy, Verb::Copy, output);
}

Reply move(Conversation& conversation, Move& move, Output& output) {
  return transfer(conversation, move, Verb::Move, output);
}

}  // namespace waxwing::imap
