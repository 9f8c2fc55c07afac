#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "daemon/sender.h"
#include "protocols/smtp/client.h"

namespace waxwing {

// A conversation with the server on this machine through its Unix socket, for a program that has
// nothing else to do: every call blocks, ten minutes at most. Errors are sentences for its user;
// Temporary where it is worth trying again.
class SendmailLine {
 public:
  // Connects and says EHLO.
  static Result<SendmailLine> open(const std::string& path);

  // client().results() are there whether it goes well or not.
  Outcome send(smtp::Consignment consignment);
  void close();
  const smtp::Client& client() const { return *client_; }

 private:
  explicit SendmailLine(Fd socket);
  Outcome talk();
  Outcome flush();

  Fd socket_;
  Sender sender_;
  Input input_;
  Output output_;
  std::unique_ptr<smtp::Client> client_;
};

}  // namespace waxwing
