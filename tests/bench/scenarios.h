#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/client.h"

namespace waxwing::bench {

// What all scenarios are told.
struct Load {
  Endpoint smtp, imap, pop3;
  int connections = 1;
  int count = 1000;   // operations in all
  int size = 10'000;  // of a message, in octets
  int accounts = 1;   // that many take turns ...
  int user = 0;       // ... from this one on: user0@example.test
  std::string password = "bench";
  std::string mailbox = "INBOX";
};

struct Measured {
  int operations = 0;
  double seconds = 0;
  std::uint64_t bytes = 0;
  std::vector<double> latencies;  // seconds each
};

// By name: deliver, append, headers, flags, download, pop3, sign-in, idle, push.
// `idle` keeps its sessions open until standard input ends, so that memory can be looked at.
using Scenario = std::function<Measured(const Load&)>;
const Scenario* find_scenario(const std::string& name);

}  // namespace waxwing::bench
