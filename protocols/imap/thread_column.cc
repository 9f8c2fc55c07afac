#include "protocols/imap/thread_column.h"

#include <algorithm>

#include "base/little_endian.h"
#include "base/sip_hash.h"
#include "protocols/imap/base_subject.h"
#include "protocols/imap/message_ids.h"
#include "protocols/mail/date.h"

namespace waxwing::imap {
namespace {

// One octet of flags; then words of eight octets, little-endian: the date, the hashes of the base
// subject and of the Message-ID, and those of the references.
enum Flag : unsigned char { kIsReply = 1, kHasDate = 2 };
constexpr std::size_t kWordSize = 8;
constexpr std::size_t kWords = 3;

// The key is no secret. Who makes two texts of one hash gets what the same text twice would have
// got him.
std::uint64_t hash(std::string_view text) {
  static const SipHash hash(0x74687265616473, 0x7265666572656e63);
  // 0 stands for no text at all.
  return text.empty() ? 0 : std::max<std::uint64_t>(hash(text), 1);
}

}  // namespace

std::string thread_value(const FirstFields& fields, Collation collation) {
  const BaseSubject subject = base_subject(fields.subject);
  const auto sent = mail::parse_broken_date(fields.date);
  std::string value(1,
                    static_cast<char>((subject.is_reply ? kIsReply : 0) | (sent ? kHasDate : 0)));
  append_word(value, sent ? static_cast<std::uint64_t>(sent->unix_seconds) : 0);
  append_word(value, subject.text.empty() ? 0 : hash(order_key(collation, subject.text)));
  append_word(value, hash(MessageIds(fields.message_id).next().value_or(std::string())));

  const std::size_t without_references = value.size();
  MessageIds references(fields.references);
  while (const auto id = references.next()) append_word(value, hash(*id));
  if (value.size() > without_references) return value;
  // Behind the first there may be addresses.
  if (const auto id = MessageIds(fields.in_reply_to).next()) append_word(value, hash(*id));
  return value;
}

void read_thread_value(std::string_view value, std::int64_t arrived, ThreadMember& member) {
  member.references.clear();
  member.arrived = member.sent = arrived;
  member.is_reply = false;
  member.subject = member.id = 0;
  if (value.size() < 1 + kWords * kWordSize) return;
  const auto flags = static_cast<unsigned char>(value[0]);
  value.remove_prefix(1);
  member.is_reply = (flags & kIsReply) != 0;
  if ((flags & kHasDate) != 0) member.sent = static_cast<std::int64_t>(read_word(value.data()));
  member.subject = read_word(value.data() + kWordSize);
  member.id = read_word(value.data() + 2 * kWordSize);
  for (std::size_t at = kWords * kWordSize; at + kWordSize <= value.size(); at += kWordSize) {
    member.references.push_back(read_word(value.data() + at));
  }
}

}  // namespace waxwing::imap
