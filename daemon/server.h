#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/acceptor.h"
#include "daemon/admission.h"
#include "daemon/loop_thread.h"

namespace waxwing {

// The ports, the loops behind them and the connections there. It knows no protocol: what a session
// is, it is told. Functions without a word about threads belong to the thread of `main`.
class Server {
 public:
  using SessionMaker = std::function<std::unique_ptr<Session>(
      const Peer&, std::shared_ptr<const Settings>, std::weak_ptr<Watcher>)>;
  struct Parts {
    std::shared_ptr<const Settings> settings;
    std::shared_ptr<const Certificates> certificates;
    std::vector<BoundPort> ports;
    SessionMaker make_session;
    Timing timing{};
    Lanes::Sizes lanes{};
    int threads = 0;  // 0: as many as processors, at most 4
  };
  // Accepts from now on, as `main` runs.
  Server(Loop& main, Parts parts);
  ~Server();

  // New connections get these settings and ports; those that live keep theirs. On an error nothing
  // has changed.
  Outcome reload(std::shared_ptr<const Settings> settings);
  // Loads the certificates when a file has changed, or in any case. When that fails the old ones
  // stay, and the log says why.
  enum class Reread { WhenChanged, Always };
  void refresh_certificates(Reread when);

  // No more connections; goodbye to those that wait, and to the others when their command is done.
  // `finished` is called on `main` when all have gone or Timing::stop is over.
  void stop(std::function<void()> finished);
  // After stop(): joins the threads. False when a command still ran after `patience`; then the
  // process can only be ended.
  bool join(std::chrono::milliseconds patience);

  // True when every loop has turned over since the last call. From one thread only.
  bool is_alive();

  // Any thread but the loops'.
  std::vector<SessionSummary> sessions() const;
  std::size_t kick(const std::string& session_id) const;
  // Any thread.
  void kick_user(const std::string& user) const;
  std::uint64_t count() const { return admission_.count(); }
  Lanes& lanes() { return lanes_; }
  std::shared_ptr<const Settings> settings() const;

 private:
  void welcome(const BoundPort& port, Acceptor::Guest guest);
  std::optional<std::string> admit(Connection::Accepted& accepted);  // any thread
  void listen_on(std::vector<BoundPort> ports);
  void left(const std::string& client);
  void look_at_certificates();
  void check_stopped();
  std::shared_ptr<const Certificates> certificates() const;

  Loop& main_;
  const Timing timing_;
  SessionMaker make_session_;
  mutable std::mutex mutex_;  // guards the two pointers
  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<const Certificates> certificates_;
  std::string certificate_trouble_;  // what was logged, to say it once

  Admission admission_;
  HelloMemory hellos_;
  Lanes lanes_;
  std::vector<std::unique_ptr<LoopThread>> loops_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::uint64_t last_number_ = 0;
  std::atomic<bool> stopping_ = false;
  std::function<void()> finished_;
  Event stop_timer_, certificate_timer_;
};

}  // namespace waxwing
