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
  std::string command;    // "SEARCH SUBJECT x", "COPY"; "{modseq}" is the mailbox's
  int messages = 10'000;  // that one command is about
  int sink = 0;           // the port that the server hands mail for other servers to
};

struct Measured {
  int operations = 0;
  double seconds = 0;
  std::uint64_t bytes = 0;
  std::vector<double> latencies;  // seconds each
};

// By name; load.cc lists them. `idle` and `hold` keep their sessions open until standard input
// ends, so that memory can be looked at.
using Scenario = std::function<Measured(const Load&)>;
const Scenario* find_scenario(const std::string& name);
std::string scenario_names();

// --- What scenarios are made of. ---

double now();  // seconds
// A plain message of the size, with the fields that a list view shows and a number of its own.
std::string message(int size, int number);
// A connection to the account `load.user + account`.
Client signed_in(const Load& load, int account);
// Runs `work(connection, next, time)` on a thread per connection; next() hands out operation
// numbers until there are no more and is negative then, and time(start) notes a latency.
Measured in_parallel(const Load& load,
                     const std::function<void(int, const std::function<int()>&,
                                              const std::function<void(double)>&)>& work);

}  // namespace waxwing::bench
