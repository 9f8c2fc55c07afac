#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_set.h"
#include "auth/auth_result.h"
#include "auth/dkim_canonical.h"
#include "auth/dkim_sign.h"
#include "base/clock.h"
#include "base/result.h"
#include "protocols/dns/resolver.h"

namespace waxwing::arc {

constexpr std::size_t kMaxHeader = 256 * 1024;  // bytes; what has more proves nothing

// What those who handed the message on say, and whether that can be believed of them.
struct Verdict {
  // None: nobody sealed it. Pass or Fail of the whole chain; TempError where a key cannot be had
  // now.
  AuthResult result = AuthResult::None;
  // Of the seals, the oldest first, as far as they could be read; domains in A-labels.
  struct Seal {
    std::string domain, selector;
    std::string results_field;  // raw: how it found the message; a stranger's words
  };
  std::vector<Seal> seals;
  std::string reason;  // one sentence for people, printable
};

// Validates the chain of one message while it comes, in pieces of any size and memory that does not
// grow with it. Held by one thread at a time.  RFC 8617 section 5.2
class Verifier {
 public:
  explicit Verifier(std::chrono::milliseconds time = std::chrono::seconds(20))
      : time_(time), reader_(kMaxHeader) {}
  void feed(std::string_view bytes);
  // Blocks on the DNS, never longer than `time`. Call once.
  Verdict finish(dns::Resolver& resolver, const Clock& clock);

 private:
  void start_body();

  std::chrono::milliseconds time_;
  dkim::HeaderReader reader_;
  bool has_started_ = false;
  Result<std::vector<Set>> sets_;  // views of the header
  std::optional<dkim::BodyHash> body_;
};

// Seals one message that is handed on, while it comes; as Verifier. Held by one thread at a time.
// RFC 8617 section 5.1
class Sealer {
 public:
  // `domain` in A-labels.
  Sealer(std::string domain, dkim::SigningKey key);
  void feed(std::string_view bytes);
  // The three fields of the set, with CRLF, to be put before the message. `found` is what a
  // Verifier says of this message, `authentication_results` the value of that field without the
  // name, beginning with the name of this server. Nothing where there must be no new seal: the
  // chain has failed before or is too long, or cannot be told now. Call once.
  std::string finish(const Clock& clock, const Verdict& found,
                     std::string_view authentication_results);

 private:
  std::string domain_;
  dkim::SigningKey key_;
  dkim::HeaderReader reader_;
  dkim::BodyHash body_;
};

}  // namespace waxwing::arc
