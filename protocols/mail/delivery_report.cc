#include "protocols/mail/delivery_report.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "protocols/mail/date.h"

namespace waxwing::mail {
namespace {

using Action = DeliveryReport::Action;

const char* word_of(Action action) {
  switch (action) {
    case Action::Failed: return "failed";
    case Action::Delayed: return "delayed";
    case Action::Delivered: return "delivered";
    case Action::Relayed: return "relayed";
  }
  return "failed";
}

struct Words {
  Action action;
  const char* subject;
  const char* first;
};
constexpr std::array<Words, 4> kWords = {{
    {Action::Failed, "Your message could not be delivered",
     "Your message could not be delivered to"},
    {Action::Delayed, "Your message is delayed",
     "Your message has not been delivered yet. You need not send it again: this server goes on\r\n"
     "trying, and tells you if it has to give up. It waits for"},
    {Action::Delivered, "Your message was delivered", "Your message was delivered to"},
    {Action::Relayed, "Your message was passed on",
     "Your message was passed on to a server that sends no confirmations itself, for"},
}};

// Status codes by their beginning, the longest first.  RFC 3463, and the registry it began
struct Meaning {
  std::string_view status, sentence;
};
constexpr std::array<Meaning, 27> kMeanings = {{
    {"5.1.1",
     "There is no such address. Please check its spelling, or ask the recipient another way for "
     "the right one."},
    {"5.1.2", "There is no such domain. Please check what stands behind the @ in the address."},
    {"5.1.3", "The address is not written as an address must be. Please check its spelling."},
    {"5.1.6", "The recipient has moved, and left no new address. Please ask for it another way."},
    {"5.1.10", "The domain says that it takes no mail at all. Please check the address."},
    {"5.2.1", "The recipient's mailbox is closed. Only the recipient's provider can change that."},
    {"5.2.2",
     "The recipient's mailbox is full. The recipient has to make room; then please send it again."},
    {"4.2.2", "The recipient's mailbox is full. The recipient has to make room."},
    {"5.2.3",
     "The message is too large for the recipient's mailbox. Please send less, or a link instead."},
    {"5.3.4",
     "The message is too large for the recipient's server. Please send less, or a link instead."},
    {"5.4.4",
     "The domain names servers for its mail that do not exist. Its operator can mend that."},
    {"5.4.6",
     "The mail for this address would go round in circles. The operators of this server or of the "
     "recipient's can mend that."},
    {"5.4.7",
     "The recipient's server could not be reached, or would not take the message, for so long that "
     "this server has given up. You can send it again; the operator of the recipient's server can "
     "mend it."},
    {"5.6.3",
     "The recipient's server is too old for messages with letters outside ASCII. Please send it as "
     "plain text without them."},
    {"5.6.7", "The recipient's server does not take addresses with letters outside ASCII."},
    {"5.7.1",
     "The recipient's server refused the message by its own rules. Its words below may say why; "
     "the recipient can ask there."},
    {"5.7.30",
     "You asked for encryption on all of the way, and the recipient's server does not offer it."},
    {"4.7.4",
     "The recipient's domain requires an encrypted connection, and its server does not offer one. "
     "The operator there can mend that."},
    {"4.7.5",
     "The recipient's server could not prove who it is. The operator there can mend that."},
    {"4.4.3",
     "The DNS servers of the recipient's domain do not answer properly. The operator there can "
     "mend that."},
    {"4.4.1", "The recipient's server does not answer."},
    {"4.4.", "The recipient's server could not be reached."},
    {"4.2.", "The recipient's mailbox takes no messages at the moment."},
    {"4.", "The recipient's server did not take the message yet."},
    {"5.1.", "The recipient's server does not know this address. Please check its spelling."},
    {"5.7.",
     "The recipient's server refused the message by its own rules. Its words below may say why."},
    {"5.", "The recipient's server refused the message. Its words below may say why."},
}};

// Lines of text/plain: no longer than people read, and never than SMTP allows.
std::string wrapped(std::string_view text, std::string_view indent) {
  constexpr std::size_t kWidth = 76;
  std::string lines;
  std::string line(indent);
  for (const auto word : words(text)) {
    if (line.size() + 1 + word.size() > kWidth && line.size() > indent.size()) {
      lines += line + "\r\n";
      line = indent;
    }
    if (line.size() > indent.size()) line += ' ';
    // A word without end is cut: nobody reads it, and no line may be longer than 998.
    line += word.substr(0, 900);
  }
  return lines + line + "\r\n";
}

std::string text_for(const DeliveryReport::Recipient& recipient) {
  std::string text = "\r\n    " + recipient.address + "\r\n\r\n";
  if (recipient.action == Action::Failed || recipient.action == Action::Delayed)
    text += wrapped(explain(recipient.status, !recipient.host.empty()), "");
  if (recipient.reply.empty()) return text;
  text += "\r\n" + wrapped(recipient.host.empty() ? "What this server noted:"
                                                  : "What the server " + recipient.host + " said:",
                           "");
  return text + wrapped(recipient.reply, "    ");
}

std::string type_and_address(const std::string& address) {
  return (is_ascii(address) ? "rfc822; " : "utf-8; ") + address;
}

std::string status_fields(const DeliveryReport::Recipient& recipient) {
  std::string fields = "\r\n";
  const auto semicolon = recipient.original.find(';');
  if (semicolon != std::string::npos) {
    fields += "Original-Recipient: " + recipient.original.substr(0, semicolon) + "; " +
              recipient.original.substr(semicolon + 1) + "\r\n";
  }
  fields += "Final-Recipient: " + type_and_address(recipient.address) + "\r\n";
  fields += std::string("Action: ") + word_of(recipient.action) + "\r\n";
  fields += "Status: " + recipient.status + "\r\n";
  if (!recipient.host.empty()) {
    fields += "Remote-MTA: dns; " + recipient.host + "\r\n";
    fields += "Diagnostic-Code: smtp; " + recipient.reply.substr(0, 900) + "\r\n";
  }
  if (recipient.tried > 0) fields += "Last-Attempt-Date: " + print_date(recipient.tried) + "\r\n";
  if (recipient.will_retry_until > 0)
    fields += "Will-Retry-Until: " + print_date(recipient.will_retry_until) + "\r\n";
  return fields;
}

}  // namespace

std::string explain(std::string_view status, bool was_reached) {
  if (!was_reached && status.starts_with("4.4.1"))
    return "None of the servers of the recipient's domain answers. The operator there can mend "
           "that.";
  for (const auto& [beginning, sentence] : kMeanings) {
    const bool is_whole_code = !beginning.ends_with('.');
    if (is_whole_code ? status == beginning : status.starts_with(beginning))
      return std::string(sentence);
  }
  return "The recipient's server did not take the message.";
}

std::string DeliveryReport::print() const {
  const Action action = recipients.empty() ? Action::Failed : recipients.front().action;
  const auto& words_for = *std::find_if(kWords.begin(), kWords.end(),
                                        [&](const auto& each) { return each.action == action; });
  const bool is_global =
      !is_ascii(original) || !is_ascii(to) ||
      std::any_of(recipients.begin(), recipients.end(), [](const auto& recipient) {
        return !is_ascii(recipient.address) || !is_ascii(recipient.original);
      });
  const std::string boundary = "report-" + id;
  const char* encoding = is_global ? "8bit" : "7bit";
  const auto part = [&](const std::string& type) {
    return "\r\n--" + boundary + "\r\nContent-Type: " + type +
           "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n";
  };

  std::string text = "From: \"Mail delivery\" <postmaster@" + hostname + ">\r\n";
  text += "To: <" + to + ">\r\n";
  text += std::string("Subject: ") + words_for.subject + "\r\n";
  text += "Date: " + print_date(now) + "\r\n";
  text += "Message-ID: <" + id + "@" + hostname + ">\r\n";
  // RFC 3834 section 5: nobody's machine shall answer.
  text += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
  text += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" +
          boundary + "\"\r\nContent-Transfer-Encoding: " + encoding + "\r\n";

  text += part("text/plain; charset=utf-8");
  text += std::string(words_for.first) + ":\r\n";
  for (const auto& recipient : recipients) text += text_for(recipient);
  text += "\r\n" + wrapped("The report is by " + hostname +
                               ". What follows is for its operator, and "
                               "shows which message it is about.",
                           "");

  text += part(is_global ? "message/global-delivery-status" : "message/delivery-status");
  if (!envelope_id.empty()) text += "Original-Envelope-Id: " + envelope_id + "\r\n";
  text += "Reporting-MTA: dns; " + hostname + "\r\n";
  text += "Arrival-Date: " + print_date(accepted) + "\r\n";
  for (const auto& recipient : recipients) text += status_fields(recipient);

  if (is_whole) {
    text += part(is_global ? "message/global" : "message/rfc822");
  } else {
    text += part(is_global ? "message/global-headers" : "text/rfc822-headers");
  }
  text += original;
  if (!original.ends_with("\r\n")) text += "\r\n";
  return text + "\r\n--" + boundary + "--\r\n";
}

}  // namespace waxwing::mail
