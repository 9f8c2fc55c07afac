#include "protocols/mail/message.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "protocols/mail/content.h"

namespace waxwing::mail {
namespace {

void shift(Part& part, std::uint64_t by) {
  part.header_offset += by;
  part.body_offset += by;
  for (Part& inner : part.parts) shift(inner, by);
}

// Does a field of these whole header fields show in ENVELOPE?
bool has_envelope_field(std::string_view fields) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "date", "subject", "from", "sender",      "reply-to",
      "to",   "cc",      "bcc",  "in-reply-to", "message-id"};
  for (const auto line : split(fields, '\n')) {
    const auto name = trim(line.substr(0, line.find(':')));
    if (std::any_of(kNames.begin(), kNames.end(),
                    [&](std::string_view one) { return equals_ignoring_case(one, name); })) {
      return true;
    }
  }
  return false;
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
  // Submission may have put a Date or Message-ID there. What every message gets changes nothing.
  if (has_envelope_field(prefix)) message.envelope = parse_envelope(message.header);
}

}  // namespace waxwing::mail
