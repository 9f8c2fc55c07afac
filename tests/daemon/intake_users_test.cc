// What users send, and how much.
#include <gmock/gmock.h>

#include "daemon/send_quota.h"
#include "tests/daemon/intake_fixture.h"

namespace waxwing {
namespace {

using smtp::MailEnvelope;
using smtp::Origin;
using smtp::Reply;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(IntakeTest, UsersSendAsThemselves) {
  EXPECT_EQ(sender(alice_, "alice@example.test"), "250 2.1.0");
  EXPECT_EQ(sender(alice_, "alice+tag@example.test"), "250 2.1.0");
  EXPECT_EQ(sender(alice_, "sales@example.test"), "250 2.1.0");
  EXPECT_EQ(sender(alice_, ""), "250 2.1.0");
  EXPECT_EQ(sender(alice_, "bob@example.test"), "553 5.7.1");
  EXPECT_EQ(sender(alice_, "carol@far.example"), "553 5.7.1");
  EXPECT_EQ(sender(stranger_, "carol@far.example"), "250 2.1.0");
}

TEST_F(IntakeTest, LetsAUserSendAsMuchAsIsAllowed) {
  SystemDisk disk;
  const auto counts = SendCounts::open(queue_folder_.path(), disk, clock_).value();
  SendQuota quota(*directory_, *counts);
  settings_.limits.sends_per_hour = 3;
  intake().limit_by(quota);
  intake().add(quota.check());
  const auto mail = [&](const std::vector<std::string>& to) {
    return shown(send(alice_, "alice@example.test", to, "Subject: x\r\n\r\n"));
  };
  EXPECT_EQ(mail({"x@far.example", "y@far.example", "bob@example.test"}), "250 2.0.0");
  EXPECT_EQ(recipient(alice_, "z@far.example"), "250 2.1.5");
  MailEnvelope envelope;
  ASSERT_EQ(intake().add_recipient(alice_, envelope, {"v@far.example", {}}).code, 250);
  const auto refused = intake().add_recipient(alice_, envelope, {"w@far.example", {}});
  EXPECT_EQ(refused.code, 450);
  EXPECT_THAT(refused.text, HasSubstr("3 recipients on other servers in an hour"));
  EXPECT_EQ(mail({"z@far.example"}), "250 2.0.0");
  EXPECT_EQ(recipient(alice_, "x@far.example"), "450 4.7.1");
  EXPECT_EQ(recipient(alice_, "gone@example.test"), "450 4.7.1") << "an alias that leads out";
  EXPECT_EQ(mail({"bob@example.test", "alice@example.test"}), "250 2.0.0") << "they are here";
  EXPECT_EQ(recipient(stranger_, "bob@example.test"), "250 2.1.5");
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(recipient(alice_, "x@far.example"), "250 2.1.5");
}

TEST_F(IntakeTest, CountsAMessageThatPassedRcptBesideAnother) {
  SystemDisk disk;
  const auto counts = SendCounts::open(queue_folder_.path(), disk, clock_).value();
  SendQuota quota(*directory_, *counts);
  settings_.limits.sends_per_day = 1;
  intake().limit_by(quota);
  intake().add(quota.check());
  MailEnvelope one, other;
  for (auto* each : {&one, &other})
    ASSERT_EQ(intake().add_recipient(alice_, *each, {"x@far.example", {}}).code, 250);
  const auto finish = [&](MailEnvelope& envelope) {
    auto staged = intake().stage(0);
    EXPECT_TRUE((*staged)->append("Subject: x\r\n\r\n"));
    return accept(alice_, envelope, std::move(*staged)).code;
  };
  EXPECT_EQ(finish(one), 250);
  EXPECT_EQ(finish(other), 450);
}

TEST_F(IntakeTest, CompletesWhatAUserSends) {
  send(alice_, "alice@example.test", {"bob@example.test"}, "Subject: hi\r\n\r\ntext\r\n");
  const auto text = store_.text();
  EXPECT_THAT(text, HasSubstr("\r\nFrom: <alice@example.test>\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nDate: Mon, 21 Sep 2026 14:13:20 +0000\r\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\r\nMessage-ID: <[0-9a-f]+@example.test>\r\n"));
}

TEST_F(IntakeTest, LeavesAloneWhatAUserHasWritten) {
  const std::string text =
      "From: Alice <alice@example.test>\r\nDate: x\r\nmessage-id: <1@x>\r\n\r\ntext\r\n";
  send(alice_, "alice@example.test", {"bob@example.test"}, text);
  EXPECT_THAT(store_.text(), testing::EndsWith(" +0000\r\n" + text));
}

TEST_F(IntakeTest, TakesBccAwayFromWhatAUserSends) {
  const std::string body = std::string(200'000, 'x') + "\r\nBcc: body\r\n";
  send(alice_, "alice@example.test", {"bob@example.test"},
       "From: alice@example.test\r\nBCC: a@far.example,\r\n b@far.example\r\nSubject: "
       "hi\r\nResent-Bcc: c@far.example\r\n\r\n" +
           body);
  EXPECT_THAT(store_.text(),
              testing::EndsWith("From: alice@example.test\r\nSubject: hi\r\n\r\n" + body));
  EXPECT_THAT(store_.text(), Not(HasSubstr("far.example>")));
}

TEST_F(IntakeTest, UsersWriteAsThemselves) {
  const auto from = [&](const std::string& header) {
    return shown(
        send(alice_, "alice@example.test", {"bob@example.test"}, header + "\r\n\r\ntext\r\n"));
  };
  EXPECT_EQ(from("From: Alice <alice@example.test>"), "250 2.0.0");
  EXPECT_EQ(from("From: alice+news@example.test"), "250 2.0.0");
  EXPECT_EQ(from("From: Sales: sales@example.test;"), "250 2.0.0");
  EXPECT_EQ(from("From: bob@example.test"), "550 5.7.1");
  EXPECT_EQ(from("From: alice@example.test, bob@example.test"), "550 5.7.1");
  EXPECT_EQ(from("From: \"alice@example.test\" <bob@example.test>"), "550 5.7.1");
  EXPECT_EQ(from("From: alice@example.test\r\nFrom: bob@example.test"), "550 5.6.0");
  EXPECT_EQ(from("From: alice@example.test\r\nSender: bob@example.test"), "550 5.7.1");
  EXPECT_EQ(from("From: nobody"), "550 5.7.1");
  EXPECT_EQ(from("From: undisclosed:;"), "550 5.6.0");
  // What our parser passes over another reader may show.
  EXPECT_EQ(from("From: alice@example.test x y <bob@example.test>"), "550 5.6.0");
  EXPECT_EQ(from("From: <alice@example.test> <bob@example.test>"), "550 5.6.0");
  EXPECT_EQ(from("From: alice@example.test \"q\" <bob@example.test>"), "550 5.6.0");
  EXPECT_EQ(from("From: <@a <bob@example.test :alice@example.test>"), "550 5.6.0");
  EXPECT_EQ(from("From: alice@example.test ( <bob@example.test>"), "550 5.6.0");
  EXPECT_EQ(from("From: alice@example.test\r\nSender: <alice@example.test> bob@example.test"),
            "550 5.6.0");
}

}  // namespace
}  // namespace waxwing
