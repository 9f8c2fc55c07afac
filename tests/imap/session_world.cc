#include "tests/imap/session_world.h"

#include <cstdlib>

#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::imap {
namespace {

bool is_right(std::string_view user, std::string_view password) {
  return (user == "alice@example.test" && password == "secret-alice") ||
         (user == "bob@example.test" && password == "secret-bob");
}

TlsInfo some_tls() {
  TlsInfo tls;
  tls.version = "TLSv1.3";
  return tls;
}

class PlainExchange final : public SaslExchange {
 public:
  bool client_first() const override { return true; }
  Step respond(std::string_view message) override {
    Step step;
    const auto parts = split(message, '\0');
    if (parts.size() == 3 && is_right(parts[1], parts[2])) {
      step.kind = Step::Kind::Done;
      step.identity.address = parts[1];
    } else {
      step.error = {Error::Code::Denied, "wrong"};
    }
    return step;
  }
};

// Asks for the name, and has a last word to say, as SCRAM has.
class TalkativeExchange final : public SaslExchange {
 public:
  bool client_first() const override { return false; }
  Step respond(std::string_view message) override {
    Step step;
    if (asked_++ == 0) {
      step.kind = Step::Kind::Challenge;
      step.challenge = "Who?";
    } else {
      step.kind = Step::Kind::Done;
      step.identity.address = std::string(message);
      step.challenge = "v=proof";
    }
    return step;
  }

 private:
  int asked_ = 0;
};

}  // namespace

Result<Identity> FakeAuthenticator::password(const SignInContext&, std::string_view user,
                                             std::string_view password, std::string_view) {
  if (user == "busy") return fail(Error::Code::Temporary, "throttled");
  if (!is_right(user, password)) return fail(Error::Code::Denied, "wrong");
  Identity identity;
  identity.address = std::string(user);
  return identity;
}

std::vector<std::string> FakeAuthenticator::mechanisms(const Offer& offer) {
  if (!offer.clear_passwords_allowed) return {};
  return {"PLAIN", "TALK"};
}

Result<std::unique_ptr<SaslExchange>> FakeAuthenticator::start(const SignInContext&,
                                                               std::string_view mechanism,
                                                               const Offer&) {
  if (mechanism == "PLAIN") return std::make_unique<PlainExchange>();
  if (mechanism == "TALK") return std::make_unique<TalkativeExchange>();
  return fail(Error::Code::NotFound, "no such mechanism");
}

class SessionWorld::Client::Notices final : public Watcher {
 public:
  void moved(MailboxId mailbox, ModSeq) override { mailboxes.insert(mailbox); }
  std::set<MailboxId> mailboxes;
};

SessionWorld::Client::Client(SessionWorld& world, Peer peer, bool encrypted)
    : world_(world), notices_(std::make_shared<Notices>()) {
  session_ = make_session(std::move(peer), {world.settings, *world.store_, world.authenticator_,
                                            world.clock, notices_});
  if (encrypted) session_->encrypted(some_tls());
  session_->greet(output_);
  collect();
}

SessionWorld::Client::~Client() = default;

std::string SessionWorld::Client::say(std::string_view line) {
  return send(std::string(line) + "\r\n");
}

std::string SessionWorld::Client::send(std::string_view bytes) {
  hear();
  received_.clear();
  input_.append(bytes);
  if (!is_closed() && !wants_tls()) advance(session_->consume(input_, output_));
  return hear();
}

std::string SessionWorld::Client::hear() {
  while (next_.kind == Next::Kind::Bytes && !notices_->mailboxes.empty()) {
    const MailboxId mailbox = *notices_->mailboxes.begin();
    notices_->mailboxes.erase(mailbox);
    advance(session_->changed(mailbox, output_));
  }
  collect();
  return std::exchange(received_, {});
}

std::string SessionWorld::Client::read_on() {
  std::string part = output_.drain();
  if (next_.kind == Next::Kind::Work) advance(next_);
  return part;
}

void SessionWorld::Client::start_tls() {
  input_.clear();
  next_ = Next::bytes();
  session_->encrypted(some_tls());
}

std::string SessionWorld::Client::tick() {
  advance(session_->tick(output_));
  return hear();
}

void SessionWorld::Client::collect() {
  if (is_reading_) received_ += output_.drain();
}

void SessionWorld::Client::advance(Next next) {
  while (true) {
    collect();
    next_ = next;
    switch (next.kind) {
      case Next::Kind::Bytes:
      case Next::Kind::StartTls:
      case Next::Kind::Close: return;
      case Next::Kind::Compress:
      case Next::Kind::Plain: next = session_->consume(input_, output_); break;
      case Next::Kind::Work:
        last_lane_ = next.lane;
        for (;;) {
          ++runs_;
          const Progress progress = session_->run(output_);
          collect();
          if (progress == Progress::Done) break;
          if (progress == Progress::Again && !is_reading_) return;
        }
        next = session_->consume(input_, output_);
        break;
      case Next::Kind::Pause:
        paused_ += next.time;
        world_.clock.advance(next.time);
        session_->tick(output_);
        next = session_->consume(input_, output_);
        break;
    }
  }
}

SessionWorld::SessionWorld() {
  // What is written here is not meant to outlive anything, so memory is the right place for it.
  const char* place = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
  std::string name = std::string(place) + "/waxwing-imap-XXXXXX";
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
  directory_ = name;
  settings->hostname = "mail.example.test";
  waxwing::Store::Options options;
  options.data_dir = directory_.string();
  options.hostname = settings->hostname;
  options.quotas = &quotas_;
  auto store = waxwing::Store::open(options, disk_, clock);
  if (!store) throw std::runtime_error(store.error().text);
  store_ = std::move(*store);
}

SessionWorld::~SessionWorld() {
  store_->close();
  store_.reset();
  std::filesystem::remove_all(directory_);
}

Peer SessionWorld::loopback_peer() {
  Peer peer;
  peer.session_id = "s1";
  peer.address = IpAddress::v4({127, 0, 0, 1});
  peer.service = Service::Imap;
  peer.local_port = 143;
  peer.offers_starttls = true;
  return peer;
}

std::unique_ptr<SessionWorld::Client> SessionWorld::connect() {
  return connect(loopback_peer());
}

std::unique_ptr<SessionWorld::Client> SessionWorld::connect(Peer peer, bool encrypted) {
  return std::make_unique<Client>(*this, std::move(peer), encrypted);
}

std::unique_ptr<SessionWorld::Client> SessionWorld::sign_in() {
  auto client = connect();
  client->say("s1 LOGIN alice@example.test secret-alice");
  return client;
}

std::unique_ptr<SessionWorld::Client> SessionWorld::open_inbox() {
  auto client = sign_in();
  client->say("s2 SELECT INBOX");
  return client;
}

void SessionWorld::deliver(std::string_view text, const std::string& mailbox) {
  auto staged = store_->stage(text.size());
  if (!staged) throw std::runtime_error(staged.error().text);
  if (const auto written = (*staged)->append(text); !written) {
    throw std::runtime_error(written.error().text);
  }
  (*staged)->finish();
  const std::vector<waxwing::Store::Target> targets = {{"alice@example.test", mailbox, ""}};
  const auto delivered = store_->deliver(**staged, "", targets);
  if (!delivered) throw std::runtime_error(delivered.error().text);
}

void SessionWorld::deliver_many(int count) {
  for (int n = 1; n <= count; ++n) {
    deliver("Subject: number " + std::to_string(n) + "\r\n\r\nbody " + std::to_string(n) + "\r\n");
  }
}

std::shared_ptr<Mailbox> SessionWorld::mailbox(const std::string& name) {
  auto account = store_->account("alice@example.test");
  if (!account) throw std::runtime_error(account.error().text);
  auto mailbox = (*account)->mailbox(name);
  if (!mailbox) throw std::runtime_error(mailbox.error().text);
  return *mailbox;
}

int count(std::string_view text, std::string_view needle) {
  int found = 0;
  for (auto at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace waxwing::imap
