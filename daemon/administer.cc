#include "daemon/administer.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "config/load.h"
#include "daemon/capability_advice.h"
#include "daemon/certificates.h"
#include "daemon/config_check.h"
#include "daemon/control.h"
#include "daemon/data_lock.h"
#include "daemon/ports.h"
#include "daemon/service_user.h"
#include "daemon/stores.h"
#include "daemon/unbound_resolver.h"

namespace waxwing {

namespace {

// What lies in data_dir, for somebody who has become the user that serves and has the lock.
struct Here {
  DataLock lock;
  std::unique_ptr<Stores> stores;
  std::shared_ptr<const Settings> settings;
};

Result<Here> enter(const std::shared_ptr<const Settings>& current) {
  const Settings& settings = *current;
  const auto user = find_service_user(settings.user);
  if (!user) return fail(user.error());
  be_discreet();
  if (auto ready = prepare_data_dir(settings.data_dir, *user); !ready) return fail(ready.error());
  if (auto became = become(*user); !became) return fail(became.error());
  auto lock = DataLock::take(settings.data_dir);
  if (!lock) return fail(lock.error());
  auto stores = Stores::open(current);
  if (!stores) return fail(stores.error());
  return Here{std::move(*lock), std::move(*stores), current};
}

Answer run_in(Here& here, const Request& request) {
  World world{*here.stores->directory, *here.stores->store, *here.stores->queue,
              here.stores->trace.get()};
  world.tls_sessions = here.stores->tls_sessions.get();
  world.dmarc_counts = here.stores->dmarc_counts.get();
  world.settings = here.settings;
  return run_command(world, request);
}

std::string to_line(const Request& request) {
  return request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Octets that are no UTF-8 would reach the server as others. A file's lines are looked at one by
// one, there.
std::optional<Answer> not_text(const Request& request) {
  for (const auto& [key, value] : request.items()) {
    if (key == "lines") continue;
    const auto words = value.is_array() ? value : nlohmann::json::array({value});
    for (const auto& word : words) {
      if (!word.is_string() || is_utf8(word.get_ref<const std::string&>())) continue;
      return Answer{2, "the " + key + " is not UTF-8: type it on a terminal that writes UTF-8",
                    nullptr};
    }
  }
  return std::nullopt;
}

// What an error logs here is for whoever typed the command, who also gets the sentence.
Result<std::shared_ptr<const Settings>> load_quietly(const std::string& config) {
  auto loaded = load_settings(config);
  if (loaded) log.configure(Log::Level::Warning, (*loaded)->log.format);
  return loaded;
}

}  // namespace

Answer administer(const std::string& config, const Request& request) {
  if (auto wrong = not_text(request)) return *wrong;
  const auto settings = load_quietly(config);
  if (!settings) return failed(settings.error().text);
  auto answer = ask_server((*settings)->data_dir, to_line(request));
  if (!answer) return failed(answer.error().text);
  if (*answer) return decode_answer(**answer);
  auto here = enter(*settings);
  return here ? run_in(*here, request) : failed(here.error().text);
}

Result<Administration> Administration::open(const std::string& config) {
  auto settings = load_quietly(config);
  if (!settings) return fail(settings.error());
  Administration administration(std::move(*settings));
  auto running =
      ask_server(administration.settings_->data_dir, to_line({{"command", "domain list"}}));
  if (!running) return fail(running.error());
  if (*running) return administration;
  if (auto started = administration.start_helper(); !started) return fail(started.error());
  return administration;
}

Administration::Administration(Administration&& other) noexcept
    : settings_(std::move(other.settings_)),
      helper_(std::move(other.helper_)),
      helper_pid_(std::exchange(other.helper_pid_, -1)) {}

Administration::~Administration() {
  helper_.reset();
  if (helper_pid_ > 0) waitpid(helper_pid_, nullptr, 0);
}

Outcome Administration::start_helper() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(Error::Code::Temporary, std::string("socketpair: ") + std::strerror(errno));
  }
  helper_.reset(ends[0]);
  Fd theirs(ends[1]);
  helper_pid_ = fork();
  if (helper_pid_ < 0)
    return fail(Error::Code::Temporary, std::string("fork: ") + std::strerror(errno));
  if (helper_pid_ > 0) return {};
  helper_.reset();
  serve(settings_, std::move(theirs));
  _exit(0);
}

void Administration::serve(const std::shared_ptr<const Settings>& settings, Fd requests) {
  auto here = enter(settings);
  while (const auto line = receive_line(requests)) {
    const auto request = nlohmann::json::parse(*line, nullptr, false);
    Answer answer = here ? run_in(*here, request) : failed(here.error().text);
    // encode() ends the line.
    std::string text = encode(answer);
    text.pop_back();
    if (!send_line(requests, text)) break;
  }
}

Answer Administration::ask(const Request& request) {
  if (!helper_) {
    auto answer = ask_server(settings_->data_dir, to_line(request));
    if (!answer) return failed(answer.error().text);
    if (!*answer) return failed("the server has stopped: start this command again");
    return decode_answer(**answer);
  }
  if (!send_line(helper_, to_line(request))) return failed("the helper process has ended");
  const auto answer = receive_line(helper_);
  return answer ? decode_answer(*answer) : failed("the helper process has ended");
}

Answer check_config(const std::string& config) {
  const auto settings = load_settings(config);
  if (!settings) return failed(settings.error().text);
  if (const auto checked = check_services(**settings); !checked) {
    return failed(config + ": " + checked.error().text);
  }
  if (const auto checked = UnboundResolver::check((*settings)->dns); !checked) {
    return failed(config + ": " + checked.error().text);
  }
  // Without any, one is made at the start.
  if (!(*settings)->certificates.empty()) {
    if (const auto loaded = Certificates::load(**settings); !loaded) {
      return failed(config + ": " + loaded.error().text);
    }
  }
  auto advice = all_advice_on(**settings);
  // The user may come later, with the service.
  const auto user = find_service_user((*settings)->user);
  if (!user) advice.push_back(user.error().text);
  const auto files = check_files(**settings, user.value_or(std::nullopt));
  if (!files) return failed(config + ": " + files.error().text);
  advice.insert(advice.end(), files->begin(), files->end());
  std::string text = config + " is good";
  for (const auto& each : advice) text += "\n" + each;
  return done(text, advice.empty() ? nlohmann::json() : nlohmann::json{{"advice", advice}});
}

}  // namespace waxwing
