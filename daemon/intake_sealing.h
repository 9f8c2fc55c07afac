#pragma once

#include <memory>
#include <string>

#include "auth/arc.h"
#include "auth/domain_keys.h"
#include "base/clock.h"
#include "base/result.h"
#include "daemon/message_pass.h"
#include "protocols/smtp/intake.h"

namespace waxwing {

// The ARC set of what a stranger sent and an alias here hands on, made while a MessagePass reads
// it: so that the next server learns what SPF and DKIM said here, where they could say it. RFC 8617
// section 5.1. Held by one thread at a time; the findings outlive it.
//   auto seal = ForwardSeal::of(keys, origin, envelope, findings, pass);
//   ... pass.run() ...
//   prefix.insert(behind_return_path, seal->fields(clock));
class ForwardSeal {
 public:
  // With the key of the alias's domain: of RSA where it has one, for not all verifiers know
  // another. Nobody seals what was not verified, what users send, and for a domain without keys.
  static Result<ForwardSeal> of(DomainKeys& keys, const smtp::Origin& origin,
                                const smtp::MailEnvelope& envelope, const smtp::Findings& findings,
                                MessagePass& pass);

  // After the pass: the fields to be put before what it read, with CRLF; empty where nobody seals.
  // Call once.
  std::string fields(const Clock& clock);

 private:
  ForwardSeal(std::unique_ptr<arc::Sealer> sealer, const smtp::Findings& findings)
      : sealer_(std::move(sealer)), findings_(&findings) {}

  std::unique_ptr<arc::Sealer> sealer_;
  const smtp::Findings* findings_;
};

}  // namespace waxwing
