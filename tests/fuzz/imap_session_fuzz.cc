// Whatever a client sends, in pieces of any size, a session answers or says goodbye: it does not
// crash and does not wait for ever.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "protocols/imap/session.h"

using namespace waxwing;

namespace {

class Everybody final : public Authenticator {
 public:
  Result<Identity> password(const SignInContext&, std::string_view, std::string_view password,
                            std::string_view) override {
    if (password == "wrong") return fail(Error::Code::Denied, "wrong");
    Identity identity;
    identity.address = "alice@example.test";
    return identity;
  }
  std::vector<std::string> mechanisms(const Offer&) override { return {}; }
  Result<std::unique_ptr<SaslExchange>> start(const SignInContext&, std::string_view,
                                              const Offer&) override {
    return fail(Error::Code::NotFound, "none here");
  }
};

// One store for all runs: what one run leaves in it, the next one meets.
struct World {
  World() {
    const char* base = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    std::string name = std::string(base) + "/waxwing-fuzz-XXXXXX";
    if (!mkdtemp(name.data())) std::abort();
    directory = name;
    settings->hostname = "mail.example.test";
    settings->limits.message_size = 1 << 20;
    Store::Options options;
    options.data_dir = directory;
    options.hostname = settings->hostname;
    auto opened = Store::open(options, disk, clock);
    if (!opened) std::abort();
    store = std::move(*opened);
  }
  ~World() {
    store->close();
    store.reset();
    std::filesystem::remove_all(directory);
  }

  std::string directory;
  SystemDisk disk;
  FakeClock clock;
  Everybody authenticator;
  std::shared_ptr<Settings> settings = std::make_shared<Settings>();
  std::unique_ptr<Store> store;
};

// Does what the session asks for. False: it has closed.
bool advance(Session& session, Next next, Input& input, Output& output) {
  for (int steps = 0;; ++steps) {
    if (steps > 100'000) std::abort();
    switch (next.kind) {
      case Next::Kind::Bytes: return true;
      case Next::Kind::Close: return false;
      case Next::Kind::StartTls:
        input.clear();
        session.encrypted({});
        return true;
      case Next::Kind::Compress:
      case Next::Kind::Plain: next = session.consume(input, output); break;
      case Next::Kind::Pause:
        session.tick(output);
        next = session.consume(input, output);
        break;
      case Next::Kind::Work:
        for (int runs = 0; session.run(output) != Progress::Done; ++runs) {
          if (runs > 100'000) std::abort();
          output.drain();
        }
        next = session.consume(input, output);
        break;
    }
    output.drain();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static World world;
  if (size < 2) return 0;
  const std::size_t step = bytes[0] == 0 ? size : bytes[0];
  std::string script;
  if (bytes[1] & 1) script += "0 LOGIN alice x\r\n";
  if (bytes[1] & 2) script += "0 APPEND INBOX {20+}\r\nSubject: x\r\n\r\nbody\r\n\r\n";
  if (bytes[1] & 4) script += "0 SELECT INBOX\r\n";
  if (bytes[1] & 8) script += "0 ENABLE IMAP4rev2\r\n";
  script.append(reinterpret_cast<const char*>(bytes + 2), size - 2);

  Peer peer;
  peer.session_id = "fuzz";
  peer.address = IpAddress::v4({127, 0, 0, 1});
  peer.service = Service::Imap;
  peer.offers_starttls = true;
  const auto session = imap::make_session(
      peer, {world.settings, *world.store, world.authenticator, world.clock, {}});
  Input input;
  Output output;
  session->greet(output);
  bool is_open = true;
  for (std::size_t at = 0; at < script.size() && is_open; at += step) {
    input.append(std::string_view(script).substr(at, step));
    is_open = advance(*session, session->consume(input, output), input, output);
  }
  if (is_open) {
    input.end();
    advance(*session, session->consume(input, output), input, output);
  }
  return 0;
}
