#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "config/settings.h"
#include "daemon/commands.h"

namespace waxwing {

// Whoever carries out requests of the command line, one after another: the server that runs,
// through control.sock; or, while none does, a process of our own that has taken the lock of
// data_dir and become the user that serves. This process stays who it is, so it can read what only
// its user may.
class Administration {
 public:
  static Result<Administration> open(const std::string& config);
  Administration(Administration&& other) noexcept;
  // Waits for the process, if there is one.
  ~Administration();

  Answer ask(const Request& request);

 private:
  explicit Administration(std::shared_ptr<const Settings> settings)
      : settings_(std::move(settings)) {}
  Outcome start_helper();
  static void serve(const std::shared_ptr<const Settings>& settings, Fd requests);

  std::shared_ptr<const Settings> settings_;
  Fd helper_;  // requests go in, answers come out; a line each
  int helper_pid_ = -1;
};

// One request.
Answer administer(const std::string& config, const Request& request);

Answer check_config(const std::string& config);

}  // namespace waxwing
