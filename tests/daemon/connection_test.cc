#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "tests/daemon/client.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

using S = Settings::Listener::Service;
using T = Settings::Listener::Tls;

TEST(Connection, DrivesASessionInClear) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.say("one"), "you said one");
  EXPECT_EQ(client.say("PEER"), "127.0.0.1 offers");
  client.send("a\r\nWORK\r\nb\r\nPAUSE\r\nc\r\nQUIT\r\nnever\r\n");
  for (const char* expected :
       {"you said a", "worked", "you said b", "tick", "you said c", "bye", "<closed>"})
    EXPECT_EQ(client.line(), expected);
}

TEST(Connection, AnswersWhatCameBeforeTheClientClosedItsSide) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  client.send("WORK\r\nlast\r\nrest without end");
  client.half_close();
  for (const char* expected : {"hello", "worked", "you said last", "<closed>"})
    EXPECT_EQ(client.line(), expected);
  house.await_count(0);
}

TEST(Connection, SpeaksTlsFromTheFirstByte) {
  House house({{993, S::Imap, T::Implicit}, {995, S::Pop3, T::Auto}});
  house.open();
  for (const std::uint16_t port : {993, 995}) {
    Client client(house.bound(port));
    ASSERT_TRUE(client.start_tls());
    EXPECT_EQ(client.tls_version(), "TLSv1.3");
    EXPECT_EQ(client.line(), "hello");
    EXPECT_EQ(client.say("PEER"), "127.0.0.1 plain");
    client.send("a\r\nWORK\r\nb\r\nQUIT\r\n");
    for (const char* expected : {"you said a", "worked", "you said b", "bye", "<closed>"})
      EXPECT_EQ(client.line(), expected);
  }
}

TEST(Connection, TellsTheSessionItsChannelBindings) {
  House house({{993, S::Imap, T::Implicit}});
  house.open();
  for (const bool only_1_2 : {false, true}) {
    Client client(house.bound(993));
    ASSERT_TRUE(client.start_tls({"mail.example.test.", "imap", only_1_2}));
    client.line();
    EXPECT_EQ(client.say("TLS"), std::string(only_1_2 ? "TLSv1.2" : "TLSv1.3") +
                                     " mail.example.test. " + hex(client.exporter()) + " " +
                                     hex(sha256(client.certificate())));
  }
}

TEST(Connection, RefusesTheAlpnOfAnotherProtocol) {
  House house({{993, S::Imap, T::Implicit}});
  house.open();
  Client browser(house.bound(993));
  EXPECT_FALSE(browser.start_tls({"", "http/1.1", false}));
  Client mail(house.bound(993));
  EXPECT_TRUE(mail.start_tls({"", "imap", false}));
}

TEST(Connection, ForgetsWhatWasSaidBehindStartTls) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  client.send("STARTTLS\r\ninjected\r\n");
  EXPECT_EQ(client.line(), "go");
  ASSERT_TRUE(client.start_tls());
  EXPECT_EQ(client.say("first"), "you said first");
}

TEST(Connection, SaysNothingAfterAHandshakeUntilItIsAsked) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.say("STARTTLS"), "go");
  ASSERT_TRUE(client.start_tls());
  EXPECT_FALSE(client.hears_within(200));
  EXPECT_EQ(client.say("first"), "you said first");
}

TEST(Connection, ResumesTlsByTicket) {
  House house({{993, S::Imap, T::Implicit}});
  house.open();
  for (const bool only_1_2 : {false, true}) {
    Client first(house.bound(993));
    ASSERT_TRUE(first.start_tls({"", "", only_1_2}));
    EXPECT_EQ(first.line(), "hello");
    EXPECT_FALSE(first.is_resumed());
    auto session = first.session();
    for (int again = 0; again < 3; ++again) {
      Client next(house.bound(993));
      ASSERT_TRUE(next.start_tls({"", "", only_1_2, session.get()}));
      EXPECT_EQ(next.line(), "hello");
      EXPECT_TRUE(next.is_resumed());
      EXPECT_EQ(next.say("first"), "you said first");
      session = next.session();
    }
  }
}

TEST(Connection, CompressesBothWaysOnceItHasSaidSo) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  for (const bool has_tls : {false, true}) {
    Client client(house.bound(143));
    EXPECT_EQ(client.line(), "hello");
    if (has_tls) {
      EXPECT_EQ(client.say("STARTTLS"), "go");
      ASSERT_TRUE(client.start_tls());
    }
    EXPECT_EQ(client.say("COMPRESS"), "go");
    client.compress();
    EXPECT_EQ(client.say("first"), "you said first");
    // A flush after each answer, or the client would wait for ever.
    for (int n = 0; n < 50; ++n) EXPECT_EQ(client.say("again"), "you said again");
    client.send("BIG 3000000\r\n");
    EXPECT_TRUE(client.bytes(3'000'000) == std::string(3'000'000, 'x'));
    EXPECT_EQ(client.line(), "worked");
    house.stage.moved({7});
    EXPECT_EQ(client.line(), "moved 7");
    // More than it reads at once, in one write.
    std::string many;
    for (int n = 0; n < 20'000; ++n) many += "x\r\n";
    client.send(many);
    for (int n = 0; n < 20'000; ++n) ASSERT_EQ(client.line(), "you said x");
    EXPECT_EQ(client.say("QUIT"), "bye");
    EXPECT_EQ(client.line(), "<closed>");
  }
}

TEST(Connection, TakesWhatFollowsCompressForCompressed) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  Deflater deflater;
  std::string packed;
  deflater.add("first\r\nsecond\r\n", packed);
  deflater.flush(packed);
  client.send("COMPRESS\r\n" + packed);
  EXPECT_EQ(client.line(), "go");
  client.compress();
  EXPECT_EQ(client.line(), "you said first");
  EXPECT_EQ(client.line(), "you said second");
}

TEST(Connection, EndsCompressionAndStartsItAgain) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  for (int n = 0; n < 3; ++n) {
    EXPECT_EQ(client.say("COMPRESS"), "go");
    client.compress();
    EXPECT_EQ(client.say("first"), "you said first");
    client.end_compression("PLAIN\r\n", n == 0 ? "" : "pipelined\r\n");
    EXPECT_EQ(client.line(), "done");
    if (n > 0) {
      EXPECT_EQ(client.line(), "you said pipelined");
    }
    EXPECT_EQ(client.say("second"), "you said second");
  }
}

TEST(Connection, SaysGoodbyeToWhoseCompressionIsDamaged) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  client.send("COMPRESS\r\nthis is no deflate\r\n");
  EXPECT_EQ(client.line(), "go");
  client.compress();
  EXPECT_EQ(client.line(), "goodbye: What you sent is no DEFLATE");
  EXPECT_EQ(client.line(), "<closed>");
}

// The session of this test takes 4 KiB and then gives up; nothing has to inflate the rest.
TEST(Connection, SurvivesADecompressionBomb) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.say("COMPRESS"), "go");
  client.compress();
  client.send(std::string(64 << 20, 'x'));
  EXPECT_EQ(client.line(), "goodbye: internal error");
  Client other(house.bound(143));
  EXPECT_EQ(other.line(), "hello");
}

// Blocks that hold nothing, for ever: the loop has time for others, and the client is heard again.
TEST(Connection, HasTimeForOthersWhileOneSendsEmptyBlocks) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143)), other(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(other.line(), "hello");
  std::string packed = "COMPRESS\r\n";
  for (int n = 0; n < 400'000; ++n) packed += std::string_view("\0\0\0\xff\xff", 5);
  client.send(packed);
  EXPECT_EQ(other.say("hello"), "you said hello");
  EXPECT_EQ(client.line(), "go");
  client.compress();
  EXPECT_EQ(client.say("still here"), "you said still here");
}

TEST(Connection, ExplainsItselfToWhoSpeaksClearOnATlsPort) {
  House house({{993, S::Imap, T::Implicit}, {465, S::Submission, T::Implicit}});
  house.timing.silence_implicit = std::chrono::milliseconds(30);
  house.open();
  Client talker(house.bound(465));
  talker.send("EHLO client.example\r\n");
  EXPECT_EQ(talker.line(),
            "554 5.7.0 Port 465 speaks TLS from the first byte: choose SSL/TLS, or port 587 with "
            "STARTTLS");
  EXPECT_EQ(talker.line(), "<closed>");
  Client listener(house.bound(993));  // waits for a greeting
  EXPECT_EQ(listener.line(),
            "* BYE Port 993 speaks TLS from the first byte: choose SSL/TLS, or port 143 with "
            "STARTTLS");
  EXPECT_EQ(listener.line(), "<closed>");
}

TEST(Connection, Greets995InClearForStartTlsOnly) {
  House house({{995, S::Pop3, T::Auto}});
  house.timing.silence_auto = std::chrono::milliseconds(30);
  house.open();
  Client silent(house.bound(995));
  EXPECT_EQ(silent.line(), "hello");
  EXPECT_EQ(silent.say("PEER"), "127.0.0.1 offers only");
  EXPECT_EQ(silent.say("STARTTLS"), "go");
  ASSERT_TRUE(silent.start_tls());
  EXPECT_EQ(silent.say("inside"), "you said inside");
  Client eager(house.bound(995));  // speaks before the greeting, in clear
  EXPECT_EQ(eager.say("PEER"), "hello");
  EXPECT_EQ(eager.line(), "127.0.0.1 offers only");
}

TEST(Connection, GivesAClientHelloOnAStartTlsPortASecondChance) {
  House house({{587, S::Submission, T::StartTls}, {25, S::Smtp, T::StartTls}});
  house.timing.second_chance = std::chrono::minutes(1);
  house.open();
  Client wrong(house.bound(587));
  EXPECT_FALSE(wrong.start_tls());
  wrong.await_end();
  Client again(house.bound(587));
  ASSERT_TRUE(again.start_tls());
  EXPECT_EQ(again.line(), "hello");
  Client other_port(house.bound(25));
  EXPECT_EQ(other_port.line(), "hello");
  Client other_address(house.bound(587), "127.0.0.2");
  EXPECT_EQ(other_address.line(), "hello");
}

TEST(Connection, GreetsASilentClientAfterItsSecondChance) {
  House house({{587, S::Submission, T::StartTls}});
  house.timing.second_chance = std::chrono::milliseconds(20);
  house.open();
  Client wrong(house.bound(587));
  EXPECT_FALSE(wrong.start_tls());
  wrong.await_end();
  Client right(house.bound(587));
  EXPECT_EQ(right.line(), "hello");
}

TEST(Connection, LimitsConnectionsOfOneAddressAndOfAll) {
  House house({{143, S::Imap, T::StartTls}, {110, S::Pop3, T::None}, {25, S::Smtp, T::StartTls}});
  house.timing.linger = std::chrono::milliseconds(20);
  house.settings.limits.connections = 3;
  house.settings.limits.connections_per_address = 2;
  house.open();
  Client first(house.bound(143)), second(house.bound(143));
  EXPECT_EQ(first.line(), "hello");
  EXPECT_EQ(second.line(), "hello");
  Client third(house.bound(143));
  EXPECT_EQ(third.line(),
            "* BYE [UNAVAILABLE] Too many connections from your address, try again later");
  EXPECT_EQ(third.line(), "<closed>");
  Client other(house.bound(143), "127.0.0.2");
  EXPECT_EQ(other.line(), "hello");
  Client fourth(house.bound(110), "127.0.0.3");
  EXPECT_EQ(fourth.line(), "-ERR [SYS/TEMP] Too many connections, try again later");
  Client fifth(house.bound(25), "127.0.0.3");
  EXPECT_EQ(fifth.line(), "421 4.7.0 Too many connections, try again later");
  EXPECT_EQ(first.say("QUIT"), "bye");
  EXPECT_EQ(first.line(), "<closed>");
  house.await_count(2);
  Client sixth(house.bound(143));
  EXPECT_EQ(sixth.line(), "hello");
}

TEST(Connection, EndsSilentSessions) {
  House house({{143, S::Imap, T::StartTls}});
  house.stage.idle = std::chrono::seconds(0);
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.line(), "too slow");
  EXPECT_EQ(client.line(), "<closed>");
}

TEST(Connection, EndsSessionsThatDoNotSignIn) {
  House house({{143, S::Imap, T::StartTls}, {25, S::Smtp, T::StartTls}});
  house.settings.limits.login_timeout = std::chrono::seconds(0);
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.line(), "too slow");
  Client server(house.bound(25));  // another mail server never signs in
  EXPECT_EQ(server.line(), "hello");
  EXPECT_EQ(server.say("stay"), "you said stay");
}

TEST(Connection, GivesWhoHasSignedOutAsLongToSignInAgain) {
  House house({{143, S::Imap, T::StartTls}});
  house.settings.limits.login_timeout = std::chrono::seconds(1);
  house.stage.keep_alive = std::chrono::seconds(1);
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.say("USER alice"), "welcome");
  for (int seconds = 0; seconds < 2; ++seconds) EXPECT_EQ(client.line(), "tick");
  EXPECT_EQ(client.say("USER "), "welcome");
  EXPECT_EQ(client.say("stay"), "you said stay");
  EXPECT_EQ(client.line(), "too slow");
}

TEST(Connection, EndsStrangersThatDoNotReadTheirAnswers) {
  House house({{143, S::Imap, T::StartTls}});
  house.settings.limits.login_timeout = std::chrono::seconds(1);
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  client.send("BIG 32000000\r\n");
  house.await_count(0);
}

TEST(Connection, KeepsSilentSessionsAliveWhenTheyWantIt) {
  House house({{143, S::Imap, T::StartTls}});
  house.stage.keep_alive = std::chrono::seconds(1);
  house.open();
  Client client(house.bound(143));
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(client.line(), "tick");
}

TEST(Connection, TellsASessionWhatMoved) {
  House house({{993, S::Imap, T::Implicit}});
  house.open();
  Client client(house.bound(993));
  ASSERT_TRUE(client.start_tls());
  EXPECT_EQ(client.line(), "hello");
  house.stage.moved(MailboxId{7});
  EXPECT_EQ(client.line(), "moved 7");
}

TEST(Connection, HoldsNewsBackWhileAWorkerHasTheSession) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  Client client(house.bound(143));
  client.send("BLOCK\r\n");
  house.stage.await_arrivals(1);
  for (int i = 0; i < 100; ++i) house.stage.moved(MailboxId{7});
  house.stage.open();
  for (const char* expected : {"hello", "worked", "moved 7"}) EXPECT_EQ(client.line(), expected);
  EXPECT_EQ(client.say("end"), "you said end");
}

TEST(Connection, AnswersTemporarilyWhenNoWorkerIsFree) {
  House house({{143, S::Imap, T::StartTls}});
  house.lanes.storage = 1;
  house.timing.queue = std::chrono::milliseconds(20);
  house.open();
  Client busy(house.bound(143));
  busy.send("BLOCK\r\n");
  house.stage.await_arrivals(1);
  Client waits(house.bound(143));
  EXPECT_EQ(waits.line(), "hello");
  EXPECT_EQ(waits.say("WORK"), "too busy");
  EXPECT_EQ(waits.say("on"), "you said on");
  house.stage.open();
  for (const char* expected : {"hello", "worked"}) EXPECT_EQ(busy.line(), expected);
}

TEST(Connection, ASlowReaderCostsOneBoundedBuffer) {
  constexpr std::size_t kSize = 32'000'000;
  for (const std::uint16_t port : {143, 993}) {
    House house({{143, S::Imap, T::StartTls}, {993, S::Imap, T::Implicit}});
    house.open();
    Client client(house.bound(port));
    if (port == 993) {
      ASSERT_TRUE(client.start_tls());
    }
    EXPECT_EQ(client.line(), "hello");
    client.send("BIG " + std::to_string(kSize) + "\r\nafter\r\n");
    while (house.stage.made < Output::kFull) std::this_thread::yield();
    for (std::size_t left = kSize; left > 0;) {
      const std::string some = client.bytes(std::min<std::size_t>(left, 64 * 1024));
      ASSERT_FALSE(some.empty());
      left -= some.size();
      house.stage.taken += some.size();
    }
    EXPECT_EQ(client.line(), "worked");
    EXPECT_EQ(client.line(), "you said after");
    // Most of that is the kernel's: up to 4 MiB for sending, 6 MiB for receiving.
    EXPECT_LT(house.stage.most_ahead, 12'000'000u);
  }
}

TEST(Connection, SendsFilesByteForByte) {
  House house({{143, S::Imap, T::StartTls}, {993, S::Imap, T::Implicit}});
  house.open();
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += "line " + std::to_string(i) + "\n";
  const std::string file = house.folder.write("message", text);
  for (const std::uint16_t port : {143, 993}) {
    Client client(house.bound(port));
    if (port == 993) {
      ASSERT_TRUE(client.start_tls());
    }
    EXPECT_EQ(client.line(), "hello");
    client.send("FILE " + file + "\r\n");
    EXPECT_EQ(client.bytes(text.size()), text);
    EXPECT_EQ(client.line(), "worked");
  }
}

TEST(Connection, SurvivesAClientThatLeavesDuringACommand) {
  House house({{143, S::Imap, T::StartTls}});
  house.open();
  {
    Client client(house.bound(143));
    client.send("BLOCK\r\n");
    house.stage.await_arrivals(1);
  }
  house.stage.open();
  house.await_count(0);
}

}  // namespace
}  // namespace waxwing::test
