#include "daemon/administer.h"

#include "config/load.h"
#include "daemon/control.h"
#include "daemon/data_lock.h"
#include "daemon/ports.h"
#include "daemon/service_user.h"
#include "daemon/stores.h"

namespace waxwing {

namespace {

Answer run_here(const Settings& settings, const Request& request) {
  const auto user = find_service_user(settings.user);
  if (!user) return failed(user.error().text);
  be_discreet();
  if (auto ready = prepare_data_dir(settings.data_dir, *user); !ready)
    return failed(ready.error().text);
  if (auto became = become(*user); !became) return failed(became.error().text);
  const auto lock = DataLock::take(settings.data_dir);
  if (!lock) return failed(lock.error().text);
  auto stores = Stores::open(settings);
  if (!stores) return failed(stores.error().text);
  World world{*(*stores)->directory, *(*stores)->store, nullptr, nullptr};
  return run_command(world, request);
}

}  // namespace

Answer administer(const std::string& config, const Request& request) {
  const auto loaded = load_settings(config);
  if (!loaded) return failed(loaded.error().text);
  const Settings& settings = **loaded;
  // What an error logs here is for whoever typed the command, who also gets the sentence.
  log.configure(Log::Level::Warning, settings.log.format);
  const std::string line = request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  auto answer = ask_server(settings.data_dir, line);
  if (!answer) return failed(answer.error().text);
  return *answer ? decode_answer(**answer) : run_here(settings, request);
}

Answer check_config(const std::string& config) {
  const auto settings = load_settings(config);
  if (!settings) return failed(settings.error().text);
  if (const auto checked = check_services(**settings); !checked) {
    return failed(config + ": " + checked.error().text);
  }
  return done(config + " is good");
}

}  // namespace waxwing
