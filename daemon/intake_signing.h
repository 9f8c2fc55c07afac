#pragma once

#include <memory>
#include <string>

#include "auth/dkim_sign.h"
#include "auth/domain_keys.h"
#include "base/clock.h"
#include "daemon/message_pass.h"
#include "protocols/smtp/intake.h"

namespace waxwing {

// The DKIM signatures of one message that leaves, made while a MessagePass reads it. Held by one
// thread at a time.
//   auto signatures = Signatures::of_user(keys, origin, pass);
//   ... pass.run() ...
//   prefix.insert(behind_return_path, signatures->fields(clock));
class Signatures {
 public:
  // Where nothing is to be signed.
  static Signatures none() { return Signatures(nullptr); }
  // Of what somebody sends who has signed in, or is trusted: the keys of the domain that all
  // authors in From have, so that DMARC finds it aligned. Nobody signs what a stranger sent, or for
  // a domain without keys.
  static Result<Signatures> of_user(DomainKeys& keys, const smtp::Origin& origin,
                                    MessagePass& pass);
  // Of a report of this server. Its author is postmaster at the hostname, which is seldom a domain
  // of its own here: then the nearest domain above signs, which is aligned with it (RFC 7489
  // section 3.1.1).
  static Result<Signatures> of_server(DomainKeys& keys, MessagePass& pass);

  // After the pass: the fields to be put before what it read, with CRLF; empty where nobody signs.
  // Call once.
  std::string fields(const Clock& clock);

 private:
  explicit Signatures(std::unique_ptr<dkim::Signer> signer) : signer_(std::move(signer)) {}
  static Result<Signatures> by(std::string domain, std::vector<dkim::SigningKey> keys,
                               MessagePass& pass);

  std::unique_ptr<dkim::Signer> signer_;
};

}  // namespace waxwing
