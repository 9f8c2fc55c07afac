#include "tests/bench/mailbox_scenarios.h"

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <vector>

namespace waxwing::bench {
namespace {

// Messages in one APPEND.  RFC 3502
constexpr int kBatch = 200;

struct Selected {
  std::uint64_t messages = 0;
  std::uint64_t modseq = 0;
};

Selected select(Client& client, const std::string& mailbox) {
  client.send("s SELECT " + mailbox + "\r\n");
  Selected selected;
  for (;;) {
    const std::string line(client.line());
    const auto number = [&](const char* before) -> std::uint64_t {
      const auto at = line.find(before);
      return at == line.npos ? 0 : std::stoull(line.substr(at + std::string(before).size()));
    };
    if (line.ends_with(" EXISTS")) selected.messages = std::stoull(line.substr(2));
    selected.modseq = std::max(selected.modseq, number("[HIGHESTMODSEQ "));
    if (line.starts_with("s OK")) return selected;
    if (line.starts_with("s ")) throw std::runtime_error(line);
  }
}

// The command with "{modseq}" written out.
std::string command_of(const Load& load, const Selected& selected) {
  std::string command = load.command;
  if (const auto at = command.find("{modseq}"); at != command.npos) {
    command.replace(at, 8, std::to_string(selected.modseq));
  }
  return command;
}

void remember(Measured& measured, double since) {
  measured.latencies.push_back(now() - since);
  measured.seconds += measured.latencies.back();
  ++measured.operations;
}

}  // namespace

Measured fill(const Load& load) {
  return in_parallel(load, [&](int, const auto& next, const auto& time) {
    Client client = signed_in(load, 0);
    for (int number = next(); number >= 0;) {
      std::string command = "APPEND " + load.mailbox;
      for (int n = 0; n < kBatch && number >= 0; ++n, number = next()) {
        const std::string text = message(load.size, number);
        command += " {" + std::to_string(text.size()) + "+}\r\n" + text;
      }
      const double since = now();
      client.imap(command);
      time(since);
    }
  });
}

Measured command(const Load& load) {
  Measured measured;
  for (int round = 0; round < load.count; ++round) {
    Client client = signed_in(load, 0);
    const Selected selected = select(client, load.mailbox);
    const double since = now();
    measured.bytes += client.imap(command_of(load, selected));
    remember(measured, since);
  }
  return measured;
}

Measured select_anew(const Load& load) {
  Measured measured;
  for (int round = 0; round < load.count; ++round) {
    Client client = signed_in(load, 0);
    const double since = now();
    select(client, load.mailbox);
    remember(measured, since);
  }
  return measured;
}

Measured store(const Load& load) {
  Measured measured;
  Client client = signed_in(load, 0);
  select(client, load.mailbox);
  const std::string set = "1:" + std::to_string(load.messages);
  for (int round = 0; round < load.count; ++round) {
    const double since = now();
    client.imap("STORE " + set + (round % 2 == 0 ? " +" : " -") + "FLAGS (\\Flagged)");
    remember(measured, since);
  }
  return measured;
}

// MOVE goes to and fro, so that each has as much to do.
Measured transfer(const Load& load) {
  Measured measured;
  Client client = signed_in(load, 0);
  client.imap("CREATE Transfers");
  const bool is_move = load.command == "MOVE";
  std::string from = load.mailbox, to = "Transfers";
  for (int round = 0; round < load.count; ++round) {
    const Selected selected = select(client, from);
    const std::uint64_t first = selected.messages - static_cast<std::uint64_t>(load.messages) + 1;
    const double since = now();
    client.imap(load.command + " " + std::to_string(first) + ":" +
                std::to_string(selected.messages) + " " + to);
    remember(measured, since);
    if (is_move) std::swap(from, to);
  }
  // As it was.
  if (is_move && load.count % 2 == 1) {
    select(client, "Transfers");
    client.imap("MOVE 1:* " + load.mailbox);
  }
  client.imap("DELETE Transfers");
  return measured;
}

// What a mail program does in a day, for each of many: operations are commands.
Measured day(const Load& load) {
  constexpr int kCommands = 16;
  Measured measured = in_parallel(load, [&](int, const auto& next, const auto& time) {
    for (int number = next(); number >= 0; number = next()) {
      const double since = now();
      Client client = signed_in(load, number % load.accounts);
      const Selected selected = select(client, load.mailbox);
      client.imap("FETCH 1:50 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)");
      const auto pick = [&](int n) {
        return std::to_string(1 +
                              static_cast<std::uint64_t>(number * 7 + n * 13) % selected.messages);
      };
      for (int n = 0; n < 5; ++n) client.imap("FETCH " + pick(n) + " (BODY.PEEK[])");
      for (int n = 0; n < 3; ++n) client.imap("STORE " + pick(n) + " +FLAGS (\\Seen)");
      client.imap("SEARCH UNSEEN");
      client.imap("SEARCH SUBJECT \"number " + pick(1) + "\"");
      client.imap("NOOP");
      client.imap("NOOP");
      client.imap("LOGOUT");
      time(since);
    }
  });
  measured.operations = load.count * kCommands;
  return measured;
}

Measured hold(const Load& load) {
  std::vector<Client> sessions;
  const double start = now();
  for (int number = 0; number < load.connections; ++number) {
    sessions.push_back(signed_in(load, 0));
    select(sessions.back(), load.mailbox);
  }
  std::cout << "idle" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  return {load.connections, now() - start, 0, {}};
}

}  // namespace waxwing::bench
