#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

#include "daemon/systemd.h"
#include "tests/daemon/client.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

using S = Settings::Listener::Service;
using T = Settings::Listener::Tls;

TEST(Server, StopsWhenRunningCommandsAreDone) {
  House house({{143, S::Imap, T::StartTls}});
  house.timing.linger = std::chrono::milliseconds(20);
  house.open();
  Client idle(house.bound(143)), busy(house.bound(143));
  EXPECT_EQ(idle.line(), "hello");
  EXPECT_EQ(busy.line(), "hello");
  busy.send("BLOCK\r\n");
  house.stage.await_arrivals(1);
  std::thread later([&] {
    EXPECT_EQ(idle.line(), "goodbye: The server is shutting down");
    house.stage.open();
  });
  EXPECT_TRUE(house.stop());
  later.join();
  EXPECT_EQ(busy.line(), "worked");
  EXPECT_EQ(busy.line(), "goodbye: The server is shutting down");
  EXPECT_EQ(busy.line(), "<closed>");
}

TEST(Server, StopsInBoundedTimeWhateverACommandDoes) {
  House house({{143, S::Imap, T::StartTls}});
  house.timing.stop = std::chrono::milliseconds(50);
  house.open();
  Client busy(house.bound(143));
  busy.send("BLOCK\r\n");
  house.stage.await_arrivals(1);
  EXPECT_TRUE(house.stop());
  EXPECT_FALSE(house.server().join(std::chrono::milliseconds(1)));
  house.stage.open();
  EXPECT_TRUE(house.server().join(std::chrono::minutes(1)));
}

TEST(Server, ShowsAndEndsSessions) {
  House house({{143, S::Imap, T::StartTls}, {993, S::Imap, T::Implicit}});
  house.open();
  Client alice(house.bound(993)), bob(house.bound(143));
  ASSERT_TRUE(alice.start_tls());
  EXPECT_EQ(alice.line(), "hello");
  EXPECT_EQ(alice.say("USER alice"), "welcome");
  EXPECT_EQ(bob.line(), "hello");
  EXPECT_EQ(bob.say("USER bob"), "welcome");
  const auto sessions = house.server().sessions();
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].user, "alice");
  EXPECT_EQ(sessions[0].tls, "TLSv1.3");
  EXPECT_EQ(sessions[0].port, 993);
  EXPECT_EQ(sessions[0].address, "127.0.0.1");
  EXPECT_EQ(sessions[1].tls, "");
  EXPECT_EQ(house.server().kick("none"), 0u);
  EXPECT_EQ(house.server().kick(sessions[0].id), 1u);
  EXPECT_EQ(alice.line(), "goodbye: An administrator ended this session");
  EXPECT_EQ(bob.say("still"), "you said still");
  house.server().kick_user("bob");
  EXPECT_EQ(bob.line(), "goodbye: This account has changed: sign in again");
}

TEST(Server, EndsASessionWhoseAccountChangedWhileItSignedIn) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client bob(house.bound(143)), carol(house.bound(143));
  EXPECT_EQ(bob.line(), "hello");
  EXPECT_EQ(carol.line(), "hello");
  bob.send("SIGNIN bob\r\n");
  carol.send("SIGNIN carol\r\n");
  house.stage.await_arrivals(2);
  house.server().kick_user("bob");
  EXPECT_EQ(house.server().sessions().size(), 2u);  // the loops have heard of it
  house.stage.open();
  EXPECT_EQ(bob.line(), "worked");
  EXPECT_EQ(bob.line(), "goodbye: This account has changed: sign in again");
  EXPECT_EQ(carol.line(), "worked");
  EXPECT_EQ(carol.say("still"), "you said still");
}

TEST(Server, ChoosesTheCertificateByName) {
  House house({{993, S::Imap, T::Implicit}});
  for (const char* name : {"mail.example.test", "other.example.test"}) {
    const std::string file = write_certificate(house.folder, name);
    house.settings.certificates.push_back({file, file});
  }
  house.open();
  const auto certificate_for = [&](const std::string& name) {
    Client client(house.bound(993));
    EXPECT_TRUE(client.start_tls({name, "", false}));
    return client.certificate_name();
  };
  EXPECT_EQ(certificate_for("other.example.test"), "other.example.test");
  EXPECT_EQ(certificate_for("OTHER.example.test."), "other.example.test");
  EXPECT_EQ(certificate_for("mail.example.test"), "mail.example.test");
  EXPECT_EQ(certificate_for("unknown.example.test"), "mail.example.test");
  EXPECT_EQ(certificate_for(""), "mail.example.test");
}

// Outlook 2013 and Outlook for Mac 15 name no host; people type the server's own.
TEST(Server, ShowsTheCertificateOfItsHostNameToWhoNamesNone) {
  House house({{993, S::Imap, T::Implicit}});
  for (const char* name : {"www.example.test", "mail.example.test"}) {
    const std::string file = write_certificate(house.folder, name);
    house.settings.certificates.push_back({file, file});
  }
  house.settings.hostname = "Mail.example.test";
  house.open();
  for (const bool only_1_2 : {false, true}) {
    Client client(house.bound(993));
    EXPECT_TRUE(client.start_tls({"", "", only_1_2}));
    EXPECT_EQ(client.certificate_name(), "mail.example.test");
  }
}

TEST(Server, KeepsItsSelfSignedCertificate) {
  const Folder folder;
  Settings settings;
  settings.hostname = "mail.example.test";
  settings.data_dir = folder.path();
  const auto read = [&] {
    House house({{993, S::Imap, T::Implicit}});
    house.settings.data_dir = folder.path();
    house.open();
    Client client(house.bound(993));
    EXPECT_TRUE(client.start_tls());
    return client.certificate();
  };
  EXPECT_EQ(read(), read());
}

TEST(Server, TakesNewCertificatesAndKeepsOldOnesWhenTheNewAreBad) {
  House house({{993, S::Imap, T::Implicit}});
  const std::string file = write_certificate(house.folder, "old.example.test");
  house.settings.certificates = {{file, file}};
  house.timing.certificates = std::chrono::hours(1);
  house.open();
  const auto now = [&] {
    Client client(house.bound(993));
    EXPECT_TRUE(client.start_tls());
    return client.certificate_name();
  };
  const auto refresh = [&] {
    house.on_main([&] { house.server().refresh_certificates(Server::Reread::WhenChanged); });
  };
  Client before(house.bound(993));
  ASSERT_TRUE(before.start_tls());
  EXPECT_EQ(before.line(), "hello");

  std::filesystem::rename(write_certificate(house.folder, "new.example.test"), file);
  refresh();
  EXPECT_EQ(now(), "new.example.test");

  std::filesystem::remove(file);
  house.folder.write(std::filesystem::relative(file, house.folder.path()).string(), "broken");
  refresh();
  EXPECT_EQ(now(), "new.example.test");
  EXPECT_EQ(before.say("still here"), "you said still here");
}

TEST(Server, NoticesChangedCertificatesByItself) {
  House house({{993, S::Imap, T::Implicit}});
  const std::string file = write_certificate(house.folder, "old.example.test");
  house.settings.certificates = {{file, file}};
  house.timing.certificates = std::chrono::milliseconds(5);
  house.open();
  std::filesystem::rename(write_certificate(house.folder, "new.example.test"), file);
  std::string name;
  for (int tries = 0; tries < 1000 && name != "new.example.test"; ++tries) {
    Client client(house.bound(993));
    ASSERT_TRUE(client.start_tls());
    name = client.certificate_name();
  }
  EXPECT_EQ(name, "new.example.test");
}

TEST(Server, ReloadsPortsAndLimitsWithoutDroppingSessions) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client before(house.bound(143));
  EXPECT_EQ(before.line(), "hello");
  Settings changed = house.settings;
  changed.ports = {{110, S::Pop3, T::StartTls}};
  changed.limits.connections = 2;
  house.on_main(
      [&] { EXPECT_TRUE(house.server().reload(std::make_shared<const Settings>(changed))); });
  EXPECT_THROW(Client(house.bound(143)), std::runtime_error);
  Client after(house.bound(110));
  EXPECT_EQ(after.line(), "hello");
  EXPECT_EQ(before.say("still here"), "you said still here");
  Client third(house.bound(110));
  EXPECT_EQ(third.line(), "-ERR [SYS/TEMP] Too many connections, try again later");
}

TEST(Server, RefusesAReloadThatItCannotDo) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  House other({{143, S::Imap, T::StartTls}});
  other.open();
  Settings changed = house.settings;
  const int taken = other.bound(143) - house.settings.port_offset;
  if (taken <= 0) GTEST_SKIP() << "the other port is below the offset";
  changed.ports.push_back({static_cast<std::uint16_t>(taken), S::Pop3, T::StartTls});
  house.on_main([&] {
    const auto outcome = house.server().reload(std::make_shared<const Settings>(changed));
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().text.find("another program has it"), std::string::npos);
  });
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
}

TEST(Server, SaysThatItsLoopsTurn) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  while (!house.server().is_alive()) std::this_thread::yield();
}

TEST(Systemd, SpeaksTheNotifyProtocol) {
  const Folder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder.path("notify").copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  setenv("NOTIFY_SOCKET", folder.path("notify").c_str(), 1);
  setenv("WATCHDOG_USEC", "30000000", 1);
  Systemd systemd;
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(systemd.watchdog(), std::chrono::milliseconds(15000));
  const auto heard = [&] {
    char text[256];
    const ssize_t size = recv(socket.get(), text, sizeof text, 0);
    return std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  };
  systemd.ready("fine");
  EXPECT_EQ(heard(), "READY=1\nSTATUS=fine");
  systemd.reloading();
  EXPECT_EQ(heard().find("RELOADING=1\nMONOTONIC_USEC="), 0u);
  systemd.alive();
  EXPECT_EQ(heard(), "WATCHDOG=1");
  systemd.stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
}

}  // namespace
}  // namespace waxwing::test
