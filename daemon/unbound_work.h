#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/unbound_context.h"
#include "daemon/unbound_resolver.h"

namespace waxwing {

// What goes on within UnboundResolver. All but resolve() and validation() happens on its thread,
// the only one that speaks with libunbound: handing a question over may have to wait for a pipe.
class UnboundResolver::Work {
 public:
  struct Parts {
    UnboundContext::Options unbound;
    std::string source;
    Validation validation;
    std::chrono::milliseconds deadline;
    std::chrono::milliseconds probe;
  };
  static Result<std::unique_ptr<Work>> open(Parts parts);
  ~Work();

  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered);
  Validation validation() const { return validation_; }

 private:
  using Answered = std::function<void(dns::Answer)>;

  // A question. libunbound has its address while it is out, so it stays until it comes back, also
  // when its asker has been told that time is up.
  struct Asked {
    Work* work;
    dns::Question question;
    Answered answered;  // empty once called
    int type = 0;
    Steady deadline{};
    UnboundContext* out = nullptr;  // the one that has it
    dns::Answer failure{};          // what the validating one said, while the other is asked
    std::list<Asked>::iterator here{};
  };

  Work(Parts parts, std::unique_ptr<UnboundContext> context, Fd wake);

  void run();
  bool take_new();
  void wait();
  void end_late();

  Asked& enter(std::list<Asked>& from);
  Asked& enter_root();
  void ask(UnboundContext& context, Asked& asked);
  static void heard(void* mine, int error, ub_result* result);
  void heard(Asked& asked, UnboundContext& from, dns::Answer answer);
  void heard_plain(Asked& asked, dns::Answer answer);
  void heard_failure(Asked& asked, dns::Answer failure);
  void answer(Asked& asked, dns::Answer answer);
  void forget(Asked& asked);

  void probe();
  void probed(bool is_secure);
  void turn_off();

  const Parts parts_;
  std::atomic<Validation> validation_;
  std::unique_ptr<UnboundContext> context_;
  std::unique_ptr<UnboundContext> plain_;  // does not validate; made when it may be needed
  const Fd wake_;

  std::atomic<std::size_t> count_ = 0;  // of questions, until they are forgotten
  std::mutex mutex_;                    // guards the two
  std::list<Asked> new_;
  bool stopping_ = false;

  std::list<Asked> asked_;
  std::set<std::pair<Steady, Asked*>> deadlines_;  // of those without an answer
  std::vector<Asked*> held_;  // have failed; whether that counts depends on the probe
  Asked* probe_ = nullptr;    // the root, on its way through the validating context
  std::thread thread_;
};

}  // namespace waxwing
