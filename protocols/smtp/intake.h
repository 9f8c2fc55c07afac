#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/directory.h"
#include "base/result.h"
#include "protocols/session.h"
#include "storage/envelope.h"
#include "storage/staged.h"

namespace waxwing::smtp {

// A reply of the server; `text` may have several lines.  RFC 5321 section 4.2, RFC 2034
struct Reply {
  int code = 250;
  std::string enhanced;  // "2.1.5"; empty where none belongs
  std::string text;
};

struct EnvelopeRecipient {
  std::string address;  // as the client wrote it, checked syntax
  Directory::Route route;
  // What its sender wants to be told, of QueuedRecipient's bits; 0: not said.  RFC 3461 section 4
  unsigned notify = 0;
  std::string original = {};  // ORCPT as it was said; empty: not said
};

// What MAIL and RCPT said.
struct MailEnvelope {
  std::string sender;  // empty: <>
  bool smtp_utf8 = false;
  enum class Body { SevenBit, EightBitMime, BinaryMime } body = Body::SevenBit;
  Envelope::Return ret = Envelope::Return::NotSaid;  // RFC 3461 section 4.3
  std::string envelope_id;                           // ENVID as it was said, in xtext
  bool require_tls = false;                          // RFC 8689
  std::vector<EnvelopeRecipient> recipients;
  std::uint64_t announced_size = 0;  // SIZE=; 0: not said
};

// Where a message comes from.
struct Origin {
  Peer peer;
  std::string helo;  // as the client said it
  bool esmtp = false;
  std::string tls_version, tls_cipher;  // empty in clear
  std::optional<Identity> identity;     // signed in: a submission
};

// The one choke point for accepted mail: MX, submission, forwards and bounces all pass it, in
// order: checks, header additions, routing. Any thread; everything may block: Storage lane.
class Intake {
 public:
  virtual ~Intake() = default;

  // A message may start: envelope sender allowed, space left. 250 or a refusal.
  virtual Reply check_sender(const Origin& origin, const MailEnvelope& envelope) = 0;
  // 250 and the recipient is added to the envelope, or a refusal. Its address is unescaped, checked
  // syntax; its route is found out.
  virtual Reply add_recipient(const Origin& origin, MailEnvelope& envelope,
                              EnvelopeRecipient recipient) = 0;
  virtual Result<std::unique_ptr<Staged>> stage(std::uint64_t expected_size) = 0;
  // All of the message is there. 250 only when it is durable for every recipient.
  virtual Reply accept(const Origin& origin, const MailEnvelope& envelope,
                       std::unique_ptr<Staged> message) = 0;
};

}  // namespace waxwing::smtp
