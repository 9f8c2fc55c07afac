#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth_result.h"
#include "auth/dkim_canonical.h"
#include "auth/dkim_signature.h"
#include "auth/timed_lookup.h"
#include "base/clock.h"
#include "base/result.h"
#include "protocols/dns/resolver.h"

namespace waxwing::dkim {

// What came of one signature.
struct Verdict {
  AuthResult result = AuthResult::None;
  // As the signature says; empty where it cannot be read.
  std::string domain, selector, identity, algorithm;
  std::string record_name, record;  // the key, raw octets; empty when it was not asked for
  int key_bits = 0;
  bool is_testing = false;  // t=y: to be treated as if it were not signed
  // l=: what comes behind so many octets of the body is anybody's.
  std::optional<std::uint64_t> body_length;
  std::string reason;  // one sentence for people, printable
  std::string start;   // the first eight characters of b=, to tell signatures apart: RFC 6008
};

struct Limits {
  std::size_t signatures = 8;              // more, from the top, are not looked at
  std::size_t header = 256 * 1024;         // bytes
  std::chrono::milliseconds time{20'000};  // for all keys together
};

// Verifies the DKIM signatures of one message while it comes, in pieces of any size and memory that
// does not grow with it. Held by one thread at a time.  RFC 6376 section 6
//
//   Verifier verifier;
//   while (...) verifier.feed(bytes);          // with CRLF, exactly as received
//   auto verdicts = verifier.finish(resolver, clock);
class Verifier {
 public:
  explicit Verifier(const Limits& limits = {}) : limits_(limits), reader_(limits.header) {}
  void feed(std::string_view bytes);
  // One verdict for each signature, from the top; none without any. Blocks on the DNS, never longer
  // than limits.time. Call once.
  std::vector<Verdict> finish(dns::Resolver& resolver, const Clock& clock);
  // The header block, whole once the body has begun and `limits.header` was enough.
  const std::string& header() const { return reader_.header(); }

 private:
  struct Signed {
    std::string_view raw;
    waxwing::Result<Signature> signature;
    std::size_t body = 0;  // in bodies_
  };
  struct Body {
    Canonicalization form;
    std::optional<std::uint64_t> length;
    BodyHash hash;
    std::string digest;
  };
  void start_body();
  std::size_t body_for(const Signature& signature);
  Verdict verify(const Signed& one, const Fields& fields, TimedLookup& lookup) const;

  Limits limits_;
  HeaderReader reader_;
  bool has_started_ = false;
  std::vector<Signed> signed_;
  std::vector<Body> bodies_;
};

// The key of a signature from the DNS, tried on the text that was signed: what is left of
// verification once the body is known to be right. Shared with ARC.
struct KeyVerdict {
  AuthResult result = AuthResult::None;
  std::string record_name, record, reason;
  int key_bits = 0;
  bool is_testing = false;
};
KeyVerdict verify_with_key(TimedLookup& lookup, const Signature& signature, std::string_view text);

}  // namespace waxwing::dkim
