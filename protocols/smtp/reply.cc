#include "protocols/smtp/reply.h"

#include <string>

#include "base/text.h"

namespace waxwing::smtp {

void write(Output& output, const Reply& reply) {
  const std::string code = std::to_string(reply.code);
  const auto lines = split(reply.text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    output << code << (i + 1 < lines.size() ? "-" : " ");
    if (!reply.enhanced.empty()) output << reply.enhanced << " ";
    output << lines[i] << "\r\n";
  }
}

Reply reply_for(const Error& error) {
  switch (error.code) {
    case Error::Code::TooLarge: return {552, "5.3.4", "Message is larger than this server takes"};
    case Error::Code::OverQuota: return {452, "4.2.2", "Mailbox is full"};
    case Error::Code::NoSpace: return {452, "4.3.1", "Not enough space now, try again later"};
    case Error::Code::Denied: return {550, "5.7.1", "Not allowed"};
    case Error::Code::NotFound:
    case Error::Code::AlreadyExists:
    case Error::Code::Invalid:
    case Error::Code::Limit:
    case Error::Code::ReadOnly:
    case Error::Code::Temporary:
    case Error::Code::Corrupt:
    case Error::Code::Cancelled: break;
  }
  return {451, "4.3.0", "Local error, try again later"};
}

}  // namespace waxwing::smtp
