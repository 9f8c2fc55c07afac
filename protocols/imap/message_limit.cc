#include "protocols/imap/message_limit.h"

#include "protocols/imap/conversation.h"

namespace waxwing::imap {

std::optional<std::size_t> message_limit(const Conversation& conversation) {
  const auto limit = conversation.services.settings->imap.message_limit;
  return limit && conversation.offers("MESSAGELIMIT") ? limit : std::nullopt;
}

std::optional<std::size_t> save_limit(const Conversation& conversation) {
  const auto limit = conversation.services.settings->imap.save_limit;
  return limit && conversation.offers("SAVELIMIT") ? limit : message_limit(conversation);
}

std::string limit_capabilities(const Conversation& conversation) {
  std::string text;
  const auto& settings = conversation.services.settings->imap;
  if (const auto limit = message_limit(conversation)) {
    text += " MESSAGELIMIT=" + std::to_string(*limit);
  }
  if (settings.save_limit && conversation.offers("SAVELIMIT")) {
    text += " SAVELIMIT=" + std::to_string(*settings.save_limit);
  }
  return text;
}

std::string cut_to_limit(const Conversation& conversation, const View& view,
                         std::vector<std::size_t>& indexes) {
  const auto limit = message_limit(conversation);
  if (!limit || indexes.size() <= *limit) return {};
  indexes.erase(indexes.begin(), indexes.end() - static_cast<std::ptrdiff_t>(*limit));
  return "MESSAGELIMIT " + std::to_string(*limit) + " " + std::to_string(view[indexes.front()].uid);
}

Reply with_limit(const Conversation& conversation, const std::string& code, Reply reply,
                 Output& output) {
  if (code.empty()) return reply;
  // HIGHESTMODSEQ will stand there.
  const bool is_taken = !reply.code.empty() || (reply.tells_modseq && conversation.dialect.qresync);
  if (is_taken) {
    output << "* OK [" << code << "] That was done with the newest of the messages\r\n";
    return reply;
  }
  reply.code = code;
  reply.text = "That was done with the newest of the messages";
  return reply;
}

Reply too_many_to_save(std::size_t limit) {
  return Reply::no("That are too many messages for one command",
                   "MESSAGELIMIT " + std::to_string(limit));
}

}  // namespace waxwing::imap
