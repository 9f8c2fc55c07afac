#include "daemon/config_check.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "daemon/ports.h"
#include "daemon/tls_client.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

std::string unreadable(const std::string& file, int error) {
  return "relay: the password_file " + file + " cannot be read: " + std::strerror(error) +
         "; the user that serves must be able to";
}

Outcome check_data_dir(const Settings& settings) {
  std::error_code error;
  if (!fs::exists(settings.data_dir, error) || fs::is_directory(settings.data_dir, error))
    return {};
  return fail(Error::Code::Invalid, "data_dir: " + settings.data_dir +
                                        " is a file: name a folder, or move the file away");
}

Outcome check_lmtp_socket(const Settings& settings) {
  if (settings.lmtp_socket.empty()) return {};
  const fs::path folder = fs::path(settings.lmtp_socket).parent_path();
  std::error_code error;
  // This one systemd makes with the service (RuntimeDirectory=).
  const bool comes_later = folder == fs::path(kSubmitSocket).parent_path();
  if (comes_later || fs::is_directory(folder, error)) return {};
  return fail(Error::Code::Invalid, "listen.lmtp_socket: there is no folder " + folder.string() +
                                        ": make it first, or name another one");
}

}  // namespace

Result<std::vector<std::string>> check_files(const Settings& settings,
                                             const std::optional<ServiceUser>& user) {
  if (auto good = check_data_dir(settings); !good) return fail(good.error());
  if (auto good = check_lmtp_socket(settings); !good) return fail(good.error());
  if (!settings.outbound.ca_file.empty()) {
    if (const auto tls = TlsClient::make(settings.outbound.ca_file); !tls)
      return fail(tls.error().code, "outbound.ca_file: " + tls.error().text);
  }
  std::vector<std::string> unknown;
  for (const auto& relay : settings.relay) {
    if (relay.password_file.empty()) continue;
    const int error = why_unreadable(relay.password_file, user);
    if (error == 0) continue;
    // Not root, and perhaps not the user that serves.
    const bool is_ours_to_know = user.has_value() || geteuid() == 0 || error != EACCES;
    if (is_ours_to_know) return fail(Error::Code::Denied, unreadable(relay.password_file, error));
    unknown.push_back(unreadable(relay.password_file, error));
  }
  return unknown;
}

std::vector<std::string> unreadable_passwords(const Settings& settings) {
  std::vector<std::string> all;
  for (const auto& relay : settings.relay) {
    if (relay.password_file.empty()) continue;
    const int error = why_unreadable(relay.password_file, std::nullopt);
    if (error != 0) all.push_back(unreadable(relay.password_file, error));
  }
  return all;
}

}  // namespace waxwing
