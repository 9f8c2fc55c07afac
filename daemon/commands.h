#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/directory.h"
#include "daemon/connection.h"
#include "daemon/destination.h"
#include "storage/daily_counts.h"
#include "storage/queue.h"
#include "storage/store.h"
#include "storage/tls_sessions.h"
#include "storage/trace.h"

namespace waxwing {

// The administration commands: what each does, once, whether the daemon runs it for a client of
// control.sock or the command line runs it itself while the daemon is down.

// What commands work on. The functions are empty when no daemon runs.
struct World {
  Directory& directory;
  Store& store;
  Queue& queue;
  Trace* trace;
  std::function<std::vector<SessionSummary>()> who = nullptr;
  std::function<std::size_t(const std::string& session)> kick = nullptr;
  // Where mail goes now, and what it waits for.
  std::function<std::vector<Destination::Summary>()> destinations = nullptr;
  // Asks the servers of a destination again, of all when it is empty.
  std::function<void(const std::string& destination)> try_now = nullptr;
  TlsSessions* tls_sessions = nullptr;
  // Tells a domain what is known of TLS with it, and waits for the end.
  std::function<Result<std::string>(const std::string& domain)> send_tls_report = nullptr;
  // The same of mail that came in the name of domains.
  DailyCounts* dmarc_counts = nullptr;
  std::function<Result<std::string>(const std::string& domain)> send_dmarc_report = nullptr;
  std::shared_ptr<const Settings> settings = nullptr;
};

// {"command": "account add", "address": "alice@example.com", "password": "..."}
using Request = nlohmann::json;

struct Answer {
  int status = 0;         // as the exit status: 0 done, 1 failed, 2 usage
  std::string text;       // for people: lines of a list, or one sentence
  nlohmann::json result;  // for programs: --json
};
std::string encode(const Answer& answer);  // one line
Answer decode_answer(std::string_view line);

Answer run_command(World& world, const Request& request);

// Tables of commands, by their subject; commands_*.cc.
struct Command {
  const char* name;
  Answer (*run)(World&, const Request&);
};
const std::vector<Command>& domain_commands();
const std::vector<Command>& account_commands();
const std::vector<Command>& alias_commands();
const std::vector<Command>& habit_commands();  // account limits, save-sent, clean
const std::vector<Command>& mailbox_commands();
const std::vector<Command>& transport_commands();  // for import and export
const std::vector<Command>& session_commands();    // who, kick
const std::vector<Command>& queue_commands();      // and trace
const std::vector<Command>& report_commands();

// For their bodies.
Answer done(std::string text, nlohmann::json result = nullptr);
Answer failed(std::string sentence);
// The error's words say what is wrong; `mend` says what to do about the common mistakes: what is
// not there, is there already, or may not be.
Answer refused(const Error& error, std::string_view mend = {});
constexpr std::string_view kListAccounts = "`waxwing account list` shows those that there are";
// Denied, with a sentence, for a new mailbox whose name would be another's in IMAP.
Outcome may_be_made(const Account& account, const std::string& name);
std::string text_of(const Request& request, const char* key);
// null: as the server has it.
nlohmann::json limit_json(const std::optional<std::uint64_t>& limit);
std::string utc(std::int64_t seconds);  // "2026-01-31T12:00:00Z"
// Columns under one another, two spaces between them.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace waxwing
