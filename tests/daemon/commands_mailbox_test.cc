#include <gmock/gmock.h>

#include "auth/directory.h"
#include "daemon/administer.h"
#include "daemon/commands.h"
#include "storage/store.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MailboxCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    auto directory = Directory::open(folder_.path("directory.sqlite"), clock_);
    Store::Options options;
    options.data_dir = folder_.path();
    options.hostname = "mail.example.test";
    auto store = Store::open(options, disk_, clock_);
    ASSERT_TRUE(directory && store);
    directory_ = std::move(*directory);
    store_ = std::move(*store);
    ASSERT_TRUE(directory_->add_domain("example.test"));
    ASSERT_TRUE(directory_->add_account("alice@example.test", "secret"));
    ASSERT_TRUE(directory_->add_account("bob@example.test", "secret"));
  }
  void TearDown() override { store_->close(); }

  Answer run(Request request) {
    World world{*directory_, *store_, *queue_, nullptr};
    return run_command(world, request);
  }
  Answer create(const char* address, const char* name) {
    return run({{"command", "mailbox create"}, {"address", address}, {"mailbox", name}});
  }

  Folder folder_;
  SystemClock clock_;
  SystemDisk disk_;
  std::unique_ptr<Queue> queue_ = make_queue(folder_, clock_);
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(MailboxCommands, MakeNoOwnMailboxWithTheNameOfAnothers) {
  for (const char* name : {"Users/alice@example.test/X", "Shared/X", "Users", "Shared"}) {
    const auto answer = create("bob@example.test", name);
    EXPECT_EQ(answer.status, 1) << name;
    EXPECT_THAT(answer.text, HasSubstr("names below Users/ and Shared/ are other people's"));
  }
  EXPECT_EQ(create("bob@example.test", "Sharedness").status, 0);
  EXPECT_EQ(create("@example.test", "Plans").status, 0);
}

TEST_F(MailboxCommands, LeaveSuchNamesOutOfAnImport) {
  for (const std::uint32_t uid_validity : {0, 7}) {
    const auto answer = run({{"command", "mailbox put"},
                             {"address", "bob@example.test"},
                             {"mailbox", "Shared/X"},
                             {"uid_validity", uid_validity},
                             {"messages", nlohmann::json::array()}});
    EXPECT_EQ(answer.status, 1);
    EXPECT_EQ(answer.result.value("bad_name", false), true);
  }
  EXPECT_THAT(run({{"command", "mailbox list"}, {"address", "bob@example.test"}}).text,
              Not(HasSubstr("Shared")));
}

TEST_F(MailboxCommands, SayWhenNobodyHasTheRightsThatAreGiven) {
  const auto give = [&](const char* who, const char* rights) {
    return run({{"command", "mailbox rights"},
                {"address", "bob@example.test"},
                {"mailbox", "INBOX"},
                {"who", who},
                {"rights", rights}});
  };
  EXPECT_THAT(give("alice@example.test", "lr").text, Not(HasSubstr("nobody")));
  EXPECT_THAT(give("anyone", "lr").text, Not(HasSubstr("nobody")));
  const auto answer = give("nope@example.com", "lr");
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.text, HasSubstr("\nnobody here has the address nope@example.com"));
  EXPECT_THAT(give("nope@example.com", "none").text, Not(HasSubstr("nobody here")));
}

TEST_F(MailboxCommands, NameTheFileThatKeepsAnAccountClosed) {
  // As with a file of another user, which root, who may run the tests, could open.
  const std::string file = "/accounts/example.test/bob/account.sqlite";
  std::filesystem::create_directories(folder_.path() + file);
  const auto answer = run({{"command", "mailbox verify"}, {"address", "bob@example.test"}});
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.text, HasSubstr(file));
  EXPECT_THAT(answer.text, HasSubstr("`chown -R`"));
}

TEST(Administer, RefusesWhatIsNotUtf8) {
  const auto answer = administer(
      "/no/such/file.yaml",
      {{"command", "mailbox create"}, {"address", "bob@example.test"}, {"mailbox", "caf\xe9"}});
  EXPECT_EQ(answer.status, 2);
  EXPECT_THAT(answer.text, HasSubstr("the mailbox is not UTF-8"));
}

}  // namespace
}  // namespace waxwing::test
