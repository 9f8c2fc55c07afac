#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/session.h"
#include "storage/store.h"
#include "tests/drifting_clock.h"

namespace waxwing::imap {

// Knows alice and bob, and no argon2.
class FakeAuthenticator final : public Authenticator {
 public:
  Result<Identity> password(const SignInContext& context, std::string_view user,
                            std::string_view password, std::string_view mechanism) override;
  std::vector<std::string> mechanisms(const Offer& offer) override;
  Result<std::unique_ptr<SaslExchange>> start(const SignInContext& context,
                                              std::string_view mechanism,
                                              const Offer& offer) override;
};

// A real store in a directory of its own, and sessions over it without sockets, threads and time.
class SessionWorld {
 public:
  SessionWorld();
  ~SessionWorld();

  // One connection; does what daemon/connection does.
  class Client {
   public:
    Client(SessionWorld& world, Peer peer, bool encrypted);
    ~Client();

    // Sends a line and returns all that the server says to it, told notices included.
    std::string say(std::string_view line);
    std::string send(std::string_view bytes);
    // What has come without asking: after another client's doing.
    std::string hear();
    // Leaves what the server says unread from now on, so that the output fills up.
    void stop_reading() { is_reading_ = false; }
    // What is there to read; then the session goes on until it waits again.
    std::string read_on();
    void start_tls();
    std::string tick();

    bool is_closed() const { return next_.kind == Next::Kind::Close; }
    bool wants_tls() const { return next_.kind == Next::Kind::StartTls; }
    int runs() const { return runs_; }  // how often a worker was needed
    std::optional<Lane> last_lane() const { return last_lane_; }
    Session& session() { return *session_; }
    std::chrono::milliseconds paused() const { return paused_; }

   private:
    class Notices;
    void advance(Next next);
    void collect();

    SessionWorld& world_;
    std::shared_ptr<Notices> notices_;
    std::unique_ptr<Session> session_;
    Input input_;
    Output output_;
    std::string received_;
    Next next_;
    bool is_reading_ = true;
    int runs_ = 0;
    std::optional<Lane> last_lane_;
    std::chrono::milliseconds paused_{0};
  };

  std::unique_ptr<Client> connect();
  std::unique_ptr<Client> connect(Peer peer, bool encrypted = false);
  // Signed in as alice.
  std::unique_ptr<Client> sign_in();
  // Signed in, INBOX selected.
  std::unique_ptr<Client> open_inbox();
  static Peer loopback_peer();

  // Puts messages into a mailbox of alice's.
  void deliver(std::string_view text, const std::string& mailbox = "INBOX");
  void deliver_many(int count);
  std::shared_ptr<Mailbox> mailbox(const std::string& name = "INBOX");

  waxwing::Store& store() { return *store_; }
  QuotaLimits limits;  // of everybody
  DriftingClock clock;
  std::shared_ptr<Settings> settings = std::make_shared<Settings>();

 private:
  class SameForAll final : public Quotas {
   public:
    explicit SameForAll(const QuotaLimits& limits) : limits_(limits) {}
    Result<QuotaLimits> limits(std::string_view) override { return limits_; }

   private:
    const QuotaLimits& limits_;
  };

  std::filesystem::path directory_;
  SameForAll quotas_{limits};
  SystemDisk disk_;
  FakeAuthenticator authenticator_;
  std::unique_ptr<waxwing::Store> store_;
};

// How many times `needle` is in `text`.
int count(std::string_view text, std::string_view needle);

}  // namespace waxwing::imap
