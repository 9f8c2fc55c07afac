#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "daemon/server.h"
#include "storage/queue.h"
#include "tests/daemon/echo_session.h"

namespace waxwing::test {

// Of the day on which a FakeClock begins.
constexpr std::int64_t kNoon = 1'790'000'000 / 86400 * 86400 + 43'200;

// A folder that goes when the test ends.
class Folder {
 public:
  Folder();
  ~Folder();
  std::string path(const std::string& name = "") const;
  std::string write(const std::string& name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

// An empty queue below that folder. Which way mail goes it does not say.
std::unique_ptr<Queue> make_queue(const Folder& folder, const Clock& clock);

// A certificate for `hostname` and its key in one PEM file, new each time.
std::string write_certificate(const Folder& folder, const std::string& hostname);

// A server of echo sessions on free loopback ports, with its main loop on a thread of its own.
class House {
 public:
  using Listener = Settings::Listener;
  // Known to clients as `port`; bound at bound(port).
  explicit House(std::vector<Listener> ports);
  ~House();

  // Before open().
  Settings settings;
  Timing timing;
  Lanes::Sizes lanes{2, 1, 1, 1, 100};
  Stage stage;
  Folder folder;

  void open();
  Server& server() { return *server_; }
  // Runs it on the server's main thread and waits for it.
  void on_main(const std::function<void()>& task);
  std::uint16_t bound(std::uint16_t port) const { return settings.port_offset + port; }
  // Stops gracefully; true when it was done within a minute.
  bool stop();
  // Waits until so many connections are there.
  void await_count(std::uint64_t count);

 private:
  Loop main_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace waxwing::test
