#include "daemon/cli.h"

#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "daemon/administer.h"
#include "daemon/checks.h"
#include "daemon/checks_domain.h"
#include "daemon/checks_sender.h"
#include "daemon/commands.h"
#include "daemon/mail_transport.h"
#include "daemon/received_reports.h"
#include "daemon/sendmail.h"
#include "daemon/serve.h"
#include "daemon/unknown_word.h"

namespace waxwing {

namespace {

using nlohmann::json;

// What the command line said.
struct CommandLine {
  std::string config = "/etc/waxwing/waxwing.yaml";
  bool json = false;
  Request request;
  bool wants_password = false;
  std::string file;  // `account import`; "-": standard input
  ImportOrder import_order;
  ExportOrder export_order;
  std::string domain;       // `check mx`, `check domain`
  std::uint16_t port = 25;  // `check mx`
  SenderCheck sender_check;
  std::vector<std::string> reports;  // `report received`
  std::string action;                // of `domain keys`
  bool is_forced = false;
};

// A sub-command with the options that all have.
CLI::App* add(CLI::App* parent, CommandLine& line, const char* name, const char* what) {
  CLI::App* command = parent->add_subcommand(name, what);
  command->add_option("--config", line.config, "The configuration file")->capture_default_str();
  command->add_flag("--json", line.json, "Print the result as JSON");
  return command;
}

// One that becomes a request: `name` is what commands.h knows it by.
CLI::App* add_request(CLI::App* parent, CommandLine& line, const char* name, const char* what) {
  CLI::App* command = add(parent, line, name, what);
  const std::string subject = parent->get_name().empty() || parent->get_name() == "waxwing"
                                  ? std::string()
                                  : parent->get_name() + " ";
  command->callback([&line, full = subject + name] { line.request["command"] = full; });
  return command;
}

// A word of the command line that goes into the request.
void takes(CLI::App* command, CommandLine& line, const char* key, const char* shown) {
  command
      ->add_option_function<std::string>(
          shown, [&line, key](const std::string& value) { line.request[key] = value; })
      ->required();
}

// An option that may be left out.
void may_take(CLI::App* command, CommandLine& line, const char* key, const char* option,
              const char* description) {
  command->add_option_function<std::string>(
      option, [&line, key](const std::string& value) { line.request[key] = value; }, description);
}

void takes_password(CLI::App* command, CommandLine& line) {
  command
      ->add_flag("--password-stdin", line.wants_password,
                 "Read the password from standard input, where the process list cannot show it")
      ->required();
}

// `domain keys DOMAIN`, and what is done with them.
void add_domain_keys(CLI::App* domain, CommandLine& line) {
  CLI::App* command = add(domain, line, "keys", "Show the keys that sign its mail, or change them");
  takes(command, line, "domain", "DOMAIN");
  command
      ->add_option("ACTION", line.action,
                   "rotate makes the next keys, activate lets them sign, remove SELECTOR forgets "
                   "one, import SELECTOR reads one in PEM from standard input")
      ->check(CLI::IsMember({"rotate", "activate", "remove", "import"}));
  command->add_option_function<std::string>(
      "SELECTOR", [&line](const std::string& value) { line.request["selector"] = value; },
      "For remove and import");
  command->add_flag("--force", line.is_forced, "Activate keys that the DNS does not show yet");
  command->callback([&line] {
    const bool takes_selector = line.action == "remove" || line.action == "import";
    if (takes_selector != line.request.contains("selector"))
      throw CLI::ValidationError(takes_selector ? "SELECTOR is missing"
                                                : "there is no SELECTOR for that");
    if (line.is_forced && line.action != "activate")
      throw CLI::ValidationError("--force is for activate only");
    line.request["command"] = "domain keys" + (line.action.empty() ? "" : " " + line.action);
  });
}

void add_account_commands(CLI::App& app, CommandLine& line) {
  CLI::App* domain = app.add_subcommand("domain", "Domains that this server receives mail for");
  domain->require_subcommand(1);
  CLI::App* command = add_request(domain, line, "add", "Receive mail for a domain");
  takes(command, line, "domain", "DOMAIN");
  may_take(command, line, "target", "--alias-of", "It is another name of this domain");
  takes(add_request(domain, line, "remove", "Stop receiving mail for it"), line, "domain",
        "DOMAIN");
  add_request(domain, line, "list", "Show all domains");

  takes(add_request(domain, line, "dns", "Print the records to publish, as a zone file"), line,
        "domain", "DOMAIN");
  add_domain_keys(domain, line);

  CLI::App* account = app.add_subcommand("account", "Those who can sign in");
  account->require_subcommand(1);
  command = add_request(account, line, "add", "Make an account");
  takes(command, line, "address", "ADDRESS");
  takes_password(command, line);
  command = add_request(account, line, "passwd", "Set a new password; its sessions end");
  takes(command, line, "address", "ADDRESS");
  takes_password(command, line);
  takes(add_request(account, line, "remove", "Remove an account and all its mail"), line, "address",
        "ADDRESS");
  add_request(account, line, "list", "Show all accounts");
  takes(add_request(account, line, "show", "Show one account"), line, "address", "ADDRESS");
  command = add_request(account, line, "quota", "Limit the size of an account's mail");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "size", "SIZE");
  command->add_option_function<std::string>(
      "--messages", [&line](const std::string& value) { line.request["messages"] = value; },
      "How many messages it may hold; none without");
  add_request(account, line, "import", "Make many: address:{SCHEME}secret, one on a line")
      ->add_option("FILE", line.file, "The file; - is standard input")
      ->required();
  takes(add_request(account, line, "disable", "Let nobody sign in and no mail in; its sessions end"), line,
        "address", "ADDRESS");
  takes(add_request(account, line, "enable", "Undo disable"), line, "address", "ADDRESS");
  command = add_request(account, line, "rename", "Give an account another address");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "to", "NEW-ADDRESS");
  command = add_request(account, line, "hide",
                        "Hide these IMAP capabilities, and no others: NOTIFY,MOVE, or none");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "capabilities", "CAPABILITIES");
  command = add_request(account, line, "referral",
                        "Send its IMAP clients to another server: imap://USER@HOST/, or none");
  takes(command, line, "address", "ADDRESS");
  command->add_option_function<std::string>(
      "URL", [&line](const std::string& value) { line.request["url"] = value; },
      "Where to; without it, what there is");
  command = add_request(account, line, "pop3", "What POP3 may do: on, off, or keep the mail");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "policy", "POLICY");

  command = add_request(account, line, "admin",
                        "Let it set limits and shared mailboxes of its domain: on or off");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "state", "STATE");

  command =
      add_request(account, line, "limits",
                  "Recipients elsewhere it may write to: a number, none, default; or show it");
  takes(command, line, "address", "ADDRESS");
  may_take(command, line, "hour", "--hour", "In an hour");
  may_take(command, line, "day", "--day", "In a day");
  command = add_request(account, line, "save-sent",
                        "Keep what it sends in its Sent, so that no program uploads it: on or off");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "state", "STATE");
  command = add_request(account, line, "clean",
                        "Remove what is old: a number of days, or never; or show it");
  takes(command, line, "address", "ADDRESS");
  may_take(command, line, "trash", "--trash", "After so many days in Trash");
  may_take(command, line, "junk", "--junk", "After so many days in Junk");
  command->add_flag_callback(
      "--now", [&line] { line.request["now"] = true; },
      "Remove at once what is too old; otherwise within the hour");

  CLI::App* alias = app.add_subcommand("alias", "Addresses that lead to others");
  alias->require_subcommand(1);
  command = add_request(alias, line, "add", "Make an alias; @DOMAIN takes all that is left");
  takes(command, line, "address", "ADDRESS");
  command
      ->add_option_function<std::vector<std::string>>(
          "TARGET", [&line](const std::vector<std::string>& all) { line.request["targets"] = all; })
      ->required();
  takes(add_request(alias, line, "remove", "Remove an alias"), line, "address", "ADDRESS");
  add_request(alias, line, "list", "Show all aliases");
}

void add_queue_commands(CLI::App& app, CommandLine& line) {
  CLI::App* queue = app.add_subcommand("queue", "Mail on its way to other servers");
  queue->require_subcommand(1);
  CLI::App* command = add_request(queue, line, "list", "Show what waits, oldest first");
  command->add_option_function<std::string>(
      "--after", [&line](const std::string& value) { line.request["after"] = value; },
      "Go on behind this id");
  takes(add_request(queue, line, "show", "Show one message: recipients, attempts, replies"), line,
        "id", "ID");
  const auto takes_which = [&line](CLI::App* to) {
    to->add_option_function<std::string>(
          "WHICH", [&line](const std::string& value) { line.request["which"] = value; },
          "An id, a domain, an address, or all")
        ->required();
  };
  takes_which(add_request(queue, line, "retry", "Try again now; what is held goes on"));
  takes_which(add_request(queue, line, "hold", "Do not try until it is retried"));
  takes(add_request(queue, line, "remove", "Remove a message; its sender is not told"), line, "id",
        "ID");
  takes(add_request(&app, line, "trace", "Show what was decided about a message, in and out"), line,
        "what", "ID|MESSAGE-ID|ADDRESS");
}

void add_report_of(CLI::App* report, CommandLine& line, const char* name, const char* what) {
  CLI::App* command = add_request(report, line, name, what);
  CLI::Option* domain = command->add_option_function<std::string>(
      "DOMAIN", [&line](const std::string& value) { line.request["domain"] = value; },
      "Only this one");
  command
      ->add_flag_callback(
          "--send", [&line] { line.request["send"] = true; },
          "Tell this domain now, of today as well")
      ->needs(domain);
}

CLI::App* add_report_commands(CLI::App& app, CommandLine& line) {
  CLI::App* report = app.add_subcommand("report", "What other domains are told, and tell us");
  report->require_subcommand(1);
  add_report_of(report, line, "tls", "Show how TLS went, or send the reports");
  add_report_of(report, line, "dmarc", "Show what came in whose name, or send the reports");
  CLI::App* command = add_request(report, line, "received",
                                  "Sum up the DMARC reports of others, in files or an account");
  command->add_option("WHERE", line.reports, "Files (- is standard input), or one address")
      ->required();
  return command;
}

void add_other_commands(CLI::App& app, CommandLine& line) {
  add_request(&app, line, "who", "Show the sessions");
  takes(add_request(&app, line, "kick", "End a session"), line, "session", "SESSION");

  CLI::App* mailbox = app.add_subcommand("mailbox", "The mail of an account");
  mailbox->require_subcommand(1);
  takes(add_request(mailbox, line, "list", "Show its mailboxes"), line, "address", "ADDRESS");
  CLI::App* command = add_request(mailbox, line, "create", "Make a mailbox; of @DOMAIN: for all");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "mailbox", "MAILBOX");
  command = add_request(mailbox, line, "remove", "Remove a mailbox and its messages");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "mailbox", "MAILBOX");
  command = add_request(mailbox, line, "rights", "Show who may do what with a mailbox, or set it");
  takes(command, line, "address", "ADDRESS");
  takes(command, line, "mailbox", "MAILBOX");
  command->add_option_function<std::string>(
      "WHO", [&line](const std::string& value) { line.request["who"] = value; },
      "An address, or anyone");
  command->add_option_function<std::string>(
      "RIGHTS", [&line](const std::string& value) { line.request["rights"] = value; },
      "Letters of lrswipkxtean, or none");
  takes(add_request(mailbox, line, "verify", "Compare files and index; changes nothing"), line,
        "address", "ADDRESS");
  takes(add_request(mailbox, line, "rebuild", "Make the index anew from the files"), line,
        "address", "ADDRESS");
}

// Those that move mail between here and files of the caller's.
CLI::App* add_import(CLI::App& app, CommandLine& line) {
  CLI::App* mailbox = app.get_subcommand("mailbox");
  CLI::App* command = add(mailbox, line, "import", "Take mail over from another program");
  ImportOrder& order = line.import_order;
  command->add_option("--from", order.from, "maildir, mbox or dovecot")->required();
  command->add_option("--mailbox", order.mailbox, "Where a single mbox goes")
      ->capture_default_str();
  command->add_option("PATH", order.path, "The Maildir, the mbox, or a folder of those")
      ->required();
  command->add_option("ADDRESS", order.address, "The account")->required();
  return command;
}

CLI::App* add_export(CLI::App& app, CommandLine& line) {
  CLI::App* mailbox = app.get_subcommand("mailbox");
  CLI::App* command = add(mailbox, line, "export", "Write all mail of an account to files");
  ExportOrder& order = line.export_order;
  command->add_option("--to", order.to, "maildir or mbox")->required();
  command->add_option("PATH", order.path, "A new folder")->required();
  command->add_option("ADDRESS", order.address, "The account")->required();
  return command;
}

// What others publish, without a server that runs.
CLI::App* add_check_mx(CLI::App* check, CommandLine& line) {
  CLI::App* command = add(check, line, "mx", "Where mail for a domain goes, by the DNS");
  command->add_option("DOMAIN", line.domain, "The domain, or an address as in [192.0.2.1]")
      ->required();
  command->add_option("--port", line.port, "The port whose TLSA records count")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  return command;
}

CLI::App* add_check_domain(CLI::App* check, CommandLine& line) {
  CLI::App* command =
      add(check, line, "domain", "Whether the DNS says of a domain what `domain dns` prints");
  command->add_option("DOMAIN", line.domain, "One of this server's")->required();
  return command;
}

void takes_client(CLI::App* command, SenderCheck& check) {
  command->add_option("--ip", check.ip, "The address that the client connects from")->required();
  command->add_option("--helo", check.helo, "What the client calls itself")->required();
  command->add_option("--from", check.from, "The address in MAIL FROM; \"\" for none")->required();
}

CLI::App* add_check_spf(CLI::App* check, CommandLine& line) {
  CLI::App* command = add(check, line, "spf", "Whether a client may send for an address, by SPF");
  takes_client(command, line.sender_check);
  return command;
}

CLI::App* add_check_dkim(CLI::App* check, CommandLine& line) {
  CLI::App* command = add(check, line, "dkim", "Who signed a message, by DKIM");
  command->add_option("FILE", line.sender_check.file, "The message; - is standard input")
      ->required();
  return command;
}

CLI::App* add_check_dmarc(CLI::App* check, CommandLine& line) {
  CLI::App* command = add(check, line, "dmarc", "Whether its author sent a message, by DMARC");
  command->add_option("FILE", line.sender_check.file, "The message; - is standard input")
      ->required();
  takes_client(command, line.sender_check);
  return command;
}

// One line, without an echo when a person types it.
std::string read_password() {
  termios before{};
  const bool typed = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
  if (typed) {
    std::cerr << "Password: ";
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (typed) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << "\n";
  }
  if (!password.empty() && password.back() == '\r') password.pop_back();
  return password;
}

std::optional<std::string> read_file(const std::string& name) {
  if (name == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(name, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// One address, and no file of that name.
bool is_account(const std::vector<std::string>& where) {
  return where.size() == 1 && where[0].find('@') != std::string::npos && !std::ifstream(where[0]);
}

int print(const Answer& answer, bool as_json) {
  if (as_json && answer.status == 0) {
    std::cout << answer.result.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  } else if (as_json) {
    std::cout << json{{"error", answer.text}, {"result", answer.result}}.dump(
                     2, ' ', false, json::error_handler_t::replace)
              << "\n";
  } else if (answer.status != 0) {
    std::cerr << "waxwing: " << answer.text << "\n";
  } else if (!answer.text.empty()) {
    std::cout << answer.text << "\n";
  }
  return answer.status;
}

int administer_as_said(CommandLine& line) {
  if (line.wants_password) {
    std::string password = read_password();
    line.request["password"] = password;
    wipe(password);
  }
  if (!line.file.empty()) {
    auto text = read_file(line.file);
    if (!text)
      return print(failed("cannot read " + line.file + ": is there such a file, and may you?"),
                   line.json);
    line.request["lines"] = std::move(*text);
  }
  if (line.action == "import") {
    auto pem = read_file("-");
    line.request["pem"] = *pem;
    wipe(*pem);
  }
  if (line.action == "activate" && !line.is_forced)
    return print(activate_keys(line.config, text_of(line.request, "domain")), line.json);
  return print(administer(line.config, line.request), line.json);
}

// The words of `sendmail`, under which name the program may have been called; its command line is
// older than those that CLI11 reads.
std::optional<std::vector<std::string>> words_of_sendmail(int argc, char** argv) {
  if (argc < 1) return std::nullopt;
  const std::string_view program(argv[0]);
  const bool is_called = program.substr(program.rfind('/') + 1) == "sendmail";
  const bool is_said = argc > 1 && std::string_view(argv[1]) == "sendmail";
  if (!is_called && !is_said) return std::nullopt;
  return std::vector<std::string>(argv + (is_called ? 1 : 2), argv + argc);
}

}  // namespace

int run_cli(int argc, char** argv) {
  if (const auto words = words_of_sendmail(argc, argv)) return run_sendmail(*words);
  CommandLine line;
  CLI::App app("A complete mail server: SMTP, POP3 and IMAP.", "waxwing");
  app.require_subcommand(1);
  app.set_version_flag("--version", "waxwing " WAXWING_VERSION);
  CLI::App* serve_command = add(&app, line, "serve", "Run the server");
  CLI::App* check_command =
      add(&app, line, "check-config", "Say whether the configuration is good");
  add_account_commands(app, line);
  add_other_commands(app, line);
  add_queue_commands(app, line);
  CLI::App* received_command = add_report_commands(app, line);
  CLI::App* import_command = add_import(app, line);
  CLI::App* export_command = add_export(app, line);
  app.add_subcommand("sendmail", "Hand in a message, as cron and scripts do; sendmail --help");
  CLI::App* check = app.add_subcommand("check", "Say what the server makes of what others publish");
  check->require_subcommand(1);
  CLI::App* check_mx_command = add_check_mx(check, line);
  CLI::App* check_domain_command = add_check_domain(check, line);
  CLI::App* check_spf_command = add_check_spf(check, line);
  CLI::App* check_dkim_command = add_check_dkim(check, line);
  CLI::App* check_dmarc_command = add_check_dmarc(check, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const auto text = error.get_exit_code() == 0 ? std::string() : unknown_word(app);
    if (!text.empty()) return print({2, text, nullptr}, false);
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (serve_command->parsed()) return serve(line.config);
  if (check_command->parsed()) return print(check_config(line.config), line.json);
  if (check_mx_command->parsed())
    return print(check_mx(line.config, line.domain, line.port), line.json);
  if (check_domain_command->parsed())
    return print(check_domain(line.config, line.domain), line.json);
  line.sender_check.config = line.config;
  if (check_spf_command->parsed()) return print(check_spf(line.sender_check), line.json);
  if (check_dkim_command->parsed()) return print(check_dkim(line.sender_check), line.json);
  if (check_dmarc_command->parsed()) return print(check_dmarc(line.sender_check), line.json);
  if (import_command->parsed()) {
    line.import_order.config = line.config;
    return print(import_mail(line.import_order), line.json);
  }
  if (export_command->parsed()) {
    line.export_order.config = line.config;
    return print(export_mail(line.export_order), line.json);
  }
  if (received_command->parsed()) {
    if (!is_account(line.reports)) return print(read_reports(line.reports), line.json);
    line.request["address"] = line.reports[0];
  }
  return administer_as_said(line);
}

}  // namespace waxwing
