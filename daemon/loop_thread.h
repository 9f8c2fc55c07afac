#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "daemon/connection.h"

namespace waxwing {

// An event loop on a thread of its own, with the connections that live there. Any thread.
class LoopThread {
 public:
  struct Shared {
    Lanes& lanes;
    HelloMemory& hellos;
    const Timing& timing;
    std::function<std::shared_ptr<const Certificates>()> certificates;
    std::function<std::optional<std::string>(Connection::Accepted&)> admit;  // any thread
    std::function<void(const std::string& client)> left;  // a connection is gone; any thread
  };
  explicit LoopThread(Shared shared);
  // All connections have to be gone, or end here and now.
  ~LoopThread();

  void adopt(Connection::Accepted accepted);
  std::size_t count() const { return count_; }

  // True when the loop has turned over since the last call. From one thread only.
  bool has_turned();
  // Does not wait.
  void kick_user(const std::string& user, const std::string& reason);

  // These wait for the loop's answer: not from the loop's own thread.
  std::vector<SessionSummary> sessions();
  // How many sessions are ending because of it.
  std::size_t kick(const std::string& session_id, const std::string& reason);
  // Who brings a message may finish it.
  std::size_t kick_all(const std::string& reason);
  // Ends what is left without a word.
  void abort_all();

 private:
  using Chooses = std::function<bool(const Connection&)>;
  // On the loop.
  std::size_t end_those(const Chooses& chooses, const std::string& reason,
                        Connection::Ending ending = Connection::Ending::Now);
  template <class T>
  T ask(const std::function<T()>& question);
  void close(std::uint64_t number);

  Loop loop_;
  Connection::Host host_;
  std::function<void(const std::string&)> left_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> dead_;
  std::atomic<std::size_t> count_ = 0;
  std::atomic<bool> turned_ = true;
  std::thread thread_;
};

}  // namespace waxwing
