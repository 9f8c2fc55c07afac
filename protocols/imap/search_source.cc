#include "protocols/imap/search_source.h"

#include <optional>
#include <utility>

#include "protocols/imap/message_file.h"

namespace waxwing::imap {

Outcome MailboxSource::headers(std::span<const Uid> uids, const Visit& visit) {
  return mailbox_.read(uids, Mailbox::Fields::Header, [&](Uid uid, const Parsed& parsed) {
    return visit(uid, parsed.header, parsed.header_is_whole);
  });
}

Result<SearchSource::Opened> MailboxSource::open(Uid uid) {
  auto file = mailbox_.open(uid);
  if (!file) return fail(file.error());
  std::optional<mail::Message> message;
  Uid uids[] = {uid};
  auto outcome = mailbox_.read(uids, Mailbox::Fields::All, [&](Uid, const Parsed& parsed) {
    message = mail::decode(parsed.message);
    return true;
  });
  if (!outcome) return fail(outcome.error());
  if (!message) {
    // The index is damaged, or of a later version; the file is all that is needed.
    auto parsed = parse_file(*file);
    if (!parsed) return fail(parsed.error());
    message = std::move(*parsed);
  }
  auto read = [file = *file](ByteRange range) { return read_range(file, range); };
  return Opened{std::move(*message), std::move(read)};
}

}  // namespace waxwing::imap
