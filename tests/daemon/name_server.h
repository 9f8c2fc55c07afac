#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace waxwing::test {

// A name server on a loopback port, UDP only and without signatures. What it answers the test says,
// on the server's thread.
class NameServer {
 public:
  struct Reply {
    int rcode = 0;                     // 3: NXDOMAIN, 5: REFUSED
    std::vector<std::string> records;  // RDATA of the type that was asked for
  };
  // Nothing: it stays silent. `name` is in lower case, without the last dot.
  using Handler = std::function<std::optional<Reply>(const std::string& name, int type)>;
  explicit NameServer(Handler handler);
  ~NameServer();

  std::string address() const;  // "127.0.0.1@PORT"

 private:
  void serve();

  const Handler handler_;
  Fd socket_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace waxwing::test
