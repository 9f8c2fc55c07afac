#include "tests/daemon/house.h"

#include <unistd.h>

#include <fstream>
#include <future>
#include <random>
#include <stdexcept>

#include "daemon/self_signed.h"

namespace waxwing::test {

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "waxwing-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::path(const std::string& name) const {
  return (path_ / name).string();
}

std::string Folder::write(const std::string& name, std::string_view text) const {
  const std::string file = path(name);
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

std::unique_ptr<Queue> make_queue(const Folder& folder, const Clock& clock) {
  static SystemDisk disk;
  auto queue = Queue::open(
      {.data_dir = folder.path()}, disk, clock,
      [](const std::string& address) { return address.substr(address.rfind('@') + 1); });
  if (!queue) throw std::runtime_error(queue.error().text);
  return std::move(*queue);
}

std::string write_certificate(const Folder& folder, const std::string& hostname) {
  static int count = 0;
  const auto made = self_signed(folder.path("made-" + std::to_string(++count)), hostname);
  if (!made) throw std::runtime_error(made.error().text);
  return made->certificate;
}

House::House(std::vector<Listener> ports) {
  settings.hostname = "mail.example.test";
  settings.data_dir = folder.path();
  settings.addresses = {"127.0.0.1"};
  settings.addresses_are_default = false;
  settings.ports = std::move(ports);
}

void House::open() {
  // Nobody hands out a range of free ports: it tries until one is free, above those of tests/live,
  // whose daemons come back to theirs after a stop.
  std::random_device random;
  Result<std::vector<BoundPort>> bound = fail(Error::Code::Temporary, "");
  for (int tries = 0; tries < 50 && !bound; ++tries) {
    settings.port_offset = static_cast<std::uint16_t>(32000 + random() % 28000);
    bound = bind_ports(settings, {});
  }
  if (!bound) throw std::runtime_error(bound.error().text);
  auto sockets = bind_sockets(settings, {}, {});
  if (!sockets) throw std::runtime_error(sockets.error().text);
  for (BoundPort& socket : *sockets) bound->push_back(std::move(socket));
  auto now = std::make_shared<const Settings>(settings);
  auto certificates = Certificates::load(*now);
  if (!certificates) throw std::runtime_error(certificates.error().text);
  server_ = std::make_unique<Server>(
      main_, Server::Parts{now, *certificates, std::move(*bound),
                           [this](const Peer& peer, std::shared_ptr<const Settings>,
                                  std::weak_ptr<Watcher> watcher) -> std::unique_ptr<Session> {
                             stage.remember(std::move(watcher));
                             return std::make_unique<EchoSession>(stage, peer);
                           },
                           timing, lanes, 2});
  thread_ = std::thread([this] { main_.run(); });
}

House::~House() {
  if (!thread_.joinable()) return;
  stage.open();
  main_.stop();
  thread_.join();
  server_.reset();
}

void House::on_main(const std::function<void()>& task) {
  const auto done = std::make_shared<std::promise<void>>();
  main_.post([done, &task] {
    task();
    done->set_value();
  });
  done->get_future().get();
}

bool House::stop() {
  const auto stopped = std::make_shared<std::promise<void>>();
  main_.post([this, stopped] { server_->stop([stopped] { stopped->set_value(); }); });
  return stopped->get_future().wait_for(std::chrono::minutes(1)) == std::future_status::ready;
}

void House::await_count(std::uint64_t count) {
  while (server_->count() != count) std::this_thread::yield();
}

}  // namespace waxwing::test
