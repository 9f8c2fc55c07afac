#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/certificates.h"
#include "daemon/compression.h"
#include "daemon/first_bytes.h"
#include "daemon/lanes.h"
#include "daemon/loop.h"
#include "daemon/sender.h"
#include "daemon/transport.h"
#include "daemon/wakeups.h"
#include "protocols/proxy_header.h"
#include "protocols/session.h"

namespace waxwing {

// How long things may take that no session decides. Tests make them short.
struct Timing {
  using ms = std::chrono::milliseconds;
  ms silence_auto{3000};      // 995: then the greeting comes in clear
  ms silence_implicit{5000};  // 465, 993: then the line that explains
  ms second_chance{1000};     // a STARTTLS port, after a ClientHello came there
  ms hello_memory{std::chrono::minutes(10)};
  ms handshake{30'000};
  ms queue{20'000};       // for a worker
  ms stalled{300'000};    // a client that takes nothing of its answer
  ms linger{2000};        // for a client to read our last words
  ms stop{10'000};        // for sessions to end when the daemon stops
  ms certificates{5000};  // between two looks at the certificate files
};

// What `waxwing who` shows.
struct SessionSummary {
  std::string id, service, address, user, tls;
  std::uint16_t port = 0;
  std::int64_t since = 0;  // Unix seconds
};

// One client: its socket, its timers, and the session that talks through them. Loop thread only,
// but for the session while a worker runs it. It moves bytes and time and knows no protocol.
//
// The invariant that everything here serves: the session, input_ and output_ are touched by the
// loop in every phase but Working, and by one worker in that phase only. So a connection that dies
// while a worker has it stays until the worker is done.
class Connection {
 public:
  using SessionFactory =
      std::function<std::unique_ptr<Session>(const Peer&, std::weak_ptr<Watcher>)>;

  struct Accepted {
    std::uint64_t number = 0;
    Fd socket;
    Peer peer;  // without what the first bytes decide
    Settings::Listener::Tls tls = Settings::Listener::Tls::StartTls;
    std::string client;  // whose it is counted as: IpAddress::client_key(); empty: nobody's yet
    // It comes from a balancer, which says with a PROXY header for whom: then client is empty.
    bool needs_introduction = false;
    std::chrono::seconds login_timeout{180};
    SessionFactory make_session;
  };

  // What the connections of one loop share. Outlives them all.
  struct Host {
    Loop& loop;
    Lanes& lanes;
    HelloMemory& hellos;
    const Timing& timing;
    std::function<std::shared_ptr<const Certificates>()> certificates;
    // Counts who has been introduced, as accepted.client; or the last words for who is not welcome.
    std::function<std::optional<std::string>(Accepted&)> admit;
    std::function<void(std::uint64_t)> wake;    // pump() of that connection, if it still lives
    std::function<void(std::uint64_t)> closed;  // may be destroyed, but not before this returns
  };

  Connection(Host& host, Accepted accepted);
  ~Connection();

  void start();
  // Does whatever can be done now.
  void pump();
  // The protocol's goodbye as soon as no command is running, then the end. AfterMessage: nor a
  // message coming in.
  enum class Ending { Now, AfterMessage };
  void end(std::string reason, Ending ending = Ending::Now);
  // The same if this user has signed in here; or does so soon, with what was right a moment ago.
  void revoke(const std::string& user, const std::string& reason);
  // The end, now.
  void abort();

  SessionSummary summary() const;
  const std::string& user() const { return user_; }
  const std::string& client() const { return accepted_.client; }

 private:
  using Steady = std::chrono::steady_clock;
  enum class Phase {
    Introducing,  // waits for a balancer's PROXY header
    Sniffing,     // waits for the first bytes, or for a while
    Handshaking,  // TLS
    Talking,      // the session waits for bytes
    Working,      // a worker has the session
    Full,         // the session wants to go on when the client has read what there is
    Pausing,      // the session wants its tick
    Upgrading,    // sends the reply to STARTTLS or the like, then does it
    Closing,      // sends what is left
    Lingering,    // has said everything, and lets the client read it
    Dead,
  };

  void enter(Phase phase);
  void on_readable();
  void on_timer();
  void introduce();
  void introduced();
  void refuse_balancer(const char* fault);
  void welcome();
  void sniff();
  void open(Opening opening);
  void start_tls();
  void upgrade();
  void start_compression();
  void end_compression();
  void shake_hands();
  void begin_session();
  void read_input();
  Transport::Moved receive(std::span<char> space);
  bool has_pending() const;
  void note_hello();
  void linger();

  // Steps of pump(); each says whether it did anything.
  bool step();
  bool send_some();
  bool send_share();
  void take_output();
  void note_user();
  bool talk();
  void follow(Next next);
  void submit(Lane lane);
  void overloaded();
  void ran(std::optional<Progress> progress);
  bool is_time_for_goodbye() const;
  void say_goodbye();

  bool may_read() const;
  bool is_stranger() const { return user_.empty(); }
  std::optional<Steady::time_point> deadline() const;
  Steady::time_point reading_ends() const;
  Steady::time_point patience_ends() const;
  Steady::time_point talking_deadline() const;
  void arm();
  void debug(std::string_view event, std::string_view reason = {}) const;

  Host& host_;
  Accepted accepted_;
  Peer& peer_;
  Transport transport_;
  Sender sender_;
  std::unique_ptr<ProxyHeader> header_;  // while it is read
  std::unique_ptr<Inflater> inflater_;   // once the client compresses
  Input input_;
  Output output_;
  std::shared_ptr<Wakeups> wakeups_;
  std::unique_ptr<Session> session_;
  std::string user_, tls_;
  std::deque<std::string> revoked_;  // accounts that changed before anybody signed in here

  Phase phase_ = Phase::Sniffing;
  Lane lane_ = Lane::Storage;
  Lanes::Ticket ticket_ = 0;
  std::optional<std::string> goodbye_;
  Ending ending_ = Ending::Now;
  std::chrono::milliseconds pause_{0};
  bool due_ = false;                           // there may be something for consume()
  Next::Kind upgrade_ = Next::Kind::StartTls;  // what Upgrading leads to
  bool heard_ = false;                         // the client has said something in clear
  bool write_blocked_ = false;
  bool read_blocked_ = false;  // until the socket takes what TLS has to say
  bool pumping_ = false;
  bool doomed_ = false;  // dies when its worker is done
  bool queued_too_long_ = false;

  Steady::time_point accepted_at_, stranger_since_, phase_since_, heard_at_, said_at_, armed_for_;
  Steady::time_point unread_since_;  // when there began to be something to send
  std::int64_t since_;
  Event readable_, writable_, timer_;
};

}  // namespace waxwing
