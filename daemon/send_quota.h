#pragma once

#include <optional>
#include <string>

#include "auth/directory.h"
#include "config/settings.h"
#include "daemon/intake_checks.h"
#include "storage/send_counts.h"

namespace waxwing {

// How much an account may send to other servers: its own limits, or those of the configuration.
// A password that was stolen, or a program that runs wild, ends there. Any thread; may block.
class SendQuota {
 public:
  // They outlive it.
  SendQuota(Directory& directory, SendCounts& counts) : directory_(directory), counts_(counts) {}

  // Why the account must not write to so many now; nothing where it may.
  std::optional<smtp::Reply> refuse(const Settings& settings, const std::string& account,
                                    std::size_t recipients);
  // For the whole message: what passes it is counted, so it is the last of the checks.
  IntakeCheck check();

 private:
  Result<SendCounts::Limits> limits_of(const Settings& settings, const std::string& account);
  std::optional<smtp::Reply> count(const Candidate& candidate);

  Directory& directory_;
  SendCounts& counts_;
};

}  // namespace waxwing
