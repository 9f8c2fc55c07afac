// waxwing_load: drives one scenario against a server on loopback and prints what it took, as JSON.
// tests/bench/run starts the servers, calls it and makes the table.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "tests/bench/scenarios.h"

namespace {

double percentile(std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int argc, char** argv) {
  using namespace waxwing::bench;
  Load load;
  std::string scenario;
  bool tls = false;
  CLI::App app("Drives one scenario against a mail server on loopback");
  app.add_option("scenario", scenario, scenario_names())->required();
  app.add_option("--smtp", load.smtp.port, "port");
  app.add_option("--imap", load.imap.port, "port");
  app.add_option("--pop3", load.pop3.port, "port");
  app.add_flag("--tls", tls, "the IMAP port speaks TLS from the first byte");
  app.add_option("--connections", load.connections)->check(CLI::Range(1, 5000));
  app.add_option("--count", load.count)->check(CLI::Range(1, 1'000'000));
  app.add_option("--size", load.size)->check(CLI::Range(500, 100'000'000));
  app.add_option("--accounts", load.accounts)->check(CLI::Range(1, 10'000));
  app.add_option("--user", load.user, "the first account")->check(CLI::Range(0, 10'000));
  app.add_option("--mailbox", load.mailbox);
  app.add_option("--command", load.command, "of the scenarios command and transfer");
  app.add_option("--messages", load.messages, "that one command is about")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--sink", load.sink, "the port that mail for other servers goes to");
  app.add_option("--password", load.password);
  CLI11_PARSE(app, argc, argv);
  load.imap.tls = tls;

  const Scenario* run = find_scenario(scenario);
  if (!run) {
    std::cerr << "there is no scenario " << scenario << "\n";
    return 2;
  }
  try {
    Measured measured = (*run)(load);
    std::sort(measured.latencies.begin(), measured.latencies.end());
    std::printf(
        "{\"operations\":%d,\"seconds\":%.6f,\"rate\":%.1f,\"bytes\":%llu,\"p50_ms\":%.3f,\"p90_"
        "ms\":%.3f,\"p99_ms\":%.3f}\n",
        measured.operations, measured.seconds, measured.operations / measured.seconds,
        static_cast<unsigned long long>(measured.bytes), percentile(measured.latencies, 0.5) * 1e3,
        percentile(measured.latencies, 0.9) * 1e3, percentile(measured.latencies, 0.99) * 1e3);
  } catch (const std::exception& error) {
    std::cerr << scenario << ": " << error.what() << "\n";
    return 1;
  }
}
