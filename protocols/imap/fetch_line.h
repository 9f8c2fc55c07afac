#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocols/imap/command.h"
#include "protocols/imap/fetch_response.h"
#include "protocols/imap/message_file.h"
#include "protocols/imap/reply.h"
#include "protocols/imap/section.h"
#include "protocols/mail/header.h"
#include "protocols/mail/message.h"
#include "storage/mailbox.h"

namespace waxwing::imap {

struct Conversation;

// A part of a file is copied into the answer up to this size, so that a client that downloads
// thousands of small messages does not make the session hold as many open files.
constexpr std::uint64_t kCopied = 64 * 1024;

// What a FETCH asks of the store for each message, from cheap to dear.
struct FetchNeeds {
  bool header = false;   // the header block, from the index
  bool message = false;  // what was learnt of the message when it came, from the index
  bool known = false;    // the same, but only what the index has already
  bool file = false;     // its bytes
  bool id = false;       // its email id, from the index
  bool annotations = false;
  bool sets_seen = false;

  bool only_rows() const {
    return !header && !message && !known && !file && !id && !annotations && !sets_seen;
  }
  // What to ask the index for, if anything.
  std::optional<Mailbox::Fields> fields() const;
};
FetchNeeds needs_of(const std::vector<FetchItem>& items);
// BAD for what this client has not.
std::optional<Reply> refuse_items(const Conversation& conversation, const FetchNeeds& needs);

// One message as FETCH reads it. Each of its parts is read, and decoded, when it is first asked
// for. Held by one thread at a time.
class FetchedMessage {
 public:
  // `parsed`: what the index has of it; nullptr: only the file is left.
  FetchedMessage(Mailbox& mailbox, Uid uid, const Parsed* parsed)
      : mailbox_(mailbox), uid_(uid), parsed_(parsed) {}

  // Makes sure that all of this can be had. NotFound: the message has been expunged and is gone.
  Outcome prepare(const FetchNeeds& needs);

  // After prepare():
  const mail::Message& message() const { return *message_; }
  // The same without having asked for it: nullptr when it would have to be read from the file.
  const mail::Message* known();
  std::uint64_t size() const { return file_->size; }
  const std::shared_ptr<const Fd>& file() const { return file_->file; }
  // False when it is known that none of its octets is NUL.
  bool may_hold_nul();
  // The header block of the message itself.
  Result<std::string_view> header();
  // Bytes of the file; no more than are there.
  Result<std::string> read(ByteRange range) const { return read_range(*file_, range); }
  // What a part says when its transfer encoding is undone; Limit when that is too much to hold.
  Result<std::string_view> decoded(const BinarySource& source);
  Result<std::uint64_t> decoded_size(const BinarySource& source);

  // All that one response copies or decodes is in memory until the client has read it, and a client
  // may name the same part a thousand times. False: that is too much.
  [[nodiscard]] bool spend(std::uint64_t bytes);

 private:
  Outcome open();

  using Place = std::pair<std::uint64_t, std::uint64_t>;  // offset, size

  Mailbox& mailbox_;
  Uid uid_;
  const Parsed* parsed_;
  std::optional<MessageFile> file_;
  std::optional<mail::Message> message_;
  std::optional<std::string> header_;  // from the file
  std::map<Place, std::string> decoded_;
  std::uint64_t spent_ = 0;
};

// An item, with what is the same for every message.
struct PreparedItem : FetchItem {
  explicit PreparedItem(FetchItem wanted);
  std::string name;  // "BODY[HEADER.FIELDS (To)]<0>"; empty where the value is no section
  std::optional<mail::FieldFilter> fields;
};

// Writes the value of BODY[...], BINARY[...], BINARY.SIZE[...], RFC822, RFC822.HEADER and
// RFC822.TEXT with its name: "BODY[TEXT]<0> {5}..hello". After an error the response is worth
// nothing.
std::optional<Reply> write_section(const PreparedItem& item, FetchedMessage& message,
                                   FetchResponse& response);

}  // namespace waxwing::imap
