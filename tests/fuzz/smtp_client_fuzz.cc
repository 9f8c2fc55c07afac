// Whatever a server says, in whatever pieces: our client ends, answers nothing but commands, and
// gives a recipient one result.

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "protocols/smtp/client.h"

namespace {

using namespace waxwing;
using Kind = smtp::Client::Step::Kind;

std::shared_ptr<const Fd> message() {
  static const auto file = [] {
    Fd made(memfd_create("message", 0));
    constexpr std::string_view kText = "Subject: s\r\n\r\n.dot\r\n";
    if (write(made.get(), kText.data(), kText.size()) < 0) std::abort();
    return std::make_shared<const Fd>(std::move(made));
  }();
  return file;
}

smtp::Consignment consignment() {
  smtp::Consignment made;
  made.sender = "alice@example.test";
  made.recipients = {{.address = "a@x.example"}, {.address = "b@x.example"}};
  made.file = message();
  made.size = 20;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] % 32 + 1;
  const bool lmtp = data[1] & 1, signs_in = data[1] & 2;
  smtp::Client client({.hostname = "mail.example.test",
                       .use_tls = (data[1] & 4) != 0,
                       .user = signs_in ? "user" : "",
                       .password = signs_in ? "password" : "",
                       .clear_password = true,
                       .lmtp = lmtp});
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  Input input;
  Output output;
  int sent = 0;
  while (true) {
    const auto part = rest.substr(0, piece);
    rest.remove_prefix(part.size());
    input.append(part);
    if (part.empty()) input.end();
    const auto step = client.consume(input, output);
    if (step.kind == Kind::Failed || step.kind == Kind::Close) break;
    if (step.kind == Kind::StartTls) {
      input.clear();
      client.encrypted({.version = "TLSv1.3"});
      client.hello_again(output);
    }
    if (step.kind == Kind::Ready) {
      if (sent > 0 && client.results().size() != 2) std::abort();
      if (client.wants_to_write()) std::abort();
      if (++sent > 5) {
        client.quit(output);
      } else {
        client.send(consignment(), output);
      }
    }
    while (client.wants_to_write()) {
      if (!client.write(output)) std::abort();
    }
    // Nothing of the server's comes back to it.
    if (!is_ascii(output.drain())) std::abort();
    if (part.empty() && step.kind == Kind::Bytes) std::abort();
  }
  return 0;
}
