// LMTP, RFC 2033: what is other than in SMTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/smtp/world.h"

namespace waxwing::smtp {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kLmtpHello = "LHLO front.example\r\n";
const std::string kMail = "MAIL FROM:<carol@far.example>\r\n";
const std::string kAlice = "RCPT TO:<alice@example.test>\r\n";
const std::string kBob = "RCPT TO:<bob@example.test>\r\n";
const std::string kText = "DATA\r\nSubject: hi\r\n\r\ntext\r\n.\r\n";

Play on_lmtp(std::function<void(World&)> more = [](World&) {}) {
  return {.prepare = [more](World& world) {
    world.peer.service = Service::Lmtp;
    more(world);
  }};
}

TEST(Lmtp, GreetsAndOffersWhatBelongsToIt) {
  const auto answer = answer_to(kLmtpHello, on_lmtp());
  for (const char* keyword : {"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8",
                              "CHUNKING", "SIZE 104857600", "DSN", "STARTTLS"})
    EXPECT_THAT(answer, HasSubstr(std::string("250-") + keyword + "\r\n")) << keyword;
  EXPECT_THAT(answer, Not(HasSubstr("AUTH")));
  World world;
  world.peer.service = Service::Lmtp;
  Talker client(world, Chunks::Whole);
  EXPECT_EQ(client.say(""), "220 mail.example.test LMTP Waxwing\r\n");
}

TEST(Lmtp, KnowsNeitherHeloNorEhloNorAuth) {
  EXPECT_EQ(codes("EHLO x\r\nHELO x\r\n", on_lmtp()), "500 500");
  EXPECT_EQ(codes(kLmtpHello + "AUTH PLAIN AGEAYg==\r\n", on_lmtp()), "250 500");
  EXPECT_THAT(answer_to(kMail, on_lmtp()), HasSubstr("503 5.5.1 Say LHLO first"));
  EXPECT_EQ(codes("LHLO x\r\n"), "500") << "SMTP does not know LHLO";
  EXPECT_THAT(answer_to("HELP\r\n", on_lmtp()), Not(HasSubstr("EHLO")));
  EXPECT_THAT(answer_to("HELP\r\n"), Not(HasSubstr("LHLO")));
}

TEST(Lmtp, AnswersForEachRecipientThatWasTaken) {
  auto play = on_lmtp();
  play.look = [](World& world, Talker&) {
    ASSERT_EQ(world.intake.kept.size(), 1u);
    EXPECT_TRUE(world.intake.kept[0].is_vouched_for);
  };
  EXPECT_EQ(codes(kLmtpHello + kMail + kAlice + "RCPT TO:<nobody@example.test>\r\n" + kBob + kText +
                      "QUIT\r\n",
                  play),
            "250 250 250 550 250 354 250 250 221");
}

TEST(Lmtp, AnswersTwiceForARecipientThatWasNamedTwice) {
  EXPECT_EQ(codes(kLmtpHello + kMail + kAlice + kAlice + kText + "NOOP\r\n", on_lmtp()),
            "250 250 250 250 354 250 250 250");
}

TEST(Lmtp, ARefusalOfTheTextIsSaidToEachAsWell) {
  const auto play = on_lmtp([](World& world) { world.intake.unwanted = "text"; });
  EXPECT_EQ(codes(kLmtpHello + kMail + kAlice + kBob + kText + "NOOP\r\n", play),
            "250 250 250 250 354 554 554 250");
  const auto slow = on_lmtp([](World& world) {
    world.intake.unwanted = "text";
    world.intake.has_network_checks = true;
  });
  EXPECT_EQ(codes(kLmtpHello + kMail + kAlice + kBob + kText + "NOOP\r\n", slow),
            "250 250 250 250 354 554 554 250");
}

TEST(Lmtp, DataWithoutRecipientsIs503) {
  EXPECT_EQ(codes(kLmtpHello + kMail + "DATA\r\n", on_lmtp()), "250 250 503");
  EXPECT_EQ(codes(kLmtpHello + kMail + "RCPT TO:<nobody@example.test>\r\nDATA\r\n", on_lmtp()),
            "250 250 550 503");
}

TEST(Lmtp, OnlyTheLastChunkIsAnsweredForEach) {
  EXPECT_EQ(
      codes(kLmtpHello + kMail + kAlice + kBob + "BDAT 4\r\na\r\nbBDAT 3 LAST\r\nc\r\nNOOP\r\n",
            on_lmtp()),
      "250 250 250 250 250 250 250 250");
  EXPECT_EQ(codes(kLmtpHello + kMail + "BDAT 3 LAST\r\nc\r\nNOOP\r\n", on_lmtp()), "250 250 250")
      << "nobody: no answer";
}

TEST(Lmtp, RelaysForNobody) {
  const auto play = on_lmtp(
      [](World& world) { world.settings.trusted_networks = {*IpNetwork::parse("192.0.2.0/24")}; });
  EXPECT_THAT(answer_to(kLmtpHello + kMail + "RCPT TO:<x@far.example>\r\n", play),
              EndsWith("550 5.7.1 Relaying denied\r\n"));
}

TEST(Lmtp, HasNoLimitsForStrangers) {
  const auto play = on_lmtp([](World& world) {
    world.settings.limits.messages_per_minute = 1;
    world.settings.limits.unknown_recipients_per_minute = 1;
  });
  std::string many = kLmtpHello;
  for (int i = 0; i < 3; ++i) many += kMail + "RCPT TO:<nobody@example.test>\r\nRSET\r\n";
  EXPECT_EQ(codes(many, play), "250 250 550 250 250 550 250 250 550 250");
}

TEST(Lmtp, SaysThatItIsTooBusyToEach) {
  World world;
  world.peer.service = Service::Lmtp;
  Talker client(world, Chunks::Whole);
  client.say(kLmtpHello + kMail + kAlice + kBob + "DATA\r\n");
  client.no_worker();
  EXPECT_EQ(codes_of(client.say("Subject: hi\r\n\r\ntext\r\n.\r\n")), "451 451");
}

}  // namespace
}  // namespace waxwing::smtp
