#include "tests/smtp/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing::smtp {
namespace {

class FakeStaged final : public Staged {
 public:
  explicit FakeStaged(FakeIntake& intake) : intake_(intake) {}
  Outcome append(std::string_view bytes) override {
    if (!fits_in_memory(bytes.size())) ++intake_.disk_writes;
    text_ += bytes;
    return {};
  }
  std::uint64_t size() const override { return text_.size(); }
  bool fits_in_memory(std::size_t more) const override {
    return text_.size() + more <= intake_.in_memory;
  }
  const mail::Message& finish() override { return message_; }
  Result<std::string> read(std::uint64_t offset, std::size_t size) const override {
    return text_.substr(offset, size);
  }

 private:
  FakeIntake& intake_;
  std::string text_;
  mail::Message message_;
};

SaslExchange::Step failed(Error::Code code) {
  return {.kind = SaslExchange::Step::Kind::Failed, .error = {code, ""}};
}
SaslExchange::Step challenge(std::string text) {
  return {.kind = SaslExchange::Step::Kind::Challenge, .challenge = std::move(text)};
}
SaslExchange::Step check(std::string_view user, std::string_view password,
                         std::string last_word = {}) {
  if (user == "busy") return failed(Error::Code::Temporary);
  if (user != "alice@example.test" || password != "secret-alice")
    return failed(Error::Code::Denied);
  return {.kind = SaslExchange::Step::Kind::Done,
          .challenge = std::move(last_word),
          .identity = {.id = 1, .address = "alice@example.test"}};
}

class FakePlain final : public SaslExchange {
 public:
  explicit FakePlain(std::string last_word) : last_word_(std::move(last_word)) {}
  bool client_first() const override { return true; }
  Step respond(std::string_view message) override {
    const auto pieces = split(message, '\0');
    if (pieces.size() != 3) return failed(Error::Code::Invalid);
    return check(pieces[1], pieces[2], last_word_);
  }

 private:
  std::string last_word_;
};

class FakeLogin final : public SaslExchange {
 public:
  bool client_first() const override { return false; }
  Step respond(std::string_view message) override {
    if (!user_.empty()) return check(user_, message);
    if (message.empty()) return challenge("Username:");
    user_ = message;
    return challenge("Password:");
  }

 private:
  std::string user_;
};

}  // namespace

Reply FakeIntake::check_sender(const Origin& origin, const MailEnvelope& envelope) {
  if (disk_is_full) return {452, "4.3.1", "full"};
  if (origin.identity && !envelope.sender.empty() && envelope.sender != origin.identity->address) {
    return {553, "5.7.1", "not yours"};
  }
  return {250, "2.1.0", "ok"};
}

Reply FakeIntake::add_recipient(const Origin& origin, MailEnvelope& envelope,
                                EnvelopeRecipient recipient) {
  const std::string& address = recipient.address;
  if (address != "postmaster") {
    const auto parsed = mail::parse_address(address);
    const bool is_here = parsed && parsed->domain == "example.test";
    if (!is_here && !origin.is_trusted) return {550, "5.7.1", "Relaying denied"};
    if (is_here && parsed->local != "alice" && parsed->local != "bob")
      return {550, "5.1.1", "unknown"};
  }
  envelope.recipients.push_back(std::move(recipient));
  return {250, "2.1.5", "ok"};
}

Result<std::unique_ptr<Staged>> FakeIntake::stage(std::uint64_t) {
  if (disk_is_full) return fail(Error::Code::NoSpace, "full");
  return std::make_unique<FakeStaged>(*this);
}

bool FakeIntake::asks_network(const Origin& origin) const {
  return has_network_checks && !origin.identity;
}

Findings FakeIntake::examine(const Origin&, const MailEnvelope&, Staged& message) {
  Findings findings;
  const auto text = *message.read(0, message.size());
  if (!unwanted.empty() && text.find(unwanted) != std::string::npos)
    findings.refusal = Reply{554, "5.7.1", "unwanted"};
  return findings;
}

Reply FakeIntake::accept(const Origin& origin, const MailEnvelope& envelope,
                         std::unique_ptr<Staged> message, const Findings& findings) {
  if (findings.refusal) return *findings.refusal;
  Kept one{envelope.sender, {}, *message->read(0, message->size())};
  for (const auto& each : envelope.recipients) one.recipients.push_back(each.address);
  one.is_vouched_for = origin.is_vouched_for;
  kept.push_back(std::move(one));
  return {250, "2.0.0", "kept"};
}

Result<Identity> FakeAuthenticator::password(const SignInContext&, std::string_view,
                                             std::string_view, std::string_view) {
  return fail(Error::Code::Denied, "SMTP has no such command");
}

std::vector<std::string> FakeAuthenticator::mechanisms(const Offer& offer) {
  if (!offer.clear_passwords_allowed) return {"TEST"};
  return {"TEST", "PLAIN", "LOGIN"};
}

Result<std::unique_ptr<SaslExchange>> FakeAuthenticator::start(const SignInContext&,
                                                               std::string_view mechanism,
                                                               const Offer& offer) {
  const auto offered = mechanisms(offer);
  if (std::find(offered.begin(), offered.end(), mechanism) == offered.end()) {
    return fail(Error::Code::NotFound, "not offered");
  }
  if (mechanism == "LOGIN") return std::make_unique<FakeLogin>();
  return std::make_unique<FakePlain>(mechanism == "TEST" ? "proof" : "");
}

World::World() {
  settings.hostname = "mail.example.test";
  peer.session_id = "s1";
  peer.address = IpAddress::v4({192, 0, 2, 7});
  peer.local_address = IpAddress::v4({192, 0, 2, 1});
  peer.offers_starttls = true;
}

Talker::Talker(World& world, Chunks chunks) : world_(world), chunks_(chunks) {
  if (!world.limits) {
    world.limits = std::make_unique<ClientLimits>(world.settings.limits, world.clock);
  }
  session_ =
      make_session(world.peer, {std::make_shared<const Settings>(world.settings), world.intake,
                                world.authenticator, world.clock, *world.limits});
  if (world.tls_first)
    session_->encrypted({.version = "TLSv1.3", .cipher = "TLS_AES_128_GCM_SHA256"});
  session_->greet(output_);
}

Talker::~Talker() = default;

std::string Talker::say(std::string_view bytes) {
  const std::size_t step = chunks_ == Chunks::Whole ? 64 * 1024 : 1;
  while (!bytes.empty() && !closed_) {
    const auto piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    input_.append(piece);
    if (!wants_tls()) advance(session_->consume(input_, output_));
  }
  received_ += output_.drain();
  return std::exchange(received_, {});
}

void Talker::start_tls() {
  session_->encrypted({.version = "TLSv1.3", .cipher = "TLS_AES_128_GCM_SHA256"});
  input_.clear();
  next_ = Next::bytes();
}

std::string Talker::hang_up() {
  input_.end();
  if (!closed_) advance(session_->consume(input_, output_));
  received_ += output_.drain();
  return std::exchange(received_, {});
}

void Talker::advance(Next next) {
  for (;;) {
    next_ = next;
    switch (next.kind) {
      case Next::Kind::Bytes:
      case Next::Kind::StartTls:
      case Next::Kind::Compress:
      case Next::Kind::Plain: return;
      case Next::Kind::Close: closed_ = true; return;
      case Next::Kind::Pause:
        paused_ += next.time;
        world_.clock.advance(next.time);
        next = session_->tick(output_);
        if (next.kind == Next::Kind::Bytes) next = session_->consume(input_, output_);
        break;
      case Next::Kind::Work:
        ++works_;
        if (std::exchange(no_worker_, false)) {
          next = session_->overloaded(output_);
          break;
        }
        while (session_->run(output_) != Progress::Done) received_ += output_.drain();
        next = session_->consume(input_, output_);
        break;
    }
  }
}

std::string answer_to(std::string_view bytes, const Play& play) {
  std::string answers[2];
  for (const auto chunks : {Chunks::Whole, Chunks::Bytes}) {
    World world;
    play.prepare(world);
    Talker client(world, chunks);
    const auto answer = client.say(bytes);
    EXPECT_EQ(answer.substr(0, 4), "220 ");
    answers[static_cast<int>(chunks)] = answer.substr(answer.find("\r\n") + 2);
    play.look(world, client);
  }
  EXPECT_EQ(answers[0], answers[1]) << "byte by byte is not as whole";
  return answers[0];
}

std::string codes_of(std::string_view answer) {
  std::string codes;
  for (const auto line : split(answer, '\n')) {
    if (line.size() < 4 || line[3] != ' ') continue;
    if (!codes.empty()) codes += ' ';
    codes += line.substr(0, 3);
  }
  return codes;
}

}  // namespace waxwing::smtp
