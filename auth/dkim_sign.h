#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_canonical.h"
#include "auth/dkim_key.h"
#include "base/clock.h"

namespace waxwing::dkim {

struct SigningKey {
  std::string selector;  // in A-labels
  PrivateKey key;
};

// Makes the DKIM signatures of one message while it comes, in pieces of any size and memory that
// does not grow with it: relaxed/relaxed, one signature for each key. Held by one thread at a time.
//
// From, Subject, Date, To, Cc, Message-ID, Content-Type, MIME-Version and Reply-To are signed once
// more often than they are there, so that none can be added; fields of threads and lists, and how
// the body is encoded, when they are there.  RFC 6376 sections 5.4 and 8.15
class Signer {
 public:
  // `domain` in A-labels.
  Signer(std::string domain, std::vector<SigningKey> keys);
  void feed(std::string_view bytes);
  // The DKIM-Signature fields, with CRLF, to be put before the message; nothing when its header is
  // larger than 256 KiB. Call once.
  std::string finish(const Clock& clock);

 private:
  std::string domain_;
  std::vector<SigningKey> keys_;
  HeaderReader reader_;
  BodyHash body_;
};

// Shared with ARC: which fields the h= of a signature names, and the field of a signature, with
// CRLF, that begins with `start` ("DKIM-Signature: v=1;").
std::vector<std::string> names_to_sign(const Fields& fields);
std::string signature_field(std::string start, const std::string& domain, const SigningKey& one,
                            const std::vector<std::string>& names, const Fields& fields,
                            std::string_view body_hash, std::int64_t now);

}  // namespace waxwing::dkim
