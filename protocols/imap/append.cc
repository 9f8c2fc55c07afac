#include <span>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/list.h"
#include "storage/sent_copies.h"

namespace waxwing::imap {
namespace {

// The messages have come already, while the command was read: session.cc and upload.h. This makes
// them ready for delivery.
std::optional<Reply> finish_upload(Conversation& conversation, const Append& append) {
  if (!conversation.upload) conversation.upload = std::make_unique<Upload>();
  return conversation.upload->finish(conversation, append);
}

Reply refuse(const Conversation& conversation, const Error& error) {
  if (error.code == Error::Code::NotFound) return Reply::no("The mailbox has gone", "TRYCREATE");
  return conversation.refuse(error);
}

// "APPENDUID 38505 3955:3957".  RFC 4315 section 3, RFC 3502
std::string append_uid(const Mailbox& mailbox, const std::vector<Uid>& uids) {
  return "APPENDUID " + std::to_string(mailbox.uid_validity()) + " " + to_uid_set(uids);
}

void tell_name(Conversation& conversation, const std::string& supplied, Output& output) {
  const auto name = conversation.decode(supplied);
  if (name && is_written_otherwise(conversation, *name, supplied)) {
    write_name(conversation, *name, supplied, output);
  }
}

// Where a program uploads what it has just submitted, and the account has its copies saved, the
// copy is there. It gets the flags and annotations that the upload has; nothing: this is another
// message.
Result<std::optional<Uid>> find_sent_copy(const Conversation& conversation, Mailbox& mailbox,
                                          const std::vector<Mailbox::NewMessage>& messages) {
  SentCopies* copies = conversation.services.sent_copies;
  const std::string_view account = conversation.account->address();
  if (copies == nullptr || messages.size() != 1 || !copies->has_any(account)) return std::nullopt;
  const auto sent = conversation.account->special(SpecialUse::Sent);
  if (!sent || *sent != mailbox.name()) return std::nullopt;
  const auto fingerprint = sent_fingerprint(*messages.front().message);
  if (!fingerprint) return fail(fingerprint.error());
  if (!*fingerprint) return std::nullopt;
  const auto copy = copies->take(account, **fingerprint);
  if (!copy || copy->mailbox != mailbox.id() || copy->uid_validity != mailbox.uid_validity())
    return std::nullopt;
  if (!mailbox.view()->find(copy->uid)) return std::nullopt;
  const Uid uid = copy->uid;
  const auto& annotations = messages.front().options.annotations;
  if (!annotations.empty()) {
    const auto annotated = mailbox.annotate(std::span(&uid, 1), annotations);
    if (!annotated) return fail(annotated.error());
  }
  FlagChange flags = messages.front().options.flags;
  flags.mode = FlagChange::Mode::Add;
  if (flags.system == 0 && flags.keywords.empty()) return uid;
  const auto changed = mailbox.change_flags(std::span(&uid, 1), flags);
  if (!changed) return fail(changed.error());
  return uid;
}

}  // namespace

Reply append(Conversation& conversation, Append& append, Output& output) {
  if (const auto refused = finish_upload(conversation, append)) return *refused;
  Mailbox& mailbox = conversation.upload->mailbox();
  const auto copy = find_sent_copy(conversation, mailbox, conversation.upload->messages(append));
  if (!copy) return refuse(conversation, copy.error());
  if (*copy) {
    const Uid uid = **copy;
    conversation.made(mailbox, std::span(&uid, 1));
    tell_name(conversation, append.mailbox, output);
    return Reply::ok("It is there already", append_uid(mailbox, {uid}));
  }
  const auto uids = mailbox.append(conversation.upload->messages(append));
  if (!uids) return refuse(conversation, uids.error());
  conversation.made(mailbox, *uids);
  tell_name(conversation, append.mailbox, output);
  return Reply::ok("Appended", append_uid(mailbox, *uids));
}

// RFC 8508
Reply replace(Conversation& conversation, Replace& replace, Output& output) {
  const auto uid = find_replaced(conversation, replace.numbering, replace.set);
  if (!uid) return uid.error();
  if (const auto refused = finish_upload(conversation, replace.append)) return *refused;
  Mailbox& target = conversation.upload->mailbox();
  const auto messages = conversation.upload->messages(replace.append);
  const auto fresh = conversation.selected->mailbox().replace(*uid, messages.front(), target);
  if (!fresh && fresh.error().code == Error::Code::Cancelled) {
    return Reply::no("The message has been expunged", "EXPUNGEISSUED");
  }
  if (!fresh) return refuse(conversation, fresh.error());
  const Uid made = *fresh;
  conversation.made(target, std::span(&made, 1));
  tell_name(conversation, replace.append.mailbox, output);
  // The new UID comes before EXPUNGE takes the old one away.  RFC 8508 section 4.3
  output << "* OK [" << append_uid(target, {*fresh}) << "] The replacement is there\r\n";
  Reply reply = Reply::ok("Replaced");
  reply.tells_modseq = true;  // RFC 8508 section 4.5
  return reply;
}

}  // namespace waxwing::imap
