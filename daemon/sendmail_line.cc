#include "daemon/sendmail_line.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "daemon/unix_socket.h"

namespace waxwing {
namespace {

tl::unexpected<Error> broken_off() {
  return fail(Error::Code::Temporary, "the server closed the connection; try again later");
}

}  // namespace

SendmailLine::SendmailLine(Fd socket)
    : socket_(std::move(socket)),
      client_(std::make_unique<smtp::Client>(
          smtp::Client::Options{.hostname = "localhost", .use_tls = false})) {}

Result<SendmailLine> SendmailLine::open(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return fail(address.error());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{600, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return fail(Error::Code::Temporary, "the mail server does not answer at " + path + " (" +
                                            std::strerror(errno) +
                                            "): the message is not sent; try again when it runs");
  SendmailLine line(std::move(socket));
  if (auto ready = line.talk(); !ready) return fail(ready.error());
  return line;
}

Outcome SendmailLine::send(smtp::Consignment consignment) {
  client_->send(std::move(consignment), output_);
  return talk();
}

void SendmailLine::close() {
  client_->quit(output_);
  (void)talk();
}

// Until the client is ready for the next thing, or at its end.
Outcome SendmailLine::talk() {
  using Kind = smtp::Client::Step::Kind;
  for (;;) {
    const auto step = client_->consume(input_, output_);
    if (step.kind == Kind::Ready || step.kind == Kind::Close) return {};
    if (step.kind != Kind::Bytes)
      return fail(Error::Code::Temporary,
                  "the server says: " + printable(client_->trouble().text) + "; try again later");
    if (auto flushed = flush(); !flushed) return flushed;
    std::array<char, 16384> space;
    const auto got = recv(socket_.get(), space.data(), space.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return broken_off();
    if (got == 0) input_.end();
    input_.append({space.data(), static_cast<std::size_t>(got)});
  }
}

Outcome SendmailLine::flush() {
  std::array<char, 65536> space;
  for (;;) {
    if (output_.empty() && sender_.empty() && client_->wants_to_write()) {
      if (auto written = client_->write(output_); !written) return written;
    }
    sender_.take(output_);
    if (sender_.empty()) return {};
    const auto bytes = sender_.front(space);
    if (bytes.empty()) return fail(Error::Code::Temporary, "the message cannot be read");
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // Perhaps it has said why before it closed.
    if (sent < 0) return {};
    sender_.consume(static_cast<std::uint64_t>(sent));
  }
}

}  // namespace waxwing
