// What may leave this server, and for whom it is taken: trusted networks, users of this machine,
// another store behind it, and mail that another server has taken already.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include "daemon/intake.h"
#include "daemon/local_users.h"
#include "tests/daemon/house.h"
#include "tests/daemon/memory_store.h"

namespace waxwing {
namespace {

using smtp::MailEnvelope;
using smtp::Origin;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kPlain = "Subject: hi\r\n\r\ntext\r\n";

class RelayingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new test::Folder;
    static FakeClock clock;
    directory_ = Directory::open(folder_->path("directory.sqlite"), clock).value().release();
    ASSERT_TRUE(directory_->add_domain("example.test"));
    ASSERT_TRUE(directory_->import_account("alice@example.test",
                                           "{SHA512-CRYPT}$6$salt$" + std::string(86, 'x')));
    ASSERT_TRUE(directory_->add_alias("gone@example.test", {"bob@far.example"}));
  }
  static void TearDownTestSuite() {
    delete directory_;
    delete folder_;
  }

  RelayingTest() {
    settings_.hostname = "mail.example.test";
    settings_.relay = {
        {.host = "store.lan", .domains = {"other.example"}, .lmtp = true, .accept = true},
        {.host = "smart.lan"}};
    stranger_.peer.session_id = "s1";
    stranger_.peer.address = IpAddress::v4({192, 0, 2, 7});
    stranger_.helo = "mx.far.example";
    stranger_.esmtp = true;
    trusted_ = stranger_;
    trusted_.is_trusted = true;
    front_ = stranger_;
    front_.peer.service = Service::Lmtp;
    front_.is_vouched_for = true;
    store_.mailboxes["alice@example.test"] = {{{1}, "INBOX"}};
  }

  MailIntake& intake() {
    if (!intake_) {
      intake_ = std::make_unique<MailIntake>(settings_, store_, *directory_, *queue_, clock_);
      intake_->add(local_user_check(*directory_));
    }
    return *intake_;
  }
  std::string recipient(const Origin& origin, const std::string& address) {
    MailEnvelope envelope;
    const auto reply = intake().add_recipient(origin, envelope, {address, {}});
    return std::to_string(reply.code) + " " + reply.enhanced;
  }
  std::string send(const Origin& origin, const std::string& from, const std::string& to,
                   std::string_view text) {
    MailEnvelope envelope;
    envelope.sender = from;
    EXPECT_EQ(intake().add_recipient(origin, envelope, {to, {}}).code, 250) << to;
    auto staged = intake().stage(0);
    EXPECT_TRUE((*staged)->append(text));
    const auto findings = intake().examine(origin, envelope, **staged);
    const auto reply = intake().accept(origin, envelope, std::move(*staged), findings);
    return std::to_string(reply.code) + " " + reply.enhanced;
  }
  Origin user(uid_t id) const {
    Origin origin = trusted_;
    origin.peer.address = IpAddress::v4({127, 0, 0, 1});
    origin.peer.user_id = id;
    return origin;
  }

  static test::Folder* folder_;
  static Directory* directory_;
  test::Folder queue_folder_;
  FakeClock clock_;
  std::unique_ptr<Queue> queue_ = test::make_queue(queue_folder_, clock_);
  Settings settings_;
  test::MemoryStore store_;
  Origin stranger_, trusted_, front_;
  std::unique_ptr<MailIntake> intake_;
};

test::Folder* RelayingTest::folder_ = nullptr;
Directory* RelayingTest::directory_ = nullptr;

TEST_F(RelayingTest, OnlyWhoIsTrustedSendsAway) {
  EXPECT_EQ(recipient(stranger_, "x@far.example"), "550 5.7.1");
  EXPECT_EQ(recipient(front_, "x@far.example"), "550 5.7.1");
  EXPECT_EQ(recipient(trusted_, "x@far.example"), "250 2.1.5");
  EXPECT_EQ(recipient(trusted_, "nobody@example.test"), "550 5.1.1");
}

TEST_F(RelayingTest, CompletesWhatATrustedClientSends) {
  EXPECT_EQ(send(trusted_, "cron@lan.example", "alice@example.test",
                 "Subject: hi\r\nBcc: x@far.example\r\n\r\ntext\r\n"),
            "250 2.0.0");
  const auto text = store_.text();
  EXPECT_THAT(text, HasSubstr("Received: from mx.far.example ([192.0.2.7])\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nDate: "));
  EXPECT_THAT(text, testing::ContainsRegex("\r\nMessage-ID: <[0-9a-f]+@mail.example.test>\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("From: "))) << "nobody knows who wrote it";
  EXPECT_THAT(text, Not(HasSubstr("Bcc")));
}

TEST_F(RelayingTest, NobodyAsksWhetherATrustedClientIsWhoItSays) {
  IntakeCheck check{"strangers", IntakeCheck::Of::Strangers, true, {}};
  EXPECT_TRUE(looks_at(check, settings_, stranger_));
  EXPECT_FALSE(looks_at(check, settings_, trusted_));
  EXPECT_FALSE(looks_at(check, settings_, front_)) << "the server in front has asked";
}

TEST_F(RelayingTest, PassesOnForAliasesUnderASenderOfItsOwn) {
  intake().forward_by(std::make_shared<const mail::Srs>("key"));
  EXPECT_EQ(send(trusted_, "cron@lan.example", "gone@example.test", kPlain), "250 2.0.0");
  EXPECT_THAT(store_.sent.at(0).envelope.sender, StartsWith("SRS0="));
  EXPECT_EQ(send(trusted_, "cron@lan.example", "x@far.example", kPlain), "250 2.0.0");
  EXPECT_EQ(store_.sent.at(1).envelope.sender, "cron@lan.example") << "what it sends is its own";
}

TEST_F(RelayingTest, TakesEverybodysMailForAStoreBehindIt) {
  EXPECT_EQ(recipient(stranger_, "anybody@other.example"), "250 2.1.5");
  EXPECT_EQ(recipient(stranger_, "anybody@OTHER.example"), "250 2.1.5");
  EXPECT_EQ(recipient(front_, "anybody@other.example"), "250 2.1.5");
  EXPECT_EQ(recipient(stranger_, "anybody@sub.other.example"), "550 5.7.1");
  EXPECT_EQ(recipient(stranger_, "other.example!x@far.example"), "550 5.7.1");
  EXPECT_EQ(send(stranger_, "carol@far.example", "anybody@other.example", kPlain), "250 2.0.0");
  EXPECT_EQ(store_.sent.at(0).envelope.sender, "carol@far.example");
  EXPECT_EQ(store_.sent.at(0).envelope.recipients.at(0).address, "anybody@other.example");
}

TEST_F(RelayingTest, SaysInReceivedHowItCame) {
  EXPECT_EQ(send(front_, "carol@far.example", "alice@example.test", kPlain), "250 2.0.0");
  EXPECT_THAT(store_.text(), HasSubstr("by mail.example.test with LMTP\r\n"));
  EXPECT_THAT(store_.text(), Not(HasSubstr("Message-ID")));
  store_.copies.clear();
  EXPECT_EQ(send(user(12345), "cron@lan.example", "alice@example.test", kPlain), "250 2.0.0");
  EXPECT_THAT(store_.text(), HasSubstr("Received: from mx.far.example (user id 12345)\r\n"));
}

TEST_F(RelayingTest, AUserOfTheMachineDoesNotWriteAsAnAccount) {
  const auto from = [](const char* address) {
    return std::string("From: ") + address + "\r\nSubject: hi\r\n\r\ntext\r\n";
  };
  const auto tried = [&](const Origin& origin, const char* sender, const std::string& text) {
    return send(origin, sender, "x@far.example", text);
  };
  const Origin somebody = user(12345);
  EXPECT_EQ(tried(somebody, "alice@example.test", kPlain), "550 5.7.1");
  EXPECT_EQ(tried(somebody, "gone@example.test", kPlain), "550 5.7.1");
  EXPECT_EQ(tried(somebody, "ALICE+tag@Example.Test", kPlain), "550 5.7.1");
  EXPECT_EQ(tried(somebody, "", from("alice@example.test")), "550 5.7.1");
  EXPECT_EQ(tried(somebody, "", from("x@lan.example, Alice <alice@example.test>")), "550 5.7.1");
  EXPECT_EQ(tried(somebody, "", "Sender: alice@example.test\r\n" + from("x@lan.example")),
            "550 5.7.1");
  EXPECT_EQ(tried(somebody, "", from("x@lan.example").insert(0, "From: alice@example.test\r\n")),
            "550 5.7.1");
  EXPECT_EQ(tried(somebody, "", from("x@lan.example <alice@example.test")), "550 5.6.0");
  // Nobody's address, here or elsewhere.
  EXPECT_EQ(tried(somebody, "www@lan.example", from("\"Shop\" <noreply@example.test>")),
            "250 2.0.0");
  EXPECT_EQ(tried(somebody, "", kPlain), "250 2.0.0");
  for (const uid_t mighty : {uid_t{0}, geteuid()})
    EXPECT_EQ(tried(user(mighty), "alice@example.test", from("alice@example.test")), "250 2.0.0");
}

TEST_F(RelayingTest, AUserOfTheMachineHasAnAddressOfHisOwn) {
  const passwd* nobody = getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  if (nobody->pw_uid == geteuid()) GTEST_SKIP() << "who runs this may do everything";
  ASSERT_TRUE(directory_->add_domain("mail.example.test"));
  ASSERT_TRUE(directory_->add_alias("nobody@mail.example.test", {"alice@example.test"}));
  ASSERT_TRUE(directory_->add_alias("root@mail.example.test", {"alice@example.test"}));
  const auto as = [&](const char* address) {
    return send(user(nobody->pw_uid), address, "alice@example.test", kPlain);
  };
  EXPECT_EQ(as("nobody@mail.example.test"), "250 2.0.0");
  EXPECT_EQ(as("root@mail.example.test"), "550 5.7.1");
}

}  // namespace
}  // namespace waxwing
