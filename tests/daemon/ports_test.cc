#include "daemon/ports.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "daemon/service_user.h"
#include "tests/daemon/client.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

using S = Settings::Listener::Service;
using T = Settings::Listener::Tls;

// What touches the whole process happens in a child: its exit status.
int in_child(const std::function<int()>& task) {
  const pid_t child = fork();
  if (child == 0) _exit(task());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Settings settings_for(std::uint16_t port) {
  Settings settings;
  settings.addresses = {"127.0.0.1"};
  settings.addresses_are_default = false;
  settings.ports = {{port, S::Imap, T::StartTls}};
  return settings;
}

// A port that was free a moment ago, with its socket.
std::pair<std::uint16_t, Fd> any_port() {
  for (int port = 21000; port < 60000; port += 7) {
    auto bound = bind_ports(settings_for(static_cast<std::uint16_t>(port)), {});
    if (bound) return {static_cast<std::uint16_t>(port), std::move(bound->front().socket)};
  }
  return {};
}

TEST(Ports, TakesSocketsFromSystemd) {
  const auto [port, socket] = any_port();
  EXPECT_EQ(in_child([&, port = port, fd = socket.get()] {
              dup2(fd, 3);
              setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
              setenv("LISTEN_FDS", "1", 1);
              const Settings settings = settings_for(port);
              const auto ports = inherited_ports(settings);
              if (ports.size() != 1 || ports[0].number != port || !ports[0].inherited) return 1;
              if (ports[0].address != "127.0.0.1") return 2;
              if (getenv("LISTEN_FDS")) return 3;
              const auto rest = bind_ports(settings, {&ports[0]});
              return rest && rest->empty() ? 0 : 4;
            }),
            0);
}

TEST(Ports, IgnoresSocketsThatWereForAnotherProcess) {
  EXPECT_EQ(in_child([] {
              setenv("LISTEN_PID", "1", 1);
              setenv("LISTEN_FDS", "1", 1);
              return inherited_ports(settings_for(143)).empty() ? 0 : 1;
            }),
            0);
}

TEST(Ports, SaysWhoseMistakeATakenPortIs) {
  const auto [port, socket] = any_port();
  const auto again = bind_ports(settings_for(port), {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().text, "listen: cannot bind port " + std::to_string(port) +
                                    " of 127.0.0.1: Address already in use; another program has "
                                    "it: stop that one, or leave the port out of listen.ports");
}

TEST(Ports, BindsIpv6ForIpv6Only) {
  const auto [port, socket] = any_port();  // on 127.0.0.1
  Settings settings = settings_for(port);
  settings.addresses = {"::"};
  const auto bound = bind_ports(settings, {});
  if (!bound) GTEST_SKIP() << "no IPv6 here: " << bound.error().text;
  EXPECT_EQ(bound->front().address, "::");
}

TEST(Ports, NoticesWhenTheMachineLacksAnAddress) {
  Settings settings = settings_for(40143);
  settings.addresses = {"192.0.2.1"};  // TEST-NET-1
  const auto bound = bind_ports(settings, {});
  ASSERT_FALSE(bound);
  EXPECT_NE(bound.error().text.find("correct listen.addresses"), std::string::npos);
}

TEST(ServiceUser, GivesUpRootForGood) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give up root";
  EXPECT_EQ(in_child([] {
              const auto user = find_service_user("nobody");
              if (!user || !*user) return 1;
              if (!become(*user)) return 2;
              if (geteuid() == 0 || getuid() == 0 || getegid() == 0) return 3;
              return setuid(0) == 0 ? 4 : 0;
            }),
            0);
}

TEST(ServiceUser, IsNeverRootOrUnknown) {
  if (geteuid() != 0) GTEST_SKIP() << "others stay who they are";
  EXPECT_FALSE(find_service_user("root"));
  const auto unknown = find_service_user("no-such-user");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().text.find("useradd --system"), std::string::npos);
}

TEST(ServiceUser, GetsNothingFromRootButAnEmptyFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has something to give";
  const auto user = find_service_user("nobody");
  ASSERT_TRUE(user && *user);
  const auto owner = [](const std::string& path) {
    struct stat seen {};
    stat(path.c_str(), &seen);
    return seen.st_uid;
  };
  const Folder folder;
  namespace fs = std::filesystem;
  fs::create_directories(folder.path("empty"));
  fs::create_directories(folder.path("full/of/something"));
  fs::create_directories(folder.path("target"));
  fs::create_directory_symlink(folder.path("target"), folder.path("link"));

  EXPECT_TRUE(prepare_data_dir(folder.path("empty"), *user));
  EXPECT_EQ(owner(folder.path("empty")), (*user)->user);
  for (const char* kept : {"full", "link"}) {
    const auto refused = prepare_data_dir(folder.path(kept), *user);
    ASSERT_FALSE(refused) << kept;
    EXPECT_EQ(owner(folder.path(kept)), 0u) << kept;
  }
  fs::permissions(folder.path("empty"), fs::perms::others_write, fs::perm_options::add);
  EXPECT_FALSE(prepare_data_dir(folder.path("empty"), *user));
}

TEST(ServiceUser, MakesTheDataFolderForTheServiceAlone) {
  const Folder folder;
  const std::string data_dir = folder.path("var/lib/mail");
  ASSERT_TRUE(prepare_data_dir(data_dir, std::nullopt));
  ASSERT_TRUE(prepare_data_dir(data_dir, std::nullopt));
  const auto permissions = std::filesystem::status(data_dir).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace waxwing::test
