#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocols/session.h"

namespace waxwing::test {

// A gate that workers wait at, and a place where sessions leave what a test wants to know.
class Stage {
 public:
  // A worker comes to the gate and stays until it is opened.
  void pass();
  void open();
  void await_arrivals(int count);

  void remember(std::weak_ptr<Watcher> watcher);
  // Tells every living session that a mailbox moved.
  void moved(MailboxId mailbox);

  std::chrono::seconds idle{600}, keep_alive{0};
  // Bytes that BIG made, that the client took, and how far the first was ever ahead of the second.
  std::atomic<std::uint64_t> made = 0, taken = 0, most_ahead = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrivals_ = 0;
  std::vector<std::weak_ptr<Watcher>> watchers_;
};

// The smallest protocol that uses everything a connection offers. It greets with "hello" and
// answers one line to each line; see answer().
class EchoSession final : public Session {
 public:
  EchoSession(Stage& stage, Peer peer) : stage_(stage), peer_(std::move(peer)) {}

  void greet(Output& output) override;
  Next consume(Input& input, Output& output) override;
  Progress run(Output& output) override;
  Next changed(MailboxId mailbox, Output& output) override;
  Next tick(Output& output) override;
  void encrypted(const TlsInfo& tls) override { tls_ = tls; }
  void goodbye(std::string_view reason, Output& output) override;
  void timed_out(Output& output) override { output << "too slow\r\n"; }
  Next overloaded(Output& output) override;
  std::chrono::seconds idle_timeout() const override { return stage_.idle; }
  std::chrono::seconds keep_alive() const override { return stage_.keep_alive; }
  std::size_t input_limit() const override { return 4096; }
  const std::string& user() const override { return user_; }

 private:
  Next answer(const std::string& line, Output& output);

  Stage& stage_;
  Peer peer_;
  TlsInfo tls_;
  std::string user_, work_, argument_;
  std::uint64_t left_ = 0;
};

}  // namespace waxwing::test
