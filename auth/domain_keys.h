#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_sign.h"
#include "base/result.h"

namespace waxwing {

// A key that signs mail of a domain, without its secret.
struct DomainKey {
  // The stages of its life, in their order. In all of them its record is published: before it
  // signs, so that no cache says that there is none; and afterwards, while what it signed is on its
  // way.
  enum class State { Next, Active, Retired };
  std::string selector;  // in lower-case A-labels
  dkim::KeyType type = dkim::KeyType::Rsa;
  State state = State::Next;
  std::string record;        // of type TXT, for SELECTOR._domainkey.DOMAIN
  std::int64_t created = 0;  // Unix seconds
  std::int64_t since = 0;    // the same: when its state began
};
const char* to_string(DomainKey::State state);  // "next", "active", "retired"

// The DKIM keys of the domains of this server: one of each algorithm, RSA-2048 and Ed25519, signs
// (RFC 8463 section 3), others are published before and after it. Those made here have selectors
// with their day, wax20261126r and wax20261126e, and none is made twice. Any thread; may block.
//
// Domains go in as people write them: Invalid when they are none, NotFound when they are not local.
class DomainKeys {
 public:
  virtual ~DomainKeys() = default;

  // What signs now; empty where the domain has no keys, is not local, or is none.
  virtual Result<std::vector<dkim::SigningKey>> signing(const std::string& domain) = 0;
  // All that are to be published, the oldest first.
  virtual Result<std::vector<DomainKey>> list(std::string_view domain) = 0;

  // Makes the first keys of a domain that has none, which then sign. Making keys takes a good part
  // of a second.
  virtual Outcome provide(std::string_view domain) = 0;
  // Makes the next keys. AlreadyExists when they are there.
  virtual Outcome prepare(std::string_view domain) = 0;
  // The next keys sign from now on; those of the same algorithm that did are retired. NotFound
  // without next keys.
  virtual Outcome activate(std::string_view domain) = 0;
  // Forgets a key for good. Denied while it signs.
  virtual Outcome remove(std::string_view domain, std::string_view selector) = 0;
  // Takes a private key over that is published already: it signs from now on, as after activate().
  // Invalid with words for people when the selector or the PEM is none; AlreadyExists.
  virtual Outcome import(std::string_view domain, std::string_view selector,
                         std::string_view pem) = 0;
};

}  // namespace waxwing
