#include "tests/transcripts/in_process.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "auth/authenticator.h"
#include "auth/directory.h"
#include "base/clock.h"
#include "config/load.h"
#include "daemon/intake.h"
#include "daemon/mail_router.h"
#include "daemon/stores.h"
#include "protocols/imap/session.h"
#include "protocols/pop3/session.h"
#include "protocols/session.h"
#include "protocols/smtp/session.h"
#include "storage/store.h"
#include "tests/drifting_clock.h"
#include "tests/transcripts/scratch.h"

namespace waxwing::transcripts {
namespace {

TlsInfo some_tls() {
  return {.version = "TLSv1.3",
          .cipher = "TLS_AES_256_GCM_SHA384",
          .server_name = "mail.example.test",
          .exporter = std::string(32, 'e'),
          .server_end_point = std::string(32, 'p')};
}

// Remembers which mailboxes moved until the session can be told.
class Noted final : public Watcher {
 public:
  void moved(MailboxId mailbox, ModSeq) override { mailboxes.insert(mailbox); }
  std::set<MailboxId> mailboxes;
};

// What daemon/connection does with a session, minus sockets, threads and time.
class InProcessWire final : public Wire {
 public:
  using Make = std::function<std::unique_ptr<Session>(std::weak_ptr<Watcher>)>;

  InProcessWire(const Make& make, DriftingClock& clock, Chunks chunks, Channel channel)
      : clock_(clock), chunks_(chunks), noted_(std::make_shared<Noted>()), session_(make(noted_)) {
    if (channel == Channel::Tls) session_->encrypted(some_tls());
    session_->greet(output_);
    collect();
  }

  void send(std::string_view bytes) override {
    const std::size_t step = chunks_ == Chunks::Whole ? bytes.size() : 1;
    while (!bytes.empty() && !closed_) {
      const auto piece = bytes.substr(0, step);
      bytes.remove_prefix(piece.size());
      input_.append(piece);
      if (next_.kind == Next::Kind::StartTls) continue;
      advance(session_->consume(input_, output_));
    }
  }

  std::optional<std::string> line() override {
    deliver_notices();
    const auto end = received_.find("\r\n");
    if (end == std::string::npos) {
      if (received_.empty()) return std::nullopt;
      return std::exchange(received_, {});
    }
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 2);
    return line;
  }

  bool is_closed() override { return closed_; }

  void close() override {
    input_.end();
    if (!closed_ && next_.kind == Next::Kind::Bytes) advance(session_->consume(input_, output_));
    closed_ = true;
    session_.reset();
  }

  void start_tls() override {
    if (next_.kind != Next::Kind::StartTls)
      throw std::runtime_error("the session does not start TLS now");
    next_ = Next::bytes();
    session_->encrypted(some_tls());
    advance(session_->consume(input_, output_));
  }

  // The session never sees a compressed byte.
  void compress() override {
    if (!has_agreed_to_compress_) throw std::runtime_error("the session does not compress");
  }

 private:
  // Does what the session waits for until it waits for the client.
  void advance(Next next) {
    for (;;) {
      collect();
      next_ = next;
      switch (next.kind) {
        case Next::Kind::Bytes: return;
        case Next::Kind::Work:
          while (session_->run(output_) != Progress::Done) collect();
          next = session_->consume(input_, output_);
          break;
        case Next::Kind::Pause:
          clock_.advance(next.time);
          next = session_->tick(output_);
          if (next.kind == Next::Kind::Bytes) next = session_->consume(input_, output_);
          break;
        case Next::Kind::StartTls: input_.clear(); return;
        case Next::Kind::Compress: has_agreed_to_compress_ = true; [[fallthrough]];
        case Next::Kind::Plain: next = session_->consume(input_, output_); break;
        case Next::Kind::Close: closed_ = true; return;
      }
    }
  }

  void deliver_notices() {
    while (!closed_ && next_.kind == Next::Kind::Bytes && !noted_->mailboxes.empty()) {
      const auto mailbox = *noted_->mailboxes.begin();
      noted_->mailboxes.erase(mailbox);
      advance(session_->changed(mailbox, output_));
    }
  }

  void collect() { received_ += output_.drain(); }

  DriftingClock& clock_;
  const Chunks chunks_;
  const std::shared_ptr<Noted> noted_;
  Input input_;
  Output output_;
  std::string received_;
  Next next_;
  bool closed_ = false;
  bool has_agreed_to_compress_ = false;
  std::unique_ptr<Session> session_;
};

class InProcessServer final : public Server {
 public:
  InProcessServer(const Transcript& transcript, Chunks chunks, Channel channel)
      : from_(transcript.from.value_or(IpAddress::v4({127, 0, 0, 1}))),
        chunks_(chunks),
        channel_(channel),
        scratch_(transcript, 0) {
    settings_ = must(load_settings(scratch_.config()));
    directory_ = must(Directory::open(scratch_.data_dir() + "/directory.sqlite", clock_));
    quotas_ = std::make_unique<Stores::AccountQuotas>(*directory_);
    store_ = must(Store::open({.data_dir = scratch_.data_dir(),
                               .hostname = settings_->hostname,
                               .durability = settings_->durability,
                               .free_space = settings_->limits.free_space,
                               .message_size = settings_->limits.message_size,
                               .quotas = quotas_.get()},
                              disk_, clock_));
    queue_ = must(Queue::open({.data_dir = scratch_.data_dir()}, disk_, clock_,
                              [settings = settings_](const std::string& address) {
                                return next_hop(*settings, address);
                              }));
    authenticator_ = Authenticator::make(*directory_, clock_);
    intake_ = std::make_unique<MailIntake>(*settings_, *store_, *directory_, *queue_, clock_);
    limits_ = std::make_unique<smtp::ClientLimits>(settings_->limits, clock_);
    clock_.drift = transcript.drift;
  }
  ~InProcessServer() override { store_->close(); }

  std::unique_ptr<Wire> connect(std::uint16_t port) override {
    const auto listener = std::find_if(settings_->ports.begin(), settings_->ports.end(),
                                       [&](const auto& each) { return each.port == port; });
    if (listener == settings_->ports.end())
      throw std::runtime_error("no such port: " + std::to_string(port));
    using Tls = Settings::Listener::Tls;
    const bool tls_first = listener->tls == Tls::Implicit || listener->tls == Tls::Auto;
    const Channel channel = tls_first ? Channel::Tls : channel_;
    Peer peer{.session_id = "s" + std::to_string(++connections_),
              .address = from_,
              .port = static_cast<std::uint16_t>(40000 + connections_),
              .local_address = IpAddress::v4({127, 0, 0, 1}),
              .local_port = port,
              .user_id = {},
              .service = service_of(listener->service),
              .offers_starttls = listener->tls == Tls::StartTls};
    const auto make = [&](std::weak_ptr<Watcher> watcher) {
      return make_session(peer, std::move(watcher));
    };
    return std::make_unique<InProcessWire>(make, clock_, chunks_, channel);
  }

  bool answers_at_once() const override { return true; }

 private:
  template <class T>
  static T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
  }

  static Service service_of(Settings::Listener::Service service) {
    switch (service) {
      case Settings::Listener::Service::Smtp: return Service::Smtp;
      case Settings::Listener::Service::Submission: return Service::Submission;
      case Settings::Listener::Service::Lmtp: return Service::Lmtp;
      case Settings::Listener::Service::Pop3: return Service::Pop3;
      case Settings::Listener::Service::Imap: return Service::Imap;
      case Settings::Listener::Service::Http: break;
    }
    throw std::runtime_error("this service has no sessions");
  }

  std::unique_ptr<Session> make_session(const Peer& peer, std::weak_ptr<Watcher> watcher) {
    switch (peer.service) {
      case Service::Smtp:
      case Service::Submission:
      case Service::Lmtp:
        return smtp::make_session(peer, {settings_, *intake_, *authenticator_, clock_, *limits_});
      case Service::Pop3:
        return pop3::make_session(
            peer, {settings_, *store_, *authenticator_, clock_, std::move(watcher)});
      case Service::Imap:
        return imap::make_session(
            peer, {settings_, *store_, *authenticator_, clock_, std::move(watcher)});
    }
    throw std::runtime_error("this service has no sessions");
  }

  const IpAddress from_;
  const Chunks chunks_;
  const Channel channel_;
  Scratch scratch_;
  DriftingClock clock_;
  SystemDisk disk_;
  std::shared_ptr<const Settings> settings_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Stores::AccountQuotas> quotas_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<MailIntake> intake_;
  std::unique_ptr<smtp::ClientLimits> limits_;
  int connections_ = 0;
};

}  // namespace

std::unique_ptr<Server> in_process(const Transcript& transcript, Chunks chunks, Channel channel) {
  return std::make_unique<InProcessServer>(transcript, chunks, channel);
}

}  // namespace waxwing::transcripts
