#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/arc.h"
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
  bool is_trusted = false;              // of this machine, or of a network that the operator trusts
  // Another server of ours has taken it, and has asked who sent it: LMTP.
  bool is_vouched_for = false;

  // What comes from there goes to other servers as well, and is completed as a submission.
  bool may_relay() const { return identity.has_value() || is_trusted; }
};

// What the checks made of one message.
struct Findings {
  std::string id;  // what it is called from now on: in Received, the log, the trace and the queue
  std::optional<Reply> refusal;  // it must not be accepted
  std::string refused_by;        // the name of the check that said so
  std::string fields;            // header fields to be put before it, with CRLF
  // Of each recipient in the order of the envelope: it goes to Junk. Empty: to nobody's.
  std::vector<bool> to_junk;
  // For who seals it when it is passed on: what stands in Authentication-Results, beginning with
  // the name of this server, and what earlier seals came to.  RFC 8617 section 5.1
  std::string results;
  arc::Verdict arc;
};

// The one choke point for accepted mail: MX, submission, forwards and bounces all pass it, in
// order: checks, header additions, routing. Any thread; everything may block: Storage lane, where
// nothing else is said.
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
  // The answer is in memory: check_sender() with this sender and stage(), or add_recipient() with
  // this recipient, need not wait for the disk. May say no at any time. Never block.
  virtual bool knows_sender(const Origin&, std::string_view) const { return false; }
  virtual bool knows_recipient(const Origin&, const std::string&) const { return false; }
  // Must examine() wait for other servers? Then it belongs on the Network lane. Never blocks.
  virtual bool asks_network(const Origin& origin) const = 0;
  // All of the message is there: the checks look at it, in order, up to the first that refuses it.
  // Reads it, and changes nothing.
  virtual Findings examine(const Origin& origin, const MailEnvelope& envelope, Staged& message) = 0;
  // 250 only when it is durable for every recipient. What was found refused is refused now; that
  // does not block.
  virtual Reply accept(const Origin& origin, const MailEnvelope& envelope,
                       std::unique_ptr<Staged> message, const Findings& findings) = 0;
};

}  // namespace waxwing::smtp
