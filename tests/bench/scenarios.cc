#include "tests/bench/scenarios.h"

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/encoding.h"
#include "tests/bench/mailbox_scenarios.h"
#include "tests/bench/sink.h"

namespace waxwing::bench {
namespace {

std::string user(int index) {
  return "user" + std::to_string(index) + "@example.test";
}

}  // namespace

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string message(int size, int number) {
  const auto two = [](int value) { return std::to_string(value + 100).substr(1); };
  const auto id = [](int of) { return "<" + std::to_string(of) + ".load@example.net>"; };
  // Five make a conversation, and their dates are not in the order of their arrival.
  const int first = number - number % 5, minute = number * 7919 % (28 * 24 * 60);
  std::string text = "From: Sender <sender" + std::to_string(number % 97) +
                     "@example.net>\r\nTo: Recipient <user0@example.test>\r\nSubject: " +
                     (first == number ? "" : "Re: ") + "Message number " + std::to_string(first) +
                     " of the load\r\nDate: " + std::to_string(1 + minute / 1440) + " Nov 2026 " +
                     two(minute / 60 % 24) + ":" + two(minute % 60) +
                     ":00 +0000\r\nMessage-ID: " + id(number) + "\r\n" +
                     (first == number ? "" : "References: " + id(first) + "\r\n") +
                     "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  while (static_cast<int>(text.size()) < size) {
    text += "The quick brown fox jumps over the lazy dog and goes on to the next line.\r\n";
  }
  return text;
}

Measured in_parallel(const Load& load,
                     const std::function<void(int, const std::function<int()>&,
                                              const std::function<void(double)>&)>& work) {
  std::atomic<int> handed{0};
  std::mutex mutex;
  Measured measured;
  std::string failure;
  std::vector<std::thread> threads;
  const double start = now();
  for (int connection = 0; connection < load.connections; ++connection) {
    threads.emplace_back([&, connection] {
      std::vector<double> latencies;
      try {
        work(
            connection,
            [&] {
              const int number = handed++;
              return number < load.count ? number : -1;
            },
            [&](double since) { latencies.push_back(now() - since); });
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        failure = error.what();
      }
      const std::lock_guard lock(mutex);
      measured.latencies.insert(measured.latencies.end(), latencies.begin(), latencies.end());
    });
  }
  for (auto& thread : threads) thread.join();
  if (!failure.empty()) throw std::runtime_error(failure);
  measured.seconds = now() - start;
  measured.operations = load.count;
  return measured;
}

Client signed_in(const Load& load, int account) {
  Client client(load.imap);
  client.line();
  client.imap("LOGIN " + user(load.user + account) + " " + load.password);
  return client;
}

namespace {

void send_mail(Client& client, const Load& load, int number) {
  client.send("MAIL FROM:<sender@example.net>\r\nRCPT TO:<" +
              user(load.user + number % load.accounts) + ">\r\nDATA\r\n");
  client.smtp('2');
  client.smtp('2');
  client.smtp('3');
  client.send(message(load.size, number) + ".\r\n");
  client.smtp('2');
}

Client smtp_client(const Load& load) {
  Client client(load.smtp);
  client.smtp('2');
  client.send("EHLO load.example.net\r\n");
  client.smtp('2');
  return client;
}

std::uint64_t messages_in(Client& client, const std::string& mailbox) {
  client.send("s STATUS " + mailbox + " (MESSAGES)\r\n");
  std::uint64_t messages = 0;
  for (;;) {
    const std::string line(client.line());
    if (const auto at = line.find("(MESSAGES "); at != std::string::npos)
      messages = std::stoull(line.substr(at + 10));
    if (line.starts_with("s ")) return messages;
  }
}

std::uint64_t messages_in_all(const Load& load) {
  std::uint64_t messages = 0;
  for (int account = 0; account < load.accounts; ++account) {
    Client client = signed_in(load, account);
    messages += messages_in(client, "INBOX");
  }
  return messages;
}

// Ends when the last message can be read, whoever says 250 before that.
Measured deliver(const Load& load) {
  const auto before = messages_in_all(load);
  const double start = now();
  Measured measured = in_parallel(load, [&](int, const auto& next, const auto& time) {
    Client client = smtp_client(load);
    for (int number = next(); number >= 0; number = next()) {
      const double since = now();
      send_mail(client, load, number);
      time(since);
    }
    client.send("QUIT\r\n");
    client.smtp('2');
  });
  while (messages_in_all(load) < before + static_cast<std::uint64_t>(load.count)) {
    if (now() - start > 600) throw std::runtime_error("messages are missing");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  measured.seconds = now() - start;
  return measured;
}

// Mail of signed-in users for other servers; ends when the last message is there, whoever says 250
// before that.
Measured send_out(const Load& load) {
  const Sink sink(load.sink);
  const double start = now();
  Measured measured = in_parallel(load, [&](int connection, const auto& next, const auto& time) {
    const std::string sender = user(load.user + connection % load.accounts);
    Client client(load.smtp);
    client.smtp('2');
    client.send("EHLO load.example.net\r\n");
    client.smtp('2');
    if (load.command == "sign-in") {
      const std::string zero(1, '\0');
      client.send("AUTH PLAIN " + base64(zero + sender + zero + load.password) + "\r\n");
      client.smtp('2');
    }
    for (int number = next(); number >= 0; number = next()) {
      std::string text = message(load.size, number);
      text = "From: " + sender + text.substr(text.find("\r\n"));
      const double since = now();
      client.send("MAIL FROM:<" + sender + ">\r\nRCPT TO:<user" + std::to_string(number) +
                  "@far.example>\r\nDATA\r\n");
      client.smtp('2');
      client.smtp('2');
      client.smtp('3');
      client.send(text + ".\r\n");
      client.smtp('2');
      time(since);
    }
    client.send("QUIT\r\n");
    client.smtp('2');
  });
  while (sink.taken() < static_cast<std::uint64_t>(load.count)) {
    if (now() - start > 600) throw std::runtime_error("messages are missing");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  measured.seconds = now() - start;
  return measured;
}

Measured append(const Load& load) {
  return in_parallel(load, [&](int connection, const auto& next, const auto& time) {
    Client client = signed_in(load, connection % load.accounts);
    for (int number = next(); number >= 0; number = next()) {
      const std::string text = message(load.size, number);
      const double since = now();
      client.imap("APPEND " + load.mailbox + " (\\Seen) {" + std::to_string(text.size()) +
                  "+}\r\n" + text);
      time(since);
    }
  });
}

// One command over the whole mailbox, `count` times, each from a new connection.
Measured over_mailbox(const Load& load, const std::string& command) {
  Measured measured;
  for (int round = 0; round < load.count; ++round) {
    Client client = signed_in(load, 0);
    client.imap("SELECT " + load.mailbox);
    const double since = now();
    measured.bytes += client.imap(command);
    measured.latencies.push_back(now() - since);
    measured.seconds += measured.latencies.back();
  }
  measured.operations = load.count;
  return measured;
}

Measured headers(const Load& load) {
  return over_mailbox(load,
                      "UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date "
                      "Message-ID Priority X-Priority "
                      "References Newsgroups In-Reply-To Content-Type Reply-To Received)])");
}
Measured flags(const Load& load) {
  return over_mailbox(load, "UID FETCH 1:* (FLAGS)");
}
Measured download(const Load& load) {
  return over_mailbox(load, "UID FETCH 1:* (BODY.PEEK[])");
}

Measured pop3(const Load& load) {
  Measured measured;
  Client client(load.pop3);
  client.pop3();
  client.send("USER " + user(load.user) + "\r\n");
  client.pop3();
  client.send("PASS " + load.password + "\r\n");
  client.pop3();
  const double start = now();
  for (int number = 1; number <= load.count; ++number) {
    const double since = now();
    client.send("RETR " + std::to_string(number) + "\r\n");
    client.pop3();
    measured.bytes += client.pop3_text();
    client.send("DELE " + std::to_string(number) + "\r\n");
    client.pop3();
    measured.latencies.push_back(now() - since);
  }
  client.send("QUIT\r\n");
  client.pop3();
  measured.seconds = now() - start;
  measured.operations = load.count;
  return measured;
}

Measured sign_in(const Load& load) {
  return in_parallel(load, [&](int, const auto& next, const auto& time) {
    for (int number = next(); number >= 0; number = next()) {
      const double since = now();
      Client client = signed_in(load, number % load.accounts);
      client.imap("LOGOUT");
      time(since);
    }
  });
}

Measured idle(const Load& load) {
  std::vector<Client> sessions;
  const double start = now();
  for (int number = 0; number < load.connections; ++number) {
    sessions.push_back(signed_in(load, number % load.accounts));
    sessions.back().imap("SELECT INBOX");
    sessions.back().send("i IDLE\r\n");
    sessions.back().line();
  }
  std::cout << "idle" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  return {load.connections, now() - start, 0, {}};
}

// From the last byte of a message to the news of it in an idle session.
Measured push(const Load& load) {
  Measured measured;
  Client waiting = signed_in(load, 0);
  waiting.imap("SELECT INBOX");
  waiting.send("i IDLE\r\n");
  waiting.line();
  Client sending = smtp_client(load);
  const double start = now();
  for (int number = 0; number < load.count; ++number) {
    sending.send("MAIL FROM:<sender@example.net>\r\nRCPT TO:<" + user(load.user) + ">\r\nDATA\r\n");
    sending.smtp('2');
    sending.smtp('2');
    sending.smtp('3');
    const std::string text = message(load.size, number) + ".\r\n";
    const double since = now();
    sending.send(text);
    while (waiting.line().find(" EXISTS") == std::string_view::npos) {
    }
    measured.latencies.push_back(now() - since);
    sending.smtp('2');
  }
  measured.seconds = now() - start;
  measured.operations = load.count;
  return measured;
}

const std::map<std::string, Scenario> kScenarios = {
    {"deliver", deliver},    {"append", append},     {"headers", headers},   {"flags", flags},
    {"send-out", send_out},  {"download", download}, {"pop3", pop3},         {"sign-in", sign_in},
    {"idle", idle},          {"push", push},         {"fill", fill},         {"command", command},
    {"select", select_anew}, {"store", store},       {"transfer", transfer}, {"day", day},
    {"hold", hold},
};

}  // namespace

const Scenario* find_scenario(const std::string& name) {
  const auto found = kScenarios.find(name);
  return found == kScenarios.end() ? nullptr : &found->second;
}

std::string scenario_names() {
  std::string names;
  for (const auto& [name, scenario] : kScenarios) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace waxwing::bench
