// Whatever a client sends, in whatever pieces: a session holds a bounded part of it, answers in
// whole lines without NUL, and removes nothing unless the client has said DELE and QUIT.

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "protocols/pop3/line_reader.h"
#include "protocols/pop3/session.h"
#include "tests/pop3/world.h"

namespace {

using namespace waxwing;

void check(bool promise) {
  if (!promise) std::abort();
}

// Does what a connection does until the session waits for bytes or ends; false when it has ended.
bool advance(Session& session, Input& input, Output& output, std::string& answers) {
  for (;;) {
    Next next = session.consume(input, output);
    if (next.kind == Next::Kind::Work) {
      while (session.run(output) != Progress::Done) answers += output.drain();
    } else if (next.kind == Next::Kind::Pause) {
      session.tick(output);
    }
    answers += output.drain();
    if (next.kind == Next::Kind::StartTls) {
      input.clear();
      session.encrypted({});
    }
    if (next.kind == Next::Kind::Close) return false;
    if (next.kind == Next::Kind::Bytes) return true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 64 * 1024) return 0;
  pop3::FakeStore store;
  pop3::FakeAuthenticator authenticator;
  FakeClock clock;
  for (Uid uid = 1; uid <= 3; ++uid) {
    store.alice->inbox->add(uid, std::string("A: b\r\n\r\n.\0\r\nx\n.", 15));
  }
  const auto settings = std::make_shared<Settings>();
  Peer peer;
  peer.address = IpAddress::v4({127, 0, 0, 1});
  peer.service = Service::Pop3;
  peer.offers_starttls = true;
  peer.only_starttls = data[0] & 1;
  const std::size_t step = 1 + data[0] / 2;

  const auto session = pop3::make_session(peer, {settings, store, authenticator, clock, {}});
  Input input;
  Output output;
  std::string answers;
  session->greet(output);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Most runs begin where the commands are.
  if (!peer.only_starttls) input.append("USER alice\r\nPASS  sec ret\r\n");
  bool is_open = advance(*session, input, output, answers);
  while (is_open && !bytes.empty()) {
    input.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    is_open = advance(*session, input, output, answers);
    check(input.size() < pop3::kMaxSignInLine + 256);
  }
  check(answers.find('\0') == std::string::npos);
  check(answers.empty() || answers.ends_with("\r\n"));
  if (store.alice->inbox->files.size() < 3) {
    const std::string said = to_upper(std::string(reinterpret_cast<const char*>(data), size));
    check(said.find("DELE") != std::string::npos && said.find("QUIT") != std::string::npos);
  }
  return 0;
}
