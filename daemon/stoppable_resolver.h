#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "protocols/dns/resolver.h"

namespace waxwing {

// A resolver that lets go of all who wait for it: what is asked or still open when it stops, has
// Failed. So that a server which stops need not wait for dead name servers. Any thread.
class StoppableResolver final : public dns::Resolver {
 public:
  // The other one outlives it and its questions.
  explicit StoppableResolver(dns::Resolver& resolver)
      : resolver_(resolver), waiting_(std::make_shared<Waiting>()) {}
  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered) override;
  void stop();
  bool is_stopped() const;

 private:
  struct Waiting {
    std::mutex mutex;  // guards all below
    bool is_stopped = false;
    std::uint64_t next = 0;
    std::map<std::uint64_t, std::function<void(dns::Answer)>> callers;

    std::function<void(dns::Answer)> take(std::uint64_t number);
  };
  dns::Resolver& resolver_;
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace waxwing
