#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "daemon/outbound_connection.h"
#include "daemon/outbound_hosts.h"
#include "daemon/outbound_load.h"

namespace waxwing {

// Where a part of the mail goes: its servers, the connections to them, and what waits for one.
//
// How many connections there are at once, the servers decide: one more with each message that they
// take, half as many after one that fails. When none of them can be reached the destination is
// down: nobody asks there until a time that grows with each failure. Loop thread only.
class Destination {
 public:
  using Loads = std::vector<std::unique_ptr<OutboundLoad>>;
  // What all destinations share; outlives them.
  struct Host {
    Loop& loop;
    const Clock& clock;
    OutboundRouter& router;
    std::mt19937_64& random;
    std::function<std::shared_ptr<const Settings>()> settings;
    std::function<std::shared_ptr<const TlsClient>()> tls;
    // Asks for more loads; they come by take().
    std::function<void(Destination&)> fetch;
    // The attempt is over, or was none.
    std::function<void(Loads)> settle;
    // A message of the queue. On the loop: opening a file is no more than its server's connection
    // is.
    std::function<Result<Fd>(const std::string& id)> open;
    // There may be one more connection in all. Who is refused is woken when there may.
    std::function<bool(Destination&)> may_connect;
    std::function<void()> disconnected;
    OutboundConnection::Timing timing{};
    // How TLS went, for reports to the domain.
    std::function<void(TlsSession)> tls_session = nullptr;
  };

  Destination(Host& host, std::string name);
  ~Destination();

  const std::string& name() const { return name_; }
  // There are jobs for it in the queue.
  void notify();
  // What fetch() asked for; `all`: and that is all there is.
  void take(Loads loads, bool all);
  // Does whatever can be done now.
  void work();
  // Forgets that it is down, and which servers failed.
  void try_now();
  // Nothing new is begun. What was handed over and not answered yet is waited for.
  void stop();
  // Ends all at once.
  void abort();
  // One of its servers has taken mail, since this was made.
  bool has_worked() const { return has_worked_; }
  // It has no connection and waits for nothing.
  bool is_idle() const;
  bool has_connections() const { return !lines_.empty(); }

  struct Summary {
    std::string name;
    std::size_t connections = 0;
    std::string trouble;  // empty: none
    std::optional<Time> down_until;
  };
  Summary summary() const;

 private:
  using Clock_ = std::chrono::steady_clock;
  struct Candidate {
    std::size_t host = 0;
    IpAddress address;
    std::optional<Clock_::time_point> bad_until;
    bool is_plain = false;  // its TLS does not work, and need not
    bool is_unfit = false;  // it has not what REQUIRETLS demands
  };
  struct Line {
    enum class State { Connecting, Idle, Busy, Quitting } state = State::Connecting;
    std::unique_ptr<OutboundConnection> connection;
    std::size_t candidate = 0, route = 0;
    std::unique_ptr<OutboundLoad> load;
    std::vector<std::size_t> sent;  // recipients of the load, in the order of results
    int messages = 0;
    Clock_::time_point idle_since;
  };

  bool is_held() const;
  bool is_down() const { return down_until_ && Clock_::now() < *down_until_; }
  bool has_route();
  void found(std::size_t lookup, OutboundRoute route);
  std::optional<OutboundConnection::Failure> lack_of(const Line& line) const;
  void report(const Line& line, std::optional<TlsFault> fault, const std::string& reason);
  void refuse_all();
  void look_for_more();
  void settle_hopeless();
  bool connect();
  std::optional<std::size_t> choose() const;
  void serve(Line& line);
  void send(Line& line);
  void put_aside(Line& line, const smtp::Reply& reply, const std::string& host);
  void take_results(Line& line);
  void on_ready(Line& line);
  void on_failed(Line& line, const OutboundConnection::Failure& failure);
  void after_session(Line& line, const OutboundConnection::Failure& failure);
  void end(Line& line);
  void give_up();
  void finish(std::unique_ptr<OutboundLoad> load);
  void quit_idle();
  void arm();
  std::int64_t now() const { return unix_seconds(host_.clock.now()); }
  std::int64_t next_try(const OutboundLoad& load) const;
  std::size_t count(Line::State state) const;

  Host& host_;
  const std::string name_;
  const bool requires_tls_;  // RFC 8689 section 4.2.1
  std::deque<std::unique_ptr<OutboundLoad>> loads_;
  std::vector<std::unique_ptr<Line>> lines_, dead_;
  bool is_fetching_ = false, has_more_ = false, was_notified_ = false, is_stopping_ = false,
       has_worked_ = false;

  OutboundRoute route_;
  std::vector<Candidate> candidates_;
  std::optional<Clock_::time_point> route_until_;
  bool is_looking_up_ = false;
  std::size_t route_number_ = 0;  // connections of an earlier one say nothing of this

  std::size_t window_ = 2;
  std::uint32_t failures_ = 0;
  std::optional<Clock_::time_point> down_until_;
  smtp::Reply trouble_{0, "", ""};
  std::string trouble_host_;
  Event timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace waxwing
