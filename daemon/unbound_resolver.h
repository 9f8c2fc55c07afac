#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "protocols/dns/resolver.h"

namespace waxwing {

// The DNS by libunbound: one cache for all, and signatures proved here, so that nothing but the
// resolver's own memory has to be trusted. Any thread.
//
// A thread of its own carries questions to libunbound and answers back; `answered` is called there,
// or in the destructor. Every question ends within the deadline: libunbound may then still be busy
// with it, and what it says later is dropped. What fails validation is Failed, and so is what has
// not been answered when the resolver goes.
//
// From the root's keys (Anchor::Root) only what the servers pass on can be proved, and some strip
// signatures. Where the root itself cannot be proved but questions are answered without proof,
// signatures are looked at no more until the next start, and one warning says so: else no mail
// would go out at all. This is found out by the way, and nobody waits for it at the start.
class UnboundResolver final : public dns::Resolver {
 public:
  struct Options {
    std::chrono::milliseconds deadline = std::chrono::seconds(10);
    // How long the root's signatures are waited for before they count as stripped.
    std::chrono::milliseconds probe = std::chrono::seconds(5);
    std::string resolv_conf = "/etc/resolv.conf";
    std::string root_anchor = "/usr/share/dns/root.key";  // where it is not: known ones
  };
  // Fails when the trust anchor cannot be read. Asks no one yet that it would wait for.
  static Result<std::unique_ptr<UnboundResolver>> open(const Settings::Dns& settings,
                                                       const Options& options);
  static Result<std::unique_ptr<UnboundResolver>> open(const Settings::Dns& settings) {
    return open(settings, Options());
  }
  // Whether open() would succeed; asks nobody.
  static Outcome check(const Settings::Dns& settings);
  ~UnboundResolver() override;

  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered) override;

  // Who is asked, for people: "127.0.0.1@5300", "10.0.0.53@53 (/etc/resolv.conf)", "the root
  // servers".
  const std::string& source() const { return source_; }
  // Whether signatures count, as far as is known now.
  enum class Validation { Unknown, On, Off };
  Validation validation() const;

 private:
  class Work;
  UnboundResolver(std::string source, std::unique_ptr<Work> work);

  const std::string source_;
  std::unique_ptr<Work> work_;
};

}  // namespace waxwing
