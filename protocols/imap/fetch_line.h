#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocols/imap/command.h"
#include "protocols/imap/reply.h"
#include "protocols/imap/section.h"
#include "protocols/mail/message.h"
#include "protocols/output.h"
#include "storage/mailbox.h"

namespace waxwing::imap {

// What a FETCH asks of the store for each message, from cheap to dear.
struct FetchNeeds {
  bool header = false;   // the header block, from the index
  bool message = false;  // what was learnt of the message when it came, from the index
  bool file = false;     // its bytes
  bool sets_seen = false;

  bool only_rows() const { return !header && !message && !file && !sets_seen; }
};
FetchNeeds needs_of(const std::vector<FetchItem>& items);

// One message as FETCH reads it. Each of its parts is read when it is first asked for.
class FetchedMessage {
 public:
  // `parsed`: what the index has of it; nullptr: only the file is left.
  FetchedMessage(Mailbox& mailbox, Uid uid, const Parsed* parsed)
      : mailbox_(mailbox), uid_(uid), parsed_(parsed) {}

  // Makes sure that all of this can be had. NotFound: the message has been expunged and is gone.
  Outcome prepare(const FetchNeeds& needs);

  // After prepare():
  const mail::Message& message() const { return *message_; }
  std::uint64_t size() const { return file_->size; }
  const std::shared_ptr<const Fd>& file() const { return file_->file; }
  // The header block of the message itself.
  Result<std::string> header() const;
  // Bytes of the file; no more than are there.
  Result<std::string> read(ByteRange range) const;

 private:
  Outcome open();

  Mailbox& mailbox_;
  Uid uid_;
  const Parsed* parsed_;
  std::optional<MessageFile> file_;
  std::optional<mail::Message> message_;
};

// Writes the value of BODY[...], BINARY[...], BINARY.SIZE[...], RFC822, RFC822.HEADER and
// RFC822.TEXT with its name: "BODY[TEXT]<0> {5}..hello". An error leaves nothing written.
std::optional<Reply> write_section(const FetchItem& item, const FetchedMessage& message,
                                   Output& output);

}  // namespace waxwing::imap
