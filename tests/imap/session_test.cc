#include "protocols/imap/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string plain(std::string_view user, std::string_view password) {
  using namespace std::string_literals;
  return base64("\0"s + std::string(user) + "\0"s + std::string(password));
}

TEST(Greeting, NamesCapabilitiesWithImap4rev1First) {
  SessionWorld world;
  const std::string greeting = world.connect()->hear();
  EXPECT_THAT(greeting, StartsWith("* OK [CAPABILITY IMAP4rev1 IMAP4rev2 "));
  EXPECT_THAT(greeting, HasSubstr(" STARTTLS"));
  EXPECT_THAT(greeting, HasSubstr(" AUTH=PLAIN"));
  EXPECT_THAT(greeting, Not(HasSubstr("LITERAL-")));
  EXPECT_THAT(greeting, Not(HasSubstr("LOGINDISABLED")));
}

TEST(Greeting, OffersNoMechanismWhereAPasswordWouldBeReadable) {
  SessionWorld world;
  Peer far = SessionWorld::loopback_peer();
  far.address = IpAddress::v4({192, 0, 2, 9});
  const auto client = world.connect(far);
  const std::string greeting = client->hear();
  EXPECT_THAT(greeting, HasSubstr(" LOGINDISABLED"));
  EXPECT_THAT(greeting, Not(HasSubstr("AUTH=")));
  EXPECT_THAT(client->say("a LOGIN alice@example.test secret-alice"),
              StartsWith("a NO [PRIVACYREQUIRED]"));
  EXPECT_THAT(client->say("b AUTHENTICATE PLAIN"), StartsWith("b NO [PRIVACYREQUIRED]"));
}

TEST(Greeting, HasNoStartTlsInsideTls) {
  SessionWorld world;
  const auto client = world.connect(SessionWorld::loopback_peer(), true);
  EXPECT_THAT(client->hear(), Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(client->say("a STARTTLS"), StartsWith("a BAD"));
}

TEST(SignIn, AnswersLoginWithAllCapabilities) {
  SessionWorld world;
  const auto client = world.connect();
  const std::string answer = client->say("a LOGIN alice@example.test secret-alice");
  EXPECT_THAT(answer, StartsWith("a OK [CAPABILITY IMAP4rev1 IMAP4rev2 "));
  for (const char* word : {"UIDPLUS", "MOVE", "SPECIAL-USE", "LIST-EXTENDED", "APPENDLIMIT="}) {
    EXPECT_THAT(answer, HasSubstr(word));
  }
  EXPECT_THAT(answer, Not(HasSubstr("AUTH=")));
  EXPECT_EQ(client->last_lane(), Lane::Password);
  EXPECT_EQ(client->session().user(), "alice@example.test");
}

TEST(SignIn, TakesALiteralAndRefusesAWrongPassword) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_THAT(client->say("a LOGIN alice@example.test {5}"), StartsWith("+ "));
  EXPECT_THAT(client->say("wrong"), StartsWith("a NO [AUTHENTICATIONFAILED]"));
  EXPECT_THAT(client->say("b LOGIN alice@example.test {12+}\r\nsecret-alice"), StartsWith("b OK"));
}

TEST(SignIn, SaysThatAThrottleIsTemporary) {
  SessionWorld world;
  EXPECT_THAT(world.connect()->say("a LOGIN busy x"), StartsWith("a NO [UNAVAILABLE]"));
}

TEST(SignIn, AuthenticatesWithAndWithoutInitialResponse) {
  SessionWorld world;
  const std::string response = plain("alice@example.test", "secret-alice");
  const auto first = world.connect();
  EXPECT_EQ(first->say("a AUTHENTICATE PLAIN"), "+ \r\n");
  EXPECT_THAT(first->say(response), StartsWith("a OK [CAPABILITY "));
  const auto second = world.connect();
  EXPECT_THAT(second->say("a authenticate plain " + response), StartsWith("a OK [CAPABILITY "));
}

TEST(SignIn, CancelsAnExchange) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_EQ(client->say("a AUTHENTICATE PLAIN"), "+ \r\n");
  EXPECT_THAT(client->say("*"), StartsWith("a BAD"));
  EXPECT_THAT(client->say("b NOOP"), StartsWith("b OK"));
}

TEST(SignIn, SendsTheLastWordOfAMechanismAsAChallenge) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_EQ(client->say("a AUTHENTICATE TALK"), "+ " + base64("Who?") + "\r\n");
  EXPECT_EQ(client->say(base64("bob@example.test")), "+ " + base64("v=proof") + "\r\n");
  EXPECT_THAT(client->say(""), StartsWith("a OK"));
  EXPECT_EQ(client->session().user(), "bob@example.test");
}

TEST(SignIn, RefusesAnUnknownMechanism) {
  SessionWorld world;
  EXPECT_THAT(world.connect()->say("a AUTHENTICATE GSSAPI"), StartsWith("a NO"));
}

TEST(SignIn, EndsTheSessionAfterSixFailures) {
  SessionWorld world;
  const auto client = world.connect();
  for (int n = 0; n < 5; ++n) {
    EXPECT_THAT(client->say("a LOGIN alice@example.test wrong"), EndsWith("is wrong\r\n"));
  }
  EXPECT_THAT(client->say("a LOGIN alice@example.test wrong"), HasSubstr("* BYE "));
  EXPECT_TRUE(client->is_closed());
}

TEST(StartTls, ForgetsWhatWasSaidInClear) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_THAT(client->say("a STARTTLS"), StartsWith("a OK"));
  ASSERT_TRUE(client->wants_tls());
  client->start_tls();
  const std::string answer = client->say("b CAPABILITY");
  EXPECT_THAT(answer, Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(answer, EndsWith("b OK That is all\r\n"));
}

TEST(Session, AnswersIdBeforeAndAfterSignIn) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_THAT(client->say("a ID NIL"), StartsWith("* ID ("));
  client->say("b LOGIN alice@example.test secret-alice");
  EXPECT_THAT(client->say("c ID (\"name\" \"Thunderbird\")"), StartsWith("* ID ("));
}

TEST(Session, AnswersCommandsThatComeInOneSegment) {
  SessionWorld world;
  const auto client = world.sign_in();
  const std::string answer = client->send("a NAMESPACE\r\nb LIST \"\" \"\"\r\nc NOOP\r\n");
  EXPECT_EQ(answer,
            "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\na OK That is all\r\n"
            "* LIST (\\Noselect) \"/\" \"\"\r\nb OK That is all\r\n"
            "c OK Nothing done\r\n");
}

TEST(Session, RefusesCommandsInTheWrongState) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_THAT(client->say("a SELECT INBOX"), StartsWith("a BAD Sign in first"));
  client->say("b LOGIN alice@example.test secret-alice");
  EXPECT_THAT(client->say("c FETCH 1 FLAGS"), StartsWith("c BAD No mailbox is selected"));
  EXPECT_THAT(client->say("d LOGIN alice@example.test secret-alice"), StartsWith("d BAD"));
}

TEST(Session, SlowsDownAndThenSendsAwayWhoTalksRubbish) {
  SessionWorld world;
  const auto client = world.sign_in();
  for (int n = 0; n < 3; ++n) EXPECT_THAT(client->say("a RUBBISH"), StartsWith("a BAD"));
  EXPECT_EQ(client->paused().count(), 0);
  client->say("a RUBBISH");
  EXPECT_GT(client->paused().count(), 0);
  std::string last;
  for (int n = 0; n < 20 && !client->is_closed(); ++n) last = client->say("a RUBBISH");
  EXPECT_THAT(last, HasSubstr("* BYE Too many errors"));
}

TEST(Session, CutsABrowserShort) {
  SessionWorld world;
  const auto client = world.connect();
  EXPECT_THAT(client->say("GET / HTTP/1.1"), StartsWith("* BYE "));
  EXPECT_TRUE(client->is_closed());
}

TEST(Session, SaysGoodbye) {
  SessionWorld world;
  const auto client = world.open_inbox();
  EXPECT_THAT(client->say("a LOGOUT"), StartsWith("* BYE "));
  EXPECT_TRUE(client->is_closed());
}

TEST(Session, WaitsForAClientThatPipelinesAndDoesNotRead) {
  SessionWorld world;
  const auto client = world.sign_in();
  client->stop_reading();
  std::string commands;
  for (int n = 0; n < 4000; ++n) commands += "a CAPABILITY\r\n";
  client->send(commands);
  std::string answers;
  for (int n = 0; n < 1000 && count(answers, "a OK") < 4000; ++n) {
    const std::string part = client->read_on();
    EXPECT_LT(part.size(), 2 * Output::kFull);
    answers += part;
  }
  EXPECT_EQ(count(answers, "a OK"), 4000);
}

TEST(Session, AnswersWhenNoWorkerIsFree) {
  SessionWorld world;
  const auto client = world.sign_in();
  Input input;
  Output output;
  input.append("a SELECT INBOX\r\n");
  EXPECT_EQ(client->session().consume(input, output).kind, Next::Kind::Work);
  EXPECT_EQ(client->session().overloaded(output).kind, Next::Kind::Pause);
  EXPECT_THAT(output.drain(), StartsWith("a NO [UNAVAILABLE]"));
  input.append("b NOOP\r\n");
  client->session().consume(input, output);
  EXPECT_THAT(output.drain(), StartsWith("b OK"));
}

TEST(Session, AdmitsImap4rev2OnceEnabled) {
  SessionWorld world;
  world.deliver("Subject: x\r\n\r\nx\r\n");
  const auto client = world.sign_in();
  EXPECT_EQ(client->say("a ENABLE IMAP4rev2 UNKNOWN"), "* ENABLED IMAP4rev2\r\na OK Enabled\r\n");
  EXPECT_EQ(client->say("b ENABLE IMAP4rev2"), "* ENABLED\r\nb OK Enabled\r\n");
  const std::string answer = client->say("c SELECT inbox");
  EXPECT_THAT(answer, Not(HasSubstr("RECENT")));
  EXPECT_THAT(answer, Not(HasSubstr("UNSEEN")));
  EXPECT_THAT(answer, HasSubstr("* LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX"));
  EXPECT_THAT(client->say("d SELECT Sent"), StartsWith("* OK [CLOSED]"));
  EXPECT_THAT(client->say("e CREATE \"Gr\xC3\xB6\xC3\x9F"
                          "e\""),
              StartsWith("e OK"));
  EXPECT_THAT(client->say("f LIST \"\" Gr%"), HasSubstr("\"Gr\xC3\xB6\xC3\x9F"
                                                        "e\""));
  const auto old = world.sign_in();
  EXPECT_THAT(old->say("g LIST \"\" Gr%"), HasSubstr("Gr&APYA3w-e\r\n"));
}

}  // namespace
}  // namespace waxwing::imap
