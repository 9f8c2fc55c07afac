#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace waxwing {

// Whom a process started as root becomes before it serves: `user` of the configuration.
struct ServiceUser {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};

// Nothing when the process is not root: it stays who it is. An error when `name` is unknown or
// root.
Result<std::optional<ServiceUser>> find_service_user(const std::string& name);

// Creates data_dir (0700) when it is not there, and gives it to the user; an empty one of root's,
// too. Denied for one that holds something, belongs to somebody else or lets others write.
Outcome prepare_data_dir(const std::string& data_dir, const std::optional<ServiceUser>& user);

// Gives up root for good: groups, identity, and no program that this one starts gets more. Does
// only the last when there is no user to become.
Outcome become(const std::optional<ServiceUser>& user);

// Why that user could not read a file, as errno; 0: he could. Without one, this process's user.
// Asks a process of its own: call it before there are threads, or without a user.
int why_unreadable(const std::string& path, const std::optional<ServiceUser>& user);

// What a process that holds mail does first: files for nobody else, no core dumps with mail in
// them.
void be_discreet();
// As many open files as the system allows. Returns how many that are.
std::uint64_t raise_file_limit();

}  // namespace waxwing
