#include "protocols/mail/message.h"

#include "protocols/mail/content.h"

namespace waxwing::mail {
namespace {

void shift(Part& part, std::uint64_t by) {
  part.header_offset += by;
  part.body_offset += by;
  for (Part& inner : part.parts) shift(inner, by);
}

}  // namespace

Message parse(std::string_view bytes) {
  Parser parser;
  parser.feed(bytes);
  return parser.finish();
}

void prepend(Message& message, std::string_view prefix) {
  for (Part& part : message.root.parts) shift(part, prefix.size());
  message.root.body_offset += prefix.size();
  message.size += prefix.size();
  if (prefix.find('\0') != std::string_view::npos) message.may_hold_nul = true;
  message.header.insert(0, prefix);
  if (message.header.size() > kMaxHeader) {
    message.header.resize(kMaxHeader);
    message.header_is_whole = false;
  }
  // Submission may have put a Date or Message-ID there.
  message.envelope = parse_envelope(message.header);
}

}  // namespace waxwing::mail
