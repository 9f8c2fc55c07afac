#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "protocols/smtp/session.h"

namespace waxwing::smtp {

// What most clients begin with.
inline const std::string kHello = "EHLO client.example\r\n";
inline const std::string kEnvelope =
    "MAIL FROM:<carol@far.example>\r\nRCPT TO:<alice@example.test>\r\n";

// A message that was accepted.
struct Kept {
  std::string sender;
  std::vector<std::string> recipients;
  std::string text;
  bool is_vouched_for = false;
};

// An intake in memory: alice and bob live at example.test, and only who is trusted may send to
// anybody else.
class FakeIntake final : public Intake {
 public:
  Reply check_sender(const Origin& origin, const MailEnvelope& envelope) override;
  Reply add_recipient(const Origin& origin, MailEnvelope& envelope,
                      EnvelopeRecipient recipient) override;
  Result<std::unique_ptr<Staged>> stage(std::uint64_t expected_size) override;
  bool knows_sender(const Origin&, std::string_view) const override { return knows_all; }
  bool knows_recipient(const Origin&, const std::string&) const override { return knows_all; }
  bool asks_network(const Origin& origin) const override;
  Findings examine(const Origin& origin, const MailEnvelope& envelope, Staged& message) override;
  Reply accept(const Origin& origin, const MailEnvelope& envelope, std::unique_ptr<Staged> message,
               const Findings& findings) override;

  std::vector<Kept> kept;
  bool disk_is_full = false;
  bool knows_all = false;           // without the disk
  bool has_network_checks = false;  // of strangers
  std::string unwanted;             // a message that contains it is refused
  std::size_t in_memory = Staged::kInMemory;
  std::size_t disk_writes = 0;  // appends that would have blocked
};

// PLAIN, LOGIN, and a mechanism TEST that ends like SCRAM, with a word of the server. alice's
// password is "secret-alice".
class FakeAuthenticator final : public Authenticator {
 public:
  Result<Identity> password(const SignInContext& context, std::string_view user,
                            std::string_view password, std::string_view mechanism) override;
  std::vector<std::string> mechanisms(const Offer& offer) override;
  Result<std::unique_ptr<SaslExchange>> start(const SignInContext& context,
                                              std::string_view mechanism,
                                              const Offer& offer) override;
};

enum class Chunks { Whole, Bytes };

// A server for one test, and what it does to one client at a time.
class World {
 public:
  World();

  Settings settings;
  Peer peer;
  bool tls_first = false;
  FakeClock clock;
  FakeIntake intake;
  FakeAuthenticator authenticator;
  std::unique_ptr<ClientLimits> limits;  // made at the first connection
};

// A connection without sockets, threads and time.
class Talker {
 public:
  Talker(World& world, Chunks chunks);
  ~Talker();

  // Sends the bytes; returns all that came back since the last call.
  std::string say(std::string_view bytes);
  // The same with CRLF.
  std::string line(std::string_view line) { return say(std::string(line) + "\r\n"); }
  void start_tls();
  std::string hang_up();
  bool is_closed() const { return closed_; }
  bool wants_tls() const { return next_.kind == Next::Kind::StartTls; }
  std::chrono::milliseconds paused() const { return paused_; }
  int works() const { return works_; }
  Session& session() { return *session_; }
  // The next work finds no worker.
  void no_worker() { no_worker_ = true; }

 private:
  void advance(Next next);

  World& world_;
  const Chunks chunks_;
  Input input_;
  Output output_;
  std::string received_;
  Next next_;
  bool closed_ = false;
  bool no_worker_ = false;
  std::chrono::milliseconds paused_{0};
  int works_ = 0;
  std::unique_ptr<Session> session_;
};

// What a fresh server answers to these bytes behind its greeting, told whole and byte by byte: the
// test fails where the two differ. `prepare` sets up the world, `look` sees it afterwards.
struct Play {
  std::function<void(World&)> prepare = [](World&) {};
  std::function<void(World&, Talker&)> look = [](World&, Talker&) {};
};
std::string answer_to(std::string_view bytes, const Play& play = {});

// The codes alone, one for each reply: "250 250 354 250".
std::string codes_of(std::string_view answer);
inline std::string codes(std::string_view bytes, const Play& play = {}) {
  return codes_of(answer_to(bytes, play));
}

}  // namespace waxwing::smtp
