#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waxwing::mail {

// One address as ENVELOPE has it: raw header text, encoded words kept.  RFC 9051 section 7.5.2
// A group starts with an entry that has only a mailbox (its name) and ends with an empty one.
struct EnvelopeAddress {
  std::string name;     // display name
  std::string mailbox;  // local part
  std::string host;
  bool operator==(const EnvelopeAddress&) const = default;
};

// The header fields that clients list messages by. Absent fields are nullopt or empty lists.
struct Envelope {
  std::optional<std::string> date, subject;
  std::vector<EnvelopeAddress> from, sender, reply_to, to, cc, bcc;
  std::optional<std::string> in_reply_to, message_id;
  bool operator==(const Envelope&) const = default;
};

using Parameters = std::vector<std::pair<std::string, std::string>>;

// A body part, with where it lies in the message file. A multipart has the parts between its
// boundaries as `parts`; a message/rfc822 has one: the root part of the enclosed message.
// RFC 2045, 2046, 2183, 3282
struct Part {
  std::string type = "text";      // lower case
  std::string subtype = "plain";  // lower case
  Parameters parameters;          // names lower case, values unquoted, RFC 2231 kept as written
  std::optional<std::string> id, description, disposition, location, md5;
  std::string encoding = "7bit";  // lower case
  Parameters disposition_parameters;
  std::vector<std::string> languages;

  std::uint64_t header_offset = 0;  // first byte of the part's header
  std::uint64_t body_offset = 0;    // first byte behind the empty line
  std::uint64_t body_size = 0;      // octets, without the CRLF that belongs to the boundary
  std::uint64_t lines = 0;          // of the body
  std::vector<Part> parts;
  std::shared_ptr<const Envelope> envelope;  // of the enclosed message, in a message/rfc822

  bool is_multipart() const { return type == "multipart"; }
  bool is_message() const {
    return type == "message" && (subtype == "rfc822" || subtype == "global");
  }
};

// All that is computed once from a message, so that most FETCHes open no file.
struct Message {
  Part root;
  Envelope envelope;
  std::string header;  // the header block with its closing empty line; cut at kMaxHeader
  bool header_is_whole = true;
  std::string preview;  // first readable text, at most 200 characters of UTF-8.  RFC 8970
  std::uint64_t size = 0;
  // False only when it is known that no octet is NUL. Few messages hold one, and those cannot go to
  // a client as they are.
  bool may_hold_nul = true;
};

constexpr std::size_t kMaxHeader = 256 * 1024;

// Reads a message as it arrives, in pieces of any size, with bounded memory and nesting: a hostile
// message costs what an honest one of its size costs. Accepts anything: what is not MIME is text.
class Parser {
 public:
  Parser();
  ~Parser();
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;

  void feed(std::string_view bytes);
  // No more bytes follow. Call once.
  Message finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Message parse(std::string_view bytes);

// `message` as it is with `prefix` (whole header fields, CRLF) put before its first byte.
void prepend(Message& message, std::string_view prefix);

// To bytes and back, for the index. decode() returns nothing for bytes that encode() did not make.
std::string encode(const Message& message);
std::optional<Message> decode(std::string_view bytes);

}  // namespace waxwing::mail
