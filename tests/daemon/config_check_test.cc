#include "daemon/config_check.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

using ::testing::HasSubstr;

std::string trouble(const Settings& settings, const std::optional<ServiceUser>& user = {}) {
  const auto checked = check_files(settings, user);
  return checked ? std::string() : checked.error().text;
}

class ConfigCheck : public ::testing::Test {
 protected:
  ConfigCheck() { settings_.data_dir = folder_.path("data"); }
  void use_password(const std::string& file) {
    Settings::Relay relay;
    relay.host = "smart.test";
    relay.user = "waxwing";
    relay.password_file = file;
    settings_.relay = {relay};
  }

  Folder folder_;
  Settings settings_;
};

TEST_F(ConfigCheck, TakesWhatServeTakes) {
  settings_.lmtp_socket = folder_.path("lmtp.sock");
  use_password(folder_.write("password", "secret\n"));
  EXPECT_EQ(trouble(settings_), "");
  EXPECT_TRUE(unreadable_passwords(settings_).empty());
  // The unit makes this folder with the service.
  settings_.lmtp_socket = "/run/waxwing/lmtp.sock";
  EXPECT_EQ(trouble(settings_), "");
}

TEST_F(ConfigCheck, RefusesAuthoritiesThatCannotBeRead) {
  settings_.outbound.ca_file = folder_.path("none.pem");
  EXPECT_THAT(trouble(settings_), HasSubstr("outbound.ca_file: "));
  EXPECT_THAT(trouble(settings_), HasSubstr("none.pem"));
}

TEST_F(ConfigCheck, NamesThePasswordOfARelayThatCannotBeRead) {
  use_password(folder_.path("none"));
  EXPECT_EQ(trouble(settings_), "relay: the password_file " + folder_.path("none") +
                                    " cannot be read: No such file or directory; the user that "
                                    "serves must be able to");
  ASSERT_EQ(unreadable_passwords(settings_).size(), 1u);
  EXPECT_EQ(unreadable_passwords(settings_)[0], trouble(settings_));
}

TEST_F(ConfigCheck, LooksAtAPasswordAsTheUserThatServes) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can look as another";
  use_password(folder_.write("password", "secret\n"));
  const auto user = find_service_user("nobody");
  ASSERT_TRUE(user);
  EXPECT_THAT(trouble(settings_, *user), HasSubstr("cannot be read: Permission denied"));
}

TEST_F(ConfigCheck, RefusesASocketWhoseFolderIsMissing) {
  settings_.lmtp_socket = folder_.path("no/lmtp.sock");
  EXPECT_EQ(trouble(settings_), "listen.lmtp_socket: there is no folder " + folder_.path("no") +
                                    ": make it first, or name another one");
}

TEST_F(ConfigCheck, RefusesAFileAsDataDir) {
  folder_.write("data", "");
  EXPECT_EQ(trouble(settings_),
            "data_dir: " + settings_.data_dir + " is a file: name a folder, or move the file away");
}

}  // namespace
}  // namespace waxwing::test
