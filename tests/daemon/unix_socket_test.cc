// Listening on Unix sockets: whose they are, what stands in their way, and who comes by them.
#include "daemon/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/daemon/client.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

using testing::HasSubstr;
using S = Settings::Listener::Service;
using T = Settings::Listener::Tls;
namespace fs = std::filesystem;

TEST(UnixSocket, HasItsModeAndGoesWithItsOwner) {
  const Folder folder;
  const std::string path = folder.path("lmtp");
  {
    const auto listener = listen_at(path, 0660, {});
    ASSERT_TRUE(listener) << listener.error().text;
    struct stat found {};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_TRUE(S_ISSOCK(found.st_mode));
    EXPECT_EQ(found.st_mode & 07777, 0660u);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(UnixSocket, BelongsToTheServiceUserWhenRootMakesIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const Folder folder;
  const auto listener = listen_at(folder.path("lmtp"), 0660, ServiceUser{"nobody", 65534, 65534});
  ASSERT_TRUE(listener);
  struct stat found {};
  ASSERT_EQ(stat(folder.path("lmtp").c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, 65534u);
  EXPECT_EQ(found.st_gid, 65534u);
}

TEST(UnixSocket, ReplacesOneThatNobodyListensTo) {
  const Folder folder;
  const std::string path = folder.path("lmtp");
  const pid_t child = fork();
  if (child == 0) {
    // The name stays when the process is gone, as after kill -9.
    auto listener = listen_at(path, 0600, {});
    _exit(listener ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(path));
  EXPECT_TRUE(listen_at(path, 0660, {}));
}

TEST(UnixSocket, SaysWhatStandsInItsWay) {
  const Folder folder;
  const auto first = listen_at(folder.path("lmtp"), 0660, {});
  const auto second = listen_at(folder.path("lmtp"), 0660, {});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("another server listens there"));
  folder.write("file", "precious");
  const auto file = listen_at(folder.path("file"), 0660, {});
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().text, HasSubstr("there is a file of that name"));
  EXPECT_EQ(fs::file_size(folder.path("file")), 8u);
  const auto nowhere = listen_at(folder.path("no/where"), 0660, {});
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().text, HasSubstr("make its folder first"));
  const auto endless = listen_at(folder.path(std::string(108, 'x')), 0660, {});
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().text, HasSubstr("1 to 107 octets"));
}

TEST(UnixSocket, LeavesTheNameToWhoHasTakenIt) {
  const Folder folder;
  auto first = listen_at(folder.path("lmtp"), 0660, {});
  ASSERT_TRUE(first);
  fs::remove(folder.path("lmtp"));
  const auto second = listen_at(folder.path("lmtp"), 0660, {});
  ASSERT_TRUE(second);
  first->file = SocketFile();
  EXPECT_TRUE(fs::exists(folder.path("lmtp")));
}

TEST(UnixSocket, TakesClientsAndKnowsWhoTheyAre) {
  House house({{143, S::Imap, T::StartTls}});
  house.settings.lmtp_socket = house.folder.path("lmtp");
  house.settings.balancers = {*IpNetwork::parse("127.0.0.0/8")};
  house.open();
  Client client(house.settings.lmtp_socket);
  EXPECT_EQ(client.line(), "hello") << "no balancer, whatever its address";
  const auto sessions = house.server().sessions();
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].service, "lmtp");
  EXPECT_EQ(sessions[0].address, "unix:" + std::to_string(geteuid()));
}

TEST(UnixSocket, ComesAndGoesWithAReload) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  const std::string path = house.folder.path("lmtp");
  house.settings.lmtp_socket = path;
  const auto reload = [&] {
    Outcome outcome;
    house.on_main(
        [&] { outcome = house.server().reload(std::make_shared<const Settings>(house.settings)); });
    return outcome;
  };
  ASSERT_TRUE(reload());
  Client client(path);
  EXPECT_EQ(client.line(), "hello");
  ASSERT_TRUE(reload()) << "it is there already";
  house.settings.lmtp_socket = house.folder.path("no/where");
  EXPECT_FALSE(reload());
  EXPECT_TRUE(fs::exists(path)) << "nothing has changed";
  house.settings.lmtp_socket = "";
  ASSERT_TRUE(reload());
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(client.say("one"), "you said one");
}

TEST(UnixSocket, GoesWhenTheServerStops) {
  House house({{143, S::Imap, T::StartTls}});
  house.settings.lmtp_socket = house.folder.path("lmtp");
  house.open();
  ASSERT_TRUE(fs::exists(house.settings.lmtp_socket));
  EXPECT_TRUE(house.stop());
  EXPECT_FALSE(fs::exists(house.settings.lmtp_socket));
}

TEST(LmtpPort, IsForServersOfOursOnly) {
  House house({{24, S::Lmtp, T::StartTls}});
  house.settings.balancers = {*IpNetwork::parse("127.0.0.3")};
  house.settings.trusted_networks = {*IpNetwork::parse("192.0.2.0/24")};
  house.open();
  const auto named = [&](const char* address) {
    Client client(house.bound(24), "127.0.0.3");
    client.send(std::string("PROXY TCP4 ") + address + " 198.51.100.1 4000 24\r\n");
    return client.line();
  };
  EXPECT_EQ(named("192.0.2.7"), "hello");
  EXPECT_EQ(named("198.51.100.9"), "421 4.7.0 This port is for other servers of ours");
  Client local(house.bound(24));
  EXPECT_EQ(local.line(), "hello");
}

}  // namespace
}  // namespace waxwing::test
