#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "daemon/destination.h"
#include "daemon/lanes.h"
#include "daemon/settlement.h"
#include "storage/queue.h"

namespace waxwing {

// Delivers what is in the queue. It has a thread of its own, whose loop holds all destinations and
// their connections; what touches the disk is done by the Storage lane. Any thread, but where said
// otherwise.
class Outbound {
 public:
  struct Parts {
    std::shared_ptr<const Settings> settings;
    Queue& queue;
    Notices& notices;
    Trace& trace;
    OutboundRouter& router;
    Lanes& lanes;
    const Clock& clock;
    std::shared_ptr<const TlsClient> tls;
    OutboundConnection::Timing timing{};
    // How TLS went with a server, for reports. Called on the loop: must not block.
    std::function<void(TlsSession)> tls_session = nullptr;
  };
  // They outlive it. Begins with what waits already.
  explicit Outbound(Parts parts);
  // join()s.
  ~Outbound();

  // A new configuration, for what is begun from now on.
  void use(std::shared_ptr<const Settings> settings, std::shared_ptr<const TlsClient> tls);
  // Forgets that this destination is down; empty: all.
  void try_now(const std::string& destination);
  // Those with connections or trouble. Not on the loop.
  std::vector<Destination::Summary> destinations();

  // Begins nothing new. Conversations in which the message was handed over go on to their answer.
  void stop();
  // After stop(): waits for the end; what has no answer after `patience` is noted as unanswered.
  // False when our own disk does not answer: then the process can only be ended.
  bool join(std::chrono::milliseconds patience);

 private:
  Destination& destination(const std::string& name);
  void fetch(Destination& destination);
  void settle(Destination::Loads loads);
  void settle_next();
  void wake();
  void look_at_overdue();
  bool may_connect(Destination& destination);
  void disconnected();
  void forget_idle();
  bool is_finished() const;
  void check_finished();
  // On the Storage lane, then on the loop.
  void run(std::function<void()> job, std::function<void()> then);

  Parts parts_;
  Settlement settlement_;
  Loop loop_;
  std::mt19937_64 random_;
  Destination::Host host_;
  std::unordered_map<std::string, std::unique_ptr<Destination>> destinations_;
  std::deque<std::string> wanting_;  // destinations that wait for a connection to end
  std::size_t connections_ = 0;
  std::deque<std::unique_ptr<OutboundLoad>> finished_loads_;
  bool is_settling_ = false, is_stopping_ = false, has_joined_ = false;
  std::size_t running_ = 0;  // jobs of run()
  Event wake_timer_, overdue_timer_;

  std::mutex mutex_;  // guards the flag
  std::condition_variable ended_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace waxwing
