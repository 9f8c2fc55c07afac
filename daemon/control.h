#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.h"
#include "base/result.h"

namespace waxwing {

// data_dir/control.sock: a client sends one line and gets one line. Who may use it is decided by
// the permissions of the file alone: 0600.

// The daemon's side. Each client has a thread while it lasts: commands block, and they are rare.
class ControlServer {
 public:
  using Handler = std::function<std::string(std::string_view line)>;  // on any thread

  // The caller holds the lock of data_dir, so a socket that is there is a dead server's.
  static Result<ControlServer> open(const std::string& data_dir, Handler handler);
  ControlServer(ControlServer&&) = default;
  // Waits for the commands that run.
  ~ControlServer();

 private:
  struct Shared;
  explicit ControlServer(std::shared_ptr<Shared> shared);
  static void serve(Shared& shared);
  static void answer(Shared& shared, Fd client);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

// A line and its end; false when nobody takes it.
bool send_line(const Fd& socket, std::string_view line);
// Without its end; nothing when there is no whole one, or it is longer than any command.
std::optional<std::string> receive_line(const Fd& socket);

// The command line's side: nothing when no server listens there.
Result<std::optional<std::string>> ask_server(const std::string& data_dir, std::string_view line);

}  // namespace waxwing
