#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "protocols/smtp/line_reader.h"
#include "tests/smtp/world.h"

namespace waxwing::smtp {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Play on_tls() {
  return {.prepare = [](World& world) { world.tls_first = true; }};
}
Play on_submission() {
  return {.prepare = [](World& world) {
    world.tls_first = true;
    world.peer.service = Service::Submission;
  }};
}
Play with_settings(std::function<void(Settings&)> change) {
  return {.prepare = [change](World& world) { change(world.settings); }};
}

TEST(Smtp, DeliversWhatAClientPipelines) {
  Play play;
  play.look = [](World& world, Talker& client) {
    ASSERT_EQ(world.intake.kept.size(), 1u);
    EXPECT_EQ(world.intake.kept[0].sender, "carol@far.example");
    EXPECT_THAT(world.intake.kept[0].recipients, testing::ElementsAre("alice@example.test"));
    EXPECT_EQ(world.intake.kept[0].text, "Subject: hi\r\n\r\n.dot\r\nend\r\n");
    EXPECT_TRUE(client.is_closed());
  };
  EXPECT_EQ(
      codes(kHello + kEnvelope + "DATA\r\nSubject: hi\r\n\r\n..dot\r\nend\r\n.\r\nQUIT\r\n", play),
      "250 250 250 354 250 221");
}

TEST(Smtp, AnswersClientsThatSpeakBeforeTheGreeting) {
  EXPECT_EQ(codes("EHLO we-guess.mozilla.org\r\nQUIT\r\n"), "250 221");
}

TEST(Smtp, EhloNamesWhatIsOffered) {
  const auto answer = answer_to(kHello);
  EXPECT_THAT(answer,
              StartsWith("250-mail.example.test\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n"));
  EXPECT_THAT(
      answer,
      HasSubstr("250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n"));
  EXPECT_THAT(
      answer,
      HasSubstr("250-LIMITS RCPTMAX=1000 MAILMAX=100000\r\n250-STARTTLS\r\n250-AUTH TEST\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("BINARYMIME")));
  EXPECT_THAT(answer, HasSubstr("250-DSN\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("REQUIRETLS"))) << "it is for TLS only";
  EXPECT_THAT(answer_to(kHello, on_tls()), HasSubstr("250-AUTH TEST PLAIN LOGIN\r\n"));
  EXPECT_THAT(answer_to(kHello, on_tls()), Not(HasSubstr("STARTTLS")));
}

TEST(Smtp, TakesAnyHelloButNone) {
  EXPECT_EQ(codes("EHLO LAPTOP_7\r\nEHLO [127.0.0.1]\r\nHELO [IPv6:::1]\r\nEHLO\r\nHELO \r\n"),
            "250 250 250 501 501");
}

TEST(Smtp, HoldsTheOrderOfCommands) {
  EXPECT_EQ(codes("MAIL FROM:<>\r\n"), "503");
  EXPECT_EQ(codes(kHello + "RCPT TO:<alice@example.test>\r\n"), "250 503");
  EXPECT_EQ(codes(kHello + "DATA\r\n"), "250 503");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<>\r\nMAIL FROM:<>\r\n"), "250 250 503");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<>\r\nDATA\r\n"), "250 250 554");
  EXPECT_EQ(codes(kHello + kEnvelope + "RSET\r\nDATA\r\n"), "250 250 250 250 503");
  EXPECT_EQ(codes(kHello + kEnvelope + kHello + "DATA\r\n"), "250 250 250 250 503");
}

TEST(Smtp, AnswersTheSmallCommands) {
  EXPECT_EQ(codes("NOOP\r\nNOOP some words\r\nRSET\r\nHELP\r\nHELP MAIL\r\nVRFY alice\r\n"),
            "250 250 250 214 214 252");
  EXPECT_EQ(codes("VRFY\r\nEXPN list\r\n"), "501 502");
  EXPECT_EQ(codes("XYZZY\r\n\r\n"), "500 500");
  EXPECT_EQ(codes(kHello + kEnvelope + "DATA now\r\n"), "250 250 250 501");
}

TEST(Smtp, ReadsCommandsInAnyCaseAndWithBlanks) {
  EXPECT_EQ(codes("ehlo x\r\nmail from: <carol@far.example>\r\nRcpt To: <alice@example.test>  "
                  "\r\nrset \r\n"),
            "250 250 250 250");
}

TEST(Smtp, EndsOnlyAtQuitOrCut) {
  Play play;
  play.look = [](World&, Talker& client) { EXPECT_FALSE(client.is_closed()); };
  answer_to(kHello + "NOOP\r\n", play);
}

TEST(Smtp, ForgetsAHalfCommandWhenTheClientHangsUp) {
  World world;
  Talker client(world, Chunks::Whole);
  client.say(kHello + kEnvelope + "DATA\r\nhalf a message");
  EXPECT_EQ(client.hang_up(), "");
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(world.intake.kept.empty());
}

TEST(Smtp, RefusesParametersItDoesNotKnow) {
  EXPECT_EQ(codes(kHello + "MAIL FROM:<> BY=120;R\r\n"), "250 555");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<> BODY=BINARYMIME\r\n"), "250 501");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<> SIZE=x\r\n"), "250 501");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<> SIZE=1 SIZE=2\r\n"), "250 501");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<>\r\nRCPT TO:<alice@example.test> RRVS=x\r\n"),
            "250 250 555");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME SMTPUTF8 AUTH=<>\r\n"),
            "250 250");
}

TEST(Smtp, WantsSmtpUtf8ForAddressesThatAreNotAscii) {
  EXPECT_EQ(codes(kHello + "MAIL FROM:<\xC3\xA4@far.example>\r\n"), "250 553");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<\xC3\xA4@far.example> SMTPUTF8\r\n"), "250 250");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<a@far.example>\r\nRCPT TO:<\xC3\xA4@example.test>\r\n"),
            "250 250 553");
}

TEST(Smtp, RefusesWhatIsTooLargeAtMailAndWhileItComes) {
  auto play = with_settings([](Settings& settings) { settings.limits.message_size = 1000; });
  EXPECT_EQ(codes(kHello + "MAIL FROM:<> SIZE=1001\r\n", play), "250 552");
  const std::string line = std::string(98, 'x') + "\r\n";
  std::string fits, large;
  for (int i = 0; i < 10; ++i) fits += line;
  large = fits + "y\r\n";
  EXPECT_EQ(codes(kHello + kEnvelope + "DATA\r\n" + fits + ".\r\nNOOP\r\n", play),
            "250 250 250 354 250 250");
  play.look = [](World& world, Talker&) { EXPECT_TRUE(world.intake.kept.empty()); };
  EXPECT_EQ(codes(kHello + kEnvelope + "DATA\r\n" + large + ".\r\nNOOP\r\n", play),
            "250 250 250 354 552 250");
}

TEST(Smtp, HangsUpOnAMessageWithoutEnd) {
  World world;
  world.settings.limits.message_size = 1000;
  Talker client(world, Chunks::Whole);
  client.say(kHello + kEnvelope + "DATA\r\n");
  std::string answer;
  for (int i = 0; i < 100 && !client.is_closed(); ++i)
    answer += client.say(std::string(64 * 1024, 'x'));
  EXPECT_EQ(codes_of(answer), "552");
  EXPECT_TRUE(client.is_closed());
}

TEST(Smtp, LimitsRecipients) {
  const auto play = with_settings([](Settings& settings) { settings.limits.recipients = 2; });
  EXPECT_EQ(
      codes(kHello + kEnvelope + "RCPT TO:<bob@example.test>\r\nRCPT TO:<bob@example.test>\r\n",
            play),
      "250 250 250 250 452");
}

TEST(Smtp, SaysWhenTheDiskIsFull) {
  World world;
  Talker client(world, Chunks::Whole);
  client.say(kHello + kEnvelope);
  world.intake.disk_is_full = true;
  EXPECT_THAT(client.line("DATA"), StartsWith("452 4.3.1 "));
  EXPECT_THAT(client.line("MAIL FROM:<>"), StartsWith("452 4.3.1 "));
}

TEST(Smtp, LetsTheNetworkLookBeforeItAccepts) {
  const Play play{[](World& world) {
                    world.intake.has_network_checks = true;
                    world.intake.unwanted = "bad words";
                  },
                  [](World& world, Talker&) { EXPECT_EQ(world.intake.kept.size(), 2u); }};
  EXPECT_EQ(codes("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
                  "good words\r\n.\r\n"
                  "MAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
                  "bad words\r\n.\r\n"
                  "MAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\n"
                  "BDAT 7\r\nmore \r\nBDAT 7 LAST\r\nwords\r\nNOOP\r\n",
                  play),
            "250 250 250 354 250 250 250 354 554 250 250 250 250 250");
}

TEST(Smtp, ForgetsAMessageThatNobodyHasTimeToLookAt) {
  World world;
  world.intake.has_network_checks = true;
  Talker talker(world, Chunks::Whole);
  talker.say("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n");
  talker.no_worker();
  EXPECT_EQ(codes_of(talker.say("words\r\n.\r\n")), "451");
  EXPECT_EQ(codes_of(talker.say("MAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\n")), "250 250");
  EXPECT_TRUE(world.intake.kept.empty());
}

TEST(Smtp, AsksNoWorkerForWhatIsInMemory) {
  World world;
  world.intake.knows_all = true;
  Talker client(world, Chunks::Whole);
  EXPECT_EQ(codes_of(client.say(kHello + kEnvelope + "RCPT TO:<nobody@example.test>\r\n")),
            "220 250 250 250 550");
  EXPECT_EQ(codes_of(client.say("RSET\r\n" + kEnvelope + "DATA\r\n")), "250 250 250 354");
  EXPECT_EQ(client.works(), 0);
  EXPECT_EQ(codes_of(client.say("words\r\n.\r\n")), "250");
  EXPECT_EQ(client.works(), 1) << "the message needs the disk";
  EXPECT_EQ(world.intake.kept.size(), 1u);
}

TEST(Smtp, SlowsDownWhoErrsAlsoWithoutAWorker) {
  World world;
  world.intake.knows_all = true;
  Talker client(world, Chunks::Whole);
  std::string talk = kHello;
  for (int i = 0; i < 12; ++i) talk += "DATA\r\n";
  EXPECT_THAT(codes_of(client.say(talk)), EndsWith(" 421"));
  EXPECT_GT(client.paused().count(), 0);
  EXPECT_TRUE(client.is_closed());
}

TEST(Smtp, WritesLargeMessagesOnALane) {
  World world;
  world.intake.in_memory = 1000;
  Talker client(world, Chunks::Whole);
  client.say(kHello + kEnvelope + "DATA\r\n");
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "line " + std::to_string(i) + "\r\n";
  const int before = client.works();
  EXPECT_EQ(codes_of(client.say(text + ".\r\n")), "250");
  EXPECT_GT(client.works(), before + 1);
  ASSERT_EQ(world.intake.kept.size(), 1u);
  EXPECT_EQ(world.intake.kept[0].text, text);
}

TEST(Smtp, LimitsCommandLines) {
  const std::string longest(kMaxCommandLine - 7, 'x');
  EXPECT_EQ(codes("NOOP " + longest + "\r\nNOOP\r\n"), "250 250");
  EXPECT_EQ(codes("NOOP " + longest + "x\r\nNOOP\r\n"), "500 250");
  EXPECT_EQ(codes("NOOP " + std::string(50'000, 'x') + "\r\nNOOP\r\n"), "500 250");
}

TEST(Smtp, SlowsDownAndLeavesAClientThatErrs) {
  World world;
  Talker client(world, Chunks::Whole);
  client.say("\r\n\r\n");
  EXPECT_EQ(client.paused().count(), 0);
  client.say("\r\n");
  EXPECT_GT(client.paused().count(), 0);
  EXPECT_THAT(client.say("\r\n\r\n\r\n\r\n\r\n\r\n"), Not(HasSubstr("421")));
  EXPECT_THAT(client.say("\r\nNOOP\r\n"), StartsWith("421 4.7.0 "));
  EXPECT_TRUE(client.is_closed());
}

TEST(Smtp, LeavesAClientThatGuessesOnWhileItIsThrottled) {
  const std::string busy = "AUTH PLAIN " + base64(std::string("\0busy\0x", 7)) + "\r\n";
  std::string guesses;
  std::string expected = "250";
  for (int i = 0; i < 9; ++i) {
    guesses += busy;
    expected += " 454";
  }
  EXPECT_EQ(codes(kHello + guesses + busy + "NOOP\r\n", on_tls()), expected + " 421");
}

TEST(Smtp, DeadRecipientsAreNoErrorsOfTheClient) {
  std::string talk = kHello + "MAIL FROM:<list@far.example>\r\n";
  std::string expected = "250 250";
  for (int i = 0; i < 20; ++i) {
    talk += "RCPT TO:<gone" + std::to_string(i) + "@example.test>\r\n";
    expected += " 550";
  }
  EXPECT_EQ(codes(talk + "RCPT TO:<bob@example.test>\r\n"), expected + " 250");
}

TEST(Smtp, CutsOffWhoDoesNotSpeakSmtp) {
  Play cut;
  cut.look = [](World&, Talker& client) { EXPECT_TRUE(client.is_closed()); };
  EXPECT_EQ(codes("GET / HTTP/1.1\r\nHost: mail\r\n\r\nMAIL FROM:<>\r\n", cut), "421");
  EXPECT_EQ(codes("POST /x HTTP/1.1\r\n\r\nEHLO x\r\n", cut), "421");
  EXPECT_EQ(codes(std::string("\x16\x03\x01\x02\x00\x01", 6), cut), "421");
  EXPECT_EQ(codes(kHello + "NOOP \x01\r\n", cut), "250 421");
}

TEST(Smtp, CutsOffLinesThatDoNotEndWithCrLf) {
  Play cut;
  cut.look = [](World&, Talker& client) { EXPECT_TRUE(client.is_closed()); };
  EXPECT_EQ(codes("EHLO x\nMAIL FROM:<>\r\n", cut), "500");
  EXPECT_EQ(codes(kHello + "NOOP a\rb\r\n", cut), "250 500");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<a@b\nRCPT TO:<alice@example.test>>\r\n", cut), "250 500");
}

TEST(Smtp, AReaderThatNeverReadsIsWaitedFor) {
  World world;
  Talker client(world, Chunks::Whole);
  std::string talk;
  for (int i = 0; i < 8000; ++i) talk += "EHLO a\r\n";
  const auto answer = client.say(talk);
  EXPECT_GT(client.works(), 0);
  EXPECT_EQ(codes_of(answer).size(), 4u * 8001 - 1);
}

TEST(Smtp, SaysGoodbye) {
  World world;
  Talker client(world, Chunks::Whole);
  Output output;
  client.session().goodbye("the server stops", output);
  EXPECT_EQ(output.drain(), "421 4.3.2 mail.example.test the server stops\r\n");
  client.session().timed_out(output);
  EXPECT_THAT(output.drain(), StartsWith("421 4.4.2 "));
}

TEST(Smtp, LosesNoStepWhenNoWorkerIsFree) {
  World world;
  Talker client(world, Chunks::Whole);
  client.say(kHello + kEnvelope);
  client.no_worker();
  EXPECT_THAT(client.line("RCPT TO:<bob@example.test>"), StartsWith("451 4.3.2 "));
  EXPECT_EQ(codes_of(client.line("DATA")), "354");
  client.no_worker();
  EXPECT_EQ(codes_of(client.say("text\r\n.\r\nNOOP\r\n")), "451 250");
  EXPECT_TRUE(world.intake.kept.empty());
}

TEST(Smtp, LimitsStrangersPerMinute) {
  World world;
  world.settings.limits.messages_per_minute = 2;
  world.settings.limits.unknown_recipients_per_minute = 2;
  Talker client(world, Chunks::Whole);
  client.say(kHello);
  EXPECT_EQ(
      codes_of(client.say("MAIL FROM:<>\r\nRCPT TO:<x@example.test>\r\nRCPT TO:<y@example.test>\r\n"
                          "RCPT TO:<alice@example.test>\r\nRSET\r\n")),
      "250 550 550 450 250");
  EXPECT_EQ(codes_of(client.say("MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n")), "250 250 450");
  world.clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(codes_of(client.say("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n")), "250 250");
}

TEST(Smtp, StartTlsDropsWhatFollowsAndForgetsWhatWasSaid) {
  World world;
  Talker client(world, Chunks::Whole);
  client.say(kHello + kEnvelope);
  EXPECT_THAT(client.say("STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@far.example>\r\n"),
              EndsWith("220 2.0.0 Ready to start TLS\r\n"));
  ASSERT_TRUE(client.wants_tls());
  client.start_tls();
  EXPECT_THAT(client.line("MAIL FROM:<>"), StartsWith("503 "));
  EXPECT_THAT(client.line("EHLO x"), HasSubstr("AUTH TEST PLAIN LOGIN"));
  EXPECT_THAT(client.line("DATA"), StartsWith("503 "));
  EXPECT_THAT(client.line("STARTTLS"), StartsWith("503 "));
}

TEST(Smtp, StartTlsNeedsACertificateAndNoArgument) {
  EXPECT_EQ(codes("STARTTLS now\r\n"), "501");
  EXPECT_EQ(
      codes("STARTTLS\r\n", {.prepare = [](World& world) { world.peer.offers_starttls = false; }}),
      "502");
}

// AUTH

const std::string kPlain = base64(std::string("\0alice@example.test\0secret-alice", 32));
const std::string kWrong = base64(std::string("\0alice@example.test\0wrong", 25));

TEST(SmtpAuth, SignsInWithPlain) {
  Play play = on_tls();
  play.look = [](World&, Talker& client) {
    EXPECT_EQ(client.session().user(), "alice@example.test");
  };
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + kPlain + "\r\n", play), "250 235");
  EXPECT_EQ(answer_to("EHLO x\r\nAUTH PLAIN\r\n" + kPlain + "\r\n", play)
                .substr(answer_to("EHLO x\r\n", on_tls()).size()),
            "334 \r\n235 2.7.0 Authentication successful\r\n");
}

TEST(SmtpAuth, PromptsForLoginAsOutlookWantsIt) {
  const auto hello = answer_to(kHello, on_tls());
  const auto user = base64("alice@example.test"), password = base64("secret-alice");
  EXPECT_EQ(
      answer_to(kHello + "AUTH LOGIN\r\n" + user + "\r\n" + password + "\r\n", on_tls()),
      hello + "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 Authentication successful\r\n");
  EXPECT_EQ(answer_to(kHello + "AUTH LOGIN " + user + "\r\n" + password + "\r\n", on_tls()),
            hello + "334 UGFzc3dvcmQ6\r\n235 2.7.0 Authentication successful\r\n");
}

TEST(SmtpAuth, SendsTheServersLastWordAsAChallenge) {
  EXPECT_EQ(codes(kHello + "AUTH TEST " + kPlain + "\r\n\r\nNOOP\r\n"), "250 334 235 250");
  EXPECT_EQ(codes(kHello + "AUTH TEST " + kPlain + "\r\n*\r\nNOOP\r\n"), "250 334 501 250");
  EXPECT_EQ(codes(kHello + "AUTH TEST " + kPlain + "\r\nAAAA\r\nMAIL FROM:<>\r\n"),
            "250 334 501 250");
}

TEST(SmtpAuth, Refuses) {
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + kWrong + "\r\n", on_tls()), "250 535");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + base64(std::string("\0busy\0x", 7)) + "\r\n", on_tls()),
            "250 454");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + base64("junk") + "\r\n", on_tls()), "250 501");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN =\r\nAUTH PLAIN %%%\r\n", on_tls()), "250 501 501");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN\r\n*\r\nNOOP\r\n", on_tls()), "250 334 501 250");
  EXPECT_EQ(codes(kHello + "AUTH\r\nAUTH CRAM-MD5\r\n", on_tls()), "250 501 504");
  EXPECT_EQ(codes("AUTH PLAIN " + kPlain + "\r\n", on_tls()), "503");
  EXPECT_EQ(codes(kHello + "MAIL FROM:<>\r\nAUTH PLAIN " + kPlain + "\r\n", on_tls()),
            "250 250 503");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + kPlain + "\r\nAUTH PLAIN " + kPlain + "\r\n", on_tls()),
            "250 235 503");
}

TEST(SmtpAuth, TakesNoPasswordInClearFromAfar) {
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + kPlain + "\r\n"), "250 538");
  EXPECT_EQ(codes(kHello + "AUTH LOGIN\r\n"), "250 538");
  const Play near{.prepare = [](World& world) {
    world.peer.address = IpAddress::v4({127, 0, 0, 1});
  }};
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + kPlain + "\r\n", near), "250 235");
}

TEST(SmtpAuth, LimitsItsLines) {
  const std::string large = std::string(12'000, 'A');
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + large + "\r\nNOOP\r\n", on_tls()), "250 501 250");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + large + large + "\r\nNOOP\r\n", on_tls()),
            "250 500 250");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN\r\n" + large + large + "\r\nNOOP\r\n", on_tls()),
            "250 334 500 250");
}

TEST(SmtpSubmission, WantsASignIn) {
  EXPECT_EQ(codes(kHello + kEnvelope, on_submission()), "250 530 530");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + kPlain + "\r\nMAIL FROM:<alice@example.test>\r\n",
                  on_submission()),
            "250 235 250");
  EXPECT_EQ(codes(kHello + "AUTH PLAIN " + kPlain + "\r\nMAIL FROM:<bob@example.test>\r\n",
                  on_submission()),
            "250 235 553");
}

TEST(SmtpSubmission, WantsStartTlsBeforeAuth) {
  const Play clear{.prepare = [](World& world) {
    world.peer.service = Service::Submission;
    world.peer.address = IpAddress::v4({127, 0, 0, 1});
    world.settings.plaintext_auth = Settings::PlaintextAuth::Always;
  }};
  EXPECT_THAT(answer_to(kHello, clear), Not(HasSubstr("AUTH")));
  EXPECT_THAT(answer_to(kHello + "AUTH PLAIN " + kPlain + "\r\nMAIL FROM:<>\r\n", clear),
              HasSubstr("530 5.7.0 Must issue a STARTTLS command first\r\n530 5.7.0 Must"));
}

}  // namespace
}  // namespace waxwing::smtp
