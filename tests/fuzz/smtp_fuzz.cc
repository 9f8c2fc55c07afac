#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "protocols/smtp/session.h"

// A client that says anything. What is answered is made of replies as RFC 5321 writes them, is the
// same however the bytes arrive, and no message that is kept holds a CR or LF alone.

namespace {

using namespace waxwing;
using namespace waxwing::smtp;

class AnyStaged final : public Staged {
 public:
  Outcome append(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::uint64_t size() const override { return text.size(); }
  bool fits_in_memory(std::size_t more) const override { return text.size() + more < 100; }
  const mail::Message& finish() override { return message_; }
  Result<std::string> read(std::uint64_t offset, std::size_t size) const override {
    return text.substr(offset, size);
  }
  std::string text;

 private:
  mail::Message message_;
};

class AnyIntake final : public Intake {
 public:
  Reply check_sender(const Origin&, const MailEnvelope& envelope) override {
    if (envelope.sender.find_first_of("\r\n") != std::string::npos) std::abort();
    return {250, "2.1.0", "ok"};
  }
  Reply add_recipient(const Origin&, MailEnvelope& envelope, EnvelopeRecipient recipient) override {
    if (recipient.address.find_first_of("\r\n") != std::string::npos) std::abort();
    envelope.recipients.push_back(std::move(recipient));
    return {250, "2.1.5", "ok"};
  }
  Result<std::unique_ptr<Staged>> stage(std::uint64_t) override {
    return std::make_unique<AnyStaged>();
  }
  // Both ways, as the client calls itself.
  bool asks_network(const Origin& origin) const override { return origin.helo.size() % 2 == 1; }
  Findings examine(const Origin&, const MailEnvelope&, Staged&) override { return {}; }
  Reply accept(const Origin&, const MailEnvelope& envelope, std::unique_ptr<Staged> message,
               const Findings&) override {
    const auto text = *message->read(0, message->size());
    if (envelope.recipients.empty()) std::abort();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) std::abort();
      if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) std::abort();
    }
    kept += text + "|";
    return {250, "2.0.0", "kept"};
  }
  std::string kept;
};

class AnyExchange final : public SaslExchange {
 public:
  bool client_first() const override { return true; }
  Step respond(std::string_view message) override {
    Step step;
    if (message.empty()) return step;
    step.kind = message.front() == 'c' ? Step::Kind::Challenge : Step::Kind::Done;
    step.challenge = message.substr(1);
    step.identity.address = "alice@example.test";
    return step;
  }
};

class AnyAuthenticator final : public Authenticator {
 public:
  Result<Identity> password(const SignInContext&, std::string_view, std::string_view,
                            std::string_view) override {
    return fail(Error::Code::Denied, "");
  }
  std::vector<std::string> mechanisms(const Offer&) override { return {"PLAIN"}; }
  Result<std::unique_ptr<SaslExchange>> start(const SignInContext&, std::string_view mechanism,
                                              const Offer&) override {
    if (mechanism != "PLAIN") return fail(Error::Code::NotFound, "");
    return std::make_unique<AnyExchange>();
  }
};

struct Heard {
  std::string answers, kept;
  bool operator==(const Heard&) const = default;
};

Heard talk(std::string_view bytes, std::size_t step) {
  FakeClock clock;
  auto settings = std::make_shared<Settings>();
  settings->hostname = "mail.example.test";
  settings->limits.message_size = 2000;
  AnyIntake intake;
  AnyAuthenticator authenticator;
  ClientLimits limits(settings->limits, clock);
  Peer peer;
  peer.address = IpAddress::v4({127, 0, 0, 1});
  if (bytes.starts_with("LHLO")) peer.service = Service::Lmtp;
  const auto session = make_session(peer, {settings, intake, authenticator, clock, limits});

  Input input;
  Output output;
  Heard heard;
  session->greet(output);
  for (bool open = true; open && !bytes.empty();) {
    input.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (Next next = session->consume(input, output); open && next.kind != Next::Kind::Bytes;) {
      switch (next.kind) {
        case Next::Kind::Work:
          while (session->run(output) != Progress::Done) heard.answers += output.drain();
          break;
        case Next::Kind::Pause: session->tick(output); break;
        case Next::Kind::Bytes: break;
        case Next::Kind::StartTls:
        case Next::Kind::Compress:
        case Next::Kind::Plain:
        case Next::Kind::Close: open = false; break;
      }
      heard.answers += output.drain();
      if (open) next = session->consume(input, output);
    }
  }
  heard.answers += output.drain();
  heard.kept = intake.kept;
  return heard;
}

void check_replies(std::string_view answers) {
  for (auto line : split(answers, '\n')) {
    if (line.empty()) continue;
    if (line.size() < 5 || line.back() != '\r' || line[0] < '2' || line[0] > '5') std::abort();
    if (!is_digit(line[1]) || !is_digit(line[2]) || (line[3] != ' ' && line[3] != '-'))
      std::abort();
    for (const char c : line.substr(0, line.size() - 1)) {
      if (c < ' ' || c > '~') std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  log.configure(Log::Level::Error, Log::Format::Text);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] % 32 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto heard = talk(bytes, step);
  check_replies(heard.answers);
  if (heard != talk(bytes, 32 * 1024)) std::abort();
  return 0;
}
