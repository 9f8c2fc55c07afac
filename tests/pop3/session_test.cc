#include "protocols/pop3/session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "protocols/pop3/line_reader.h"
#include "protocols/pop3/read_ahead.h"
#include "tests/pop3/world.h"

namespace waxwing::pop3 {
namespace {

class Pop3 : public testing::Test {
 protected:
  Pop3() {
    settings->hostname = "mail.example.test";
    peer.session_id = "s1";
    peer.address = IpAddress::v4({127, 0, 0, 1});
    peer.service = Service::Pop3;
    peer.offers_starttls = true;
  }

  void connect() {
    session = make_session(peer, {settings, store, authenticator, clock, {}, [this](auto job) {
                                    beside.push_back(std::move(job));
                                  }});
    input = Input();
    session->greet(output);
    EXPECT_EQ(output.drain(), "+OK mail.example.test POP3 ready\r\n");
  }
  void sign_in() {
    connect();
    say("USER alice");
    EXPECT_TRUE(say("PASS  sec ret").starts_with("+OK Signed in"));
    lanes.clear();
  }

  // What workers do beside the session.
  void run_beside() {
    for (const auto& job : std::exchange(beside, {})) job();
  }

  // What the server answers to these lines, all sent at once.
  std::string say(std::string_view lines) {
    input.append(lines);
    input.append("\r\n");
    return answer();
  }
  std::string answer() {
    std::string text;
    for (next = session->consume(input, output);;) {
      text += output.drain();
      if (next.kind == Next::Kind::Pause) {
        paused += next.time;
        next = session->tick(output);
      } else if (next.kind != Next::Kind::Work) {
        return text;
      } else {
        lanes.push_back(next.lane);
        while (session->run(output) != Progress::Done) {
          EXPECT_LT(output.size(), 2 * Output::kFull);
          text += output.drain();
        }
      }
      next = session->consume(input, output);
    }
  }
  bool is_closed() const { return next.kind == Next::Kind::Close; }

  std::shared_ptr<Settings> settings = std::make_shared<Settings>();
  FakeStore store;
  FakeInbox& inbox = *store.alice->inbox;
  FakeAuthenticator authenticator;
  FakeClock clock;
  Peer peer;
  std::unique_ptr<Session> session;
  Input input;
  Output output;
  Next next;
  std::vector<Lane> lanes;
  std::vector<std::function<void()>> beside;
  std::chrono::milliseconds paused{0};
};

TEST_F(Pop3, SignsInOnThePasswordLaneAndOpensOnTheStorageLane) {
  connect();
  say("USER alice");
  EXPECT_TRUE(lanes.empty());
  EXPECT_EQ(session->user(), "");
  EXPECT_EQ(say("PASS  sec ret"), "+OK Signed in, 0 messages\r\n");
  EXPECT_EQ(lanes, (std::vector{Lane::Password, Lane::Storage}));
  EXPECT_EQ(session->user(), "alice@example.test");
}

TEST_F(Pop3, AnswersWhatIsInMemoryAtOnce) {
  inbox.add(3, "a: b\r\n");
  sign_in();
  say("STAT\r\nLIST\r\nLIST 1\r\nNOOP\r\nDELE 1\r\nRSET\r\nCAPA\r\nQUIT");
  EXPECT_TRUE(lanes.empty());
  EXPECT_TRUE(is_closed());
}

TEST_F(Pop3, TellsWhyNobodySignsIn) {
  connect();
  authenticator.is_busy = true;
  EXPECT_TRUE(say("USER alice\r\nPASS x")
                  .ends_with("-ERR [SYS/TEMP] Sign-in is not possible now, try again later\r\n"));
  authenticator.is_busy = false;
  authenticator.policy = PopPolicy::Off;
  EXPECT_TRUE(say("USER alice\r\nPASS  sec ret")
                  .ends_with("-ERR [SYS/PERM] POP3 is switched off for this account\r\n"));
  authenticator.policy = PopPolicy::On;
  store.is_broken = true;
  EXPECT_TRUE(
      say("USER alice\r\nPASS  sec ret")
          .ends_with("-ERR [SYS/TEMP] The mailbox is not available now, try again later\r\n"));
  EXPECT_EQ(session->user(), "");
  EXPECT_EQ(say("STAT"), "-ERR Sign in first\r\n");
}

TEST_F(Pop3, TakesTheLastWordOfAMechanism) {
  connect();
  EXPECT_EQ(say("AUTH TWO-WAY " + base64(" sec ret")), "+ " + base64("proof") + "\r\n");
  EXPECT_EQ(say(""), "+OK Signed in, 0 messages\r\n");
}

TEST_F(Pop3, CancelsAnExchangeOnALineThatIsTooLong) {
  connect();
  EXPECT_EQ(say("AUTH PLAIN"), "+ \r\n");
  EXPECT_EQ(say(std::string(20'000, 'x')), "-ERR Line is too long\r\n");
  EXPECT_EQ(say("AUTH PLAIN " + base64(" sec ret")), "+OK Signed in, 0 messages\r\n");
}

TEST_F(Pop3, HoldsNoMoreOfALineThanItMay) {
  connect();
  for (int i = 0; i < 100; ++i) {
    input.append(std::string(16 * 1024, 'x'));
    EXPECT_EQ(answer(), "");
    EXPECT_LE(input.size(), kMaxSignInLine);
  }
  EXPECT_EQ(say(""), "-ERR Line is too long\r\n");
}

TEST_F(Pop3, NeedsTlsOnAPortForTls) {
  peer.only_starttls = true;
  connect();
  EXPECT_EQ(say("CAPA").find("SASL"), std::string::npos);
  EXPECT_TRUE(say("USER alice").starts_with("-ERR This port needs TLS"));
  EXPECT_TRUE(say("AUTH PLAIN").starts_with("-ERR This port needs TLS"));
  EXPECT_EQ(say("STLS\r\nUSER alice"), "+OK Begin TLS\r\n");
  EXPECT_EQ(next.kind, Next::Kind::StartTls);
  input.clear();
  session->encrypted(TlsInfo());
  EXPECT_EQ(say("USER alice"), "+OK Password, please\r\n");
}

TEST_F(Pop3, SendsNoPasswordInClear) {
  settings->plaintext_auth = Settings::PlaintextAuth::Never;
  connect();
  const std::string capabilities = say("CAPA");
  EXPECT_EQ(capabilities.find("USER\r\n", capabilities.find("UTF8 USER") + 11), std::string::npos);
  EXPECT_NE(capabilities.find("STLS"), std::string::npos);
  EXPECT_TRUE(say("USER alice").starts_with("-ERR This would send the password in clear"));
  EXPECT_TRUE(say("AUTH PLAIN").starts_with("-ERR This would send the password in clear"));
}

TEST_F(Pop3, DeletesAtQuitAlone) {
  for (Uid uid = 1; uid <= 3; ++uid) inbox.add(uid, "a: b\r\n");
  sign_in();
  say("DELE 1\r\nDELE 3");
  EXPECT_EQ(inbox.files.size(), 3u);
  EXPECT_EQ(say("QUIT"), "+OK Goodbye\r\n");
  EXPECT_EQ(lanes, std::vector{Lane::Storage});
  EXPECT_TRUE(is_closed());
  EXPECT_EQ(inbox.files.size(), 1u);
}

TEST_F(Pop3, DeletesNothingWhenTheClientIsCutOff) {
  inbox.add(1, "a: b\r\n");
  sign_in();
  say("DELE 1");
  input.append("QUIT");
  input.end();
  EXPECT_EQ(answer(), "");
  session.reset();
  EXPECT_EQ(inbox.files.size(), 1u);
}

TEST_F(Pop3, SaysWhenDeletingFailed) {
  inbox.add(1, "a: b\r\n");
  sign_in();
  say("DELE 1");
  inbox.is_broken = true;
  EXPECT_EQ(say("QUIT"), "-ERR [SYS/TEMP] Deleted messages were not removed\r\n");
  EXPECT_TRUE(is_closed());
}

TEST_F(Pop3, HidesInsteadOfDeletingWhereThePolicyIsKeep) {
  authenticator.policy = PopPolicy::Keep;
  for (Uid uid = 1; uid <= 3; ++uid) inbox.add(uid, std::string(uid, 'x'));
  sign_in();
  EXPECT_TRUE(say("DELE 2\r\nQUIT").ends_with("+OK Goodbye\r\n"));
  EXPECT_EQ(inbox.files.size(), 3u);
  sign_in();
  EXPECT_EQ(say("STAT\r\nLIST\r\nUIDL 2"),
            "+OK 2 4\r\n+OK 2 messages\r\n1 1\r\n2 3\r\n.\r\n+OK 2 7.3\r\n");
}

TEST_F(Pop3, KeepsItsNumbersWhileOthersChangeTheMailbox) {
  inbox.add(1, "one");
  inbox.add(2, "two");
  sign_in();
  inbox.files.erase(1);
  inbox.add(3, "three");
  EXPECT_EQ(say("STAT"), "+OK 2 6\r\n");
  EXPECT_EQ(say("RETR 1"), "-ERR Message was deleted by another program\r\n");
  EXPECT_EQ(say("RETR 2"), "+OK 3 octets\r\ntwo\r\n.\r\n");
  EXPECT_EQ(say("RETR 3"), "-ERR No such message\r\n");
}

TEST_F(Pop3, KeepsSecretsOfTheDiskToItself) {
  inbox.add(1, "one");
  sign_in();
  inbox.is_broken = true;
  const std::string text = say("RETR 1\r\nTOP 1 0\r\nUIDL\r\nUIDL 1");
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_TRUE(text.starts_with("-ERR [SYS/TEMP]"));
}

TEST_F(Pop3, StreamsLargeMessagesAndListings) {
  std::string large;
  while (large.size() < 3'000'000) large += "line\r\n";
  inbox.add(1, large);
  sign_in();
  EXPECT_EQ(say("RETR 1"), "+OK " + std::to_string(large.size()) + " octets\r\n" + large + ".\r\n");

  for (Uid uid = 2; uid <= 60'000; ++uid) inbox.files[uid] = "x";
  inbox.add(60'001, "x");
  sign_in();
  const std::string ids = say("UIDL");
  EXPECT_TRUE(ids.ends_with("\r\n60001 7.60001\r\n.\r\n"));
  EXPECT_EQ(std::count(ids.begin(), ids.end(), '\n'), 60'003);
  const std::string sizes = say("LIST");
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), '\n'), 60'003);
}

TEST_F(Pop3, WaitsForAClientThatReadsNoAnswers) {
  inbox.add(1, "x");
  sign_in();
  for (int i = 0; i < 100'000; ++i) input.append("STAT\r\n");
  next = session->consume(input, output);
  EXPECT_EQ(next.kind, Next::Kind::Work);
  const auto size = output.size();
  EXPECT_LT(size, 2 * Output::kFull);
  // No command waits there, so none is answered with an error.
  EXPECT_EQ(session->overloaded(output).kind, Next::Kind::Bytes);
  EXPECT_EQ(output.size(), size);
}

TEST_F(Pop3, ClosesWhenItCannotGoOnInTheMiddleOfAListing) {
  for (Uid uid = 2; uid <= 60'000; ++uid) inbox.files[uid] = "x";
  inbox.add(1, "x");
  sign_in();
  input.append("LIST\r\n");
  EXPECT_EQ(session->consume(input, output).kind, Next::Kind::Work);
  const auto size = output.size();
  EXPECT_EQ(session->overloaded(output).kind, Next::Kind::Close);
  EXPECT_EQ(output.size(), size);
}

TEST_F(Pop3, AnswersBeforeItReadsAhead) {
  for (Uid uid = 1; uid <= 4; ++uid) inbox.add(uid, std::to_string(uid));
  sign_in();
  EXPECT_EQ(say("RETR 1"), "+OK 1 octets\r\n1\r\n.\r\n");
  ASSERT_EQ(beside.size(), 1u);
  // Its client is faster than that worker, and then comes to what has been read.
  EXPECT_EQ(say("RETR 2"), "+OK 1 octets\r\n2\r\n.\r\n");
  EXPECT_EQ(beside.size(), 1u) << "one worker at a time";
  run_beside();
  lanes.clear();
  EXPECT_EQ(say("RETR 3"), "+OK 1 octets\r\n3\r\n.\r\n");
  EXPECT_EQ(say("RETR 4"), "+OK 1 octets\r\n4\r\n.\r\n");
  EXPECT_TRUE(lanes.empty());
}

TEST_F(Pop3, DoesWithoutWorkersWhoHaveNoTime) {
  for (Uid uid = 1; uid <= 3; ++uid) inbox.add(uid, std::to_string(uid));
  sign_in();
  for (int number = 1; number <= 3; ++number) {
    const std::string text = std::to_string(number);
    EXPECT_EQ(say("RETR " + text), "+OK 1 octets\r\n" + text + "\r\n.\r\n");
    beside.clear();  // dropped
  }
}

TEST_F(Pop3, ReadsNoMoreAheadThanItMayHold) {
  const std::string text(ReadAhead::kMaxBytes / 4, 'x');
  for (Uid uid = 1; uid <= 9; ++uid) inbox.add(uid, text);
  sign_in();
  say("RETR 1");
  run_beside();
  inbox.is_broken = true;
  lanes.clear();
  for (int number = 2; number <= 4; ++number) say("RETR " + std::to_string(number));
  EXPECT_TRUE(lanes.empty()) << "three fit";
  EXPECT_EQ(say("RETR 5"), "-ERR [SYS/TEMP] The message cannot be read now, try again later\r\n");
}

TEST_F(Pop3, ReadsOnWhileItsClientTakesWhatWasRead) {
  const std::string text(ReadAhead::kMaxBytes / 4, 'x');
  for (Uid uid = 1; uid <= 9; ++uid) inbox.add(uid, text);
  sign_in();
  say("RETR 1");
  lanes.clear();
  for (int number = 2; number <= 9; ++number) {
    run_beside();
    EXPECT_TRUE(say("RETR " + std::to_string(number)).ends_with(text + "\r\n.\r\n"));
  }
  EXPECT_TRUE(lanes.empty());
}

TEST_F(Pop3, ForgetsWhatIsReadForWhoHasGone) {
  for (Uid uid = 1; uid <= 3; ++uid) inbox.add(uid, "text");
  sign_in();
  say("RETR 1");
  session.reset();
  run_beside();
}

TEST_F(Pop3, ReadsAheadForWhoFetchesInOrder) {
  inbox.add(1, "one");
  inbox.add(2, ".two\r\n");
  inbox.add(3, std::string(ReadAhead::kMaxBytes + 1, 'x'));
  inbox.add(4, "four");
  sign_in();
  EXPECT_EQ(say("RETR 1"), "+OK 3 octets\r\none\r\n.\r\n");
  run_beside();
  say("DELE 1");
  input.append("RETR 2\r\n");
  EXPECT_EQ(session->consume(input, output).kind, Next::Kind::Bytes) << "no worker is needed";
  EXPECT_EQ(output.drain(), "+OK 6 octets\r\n..two\r\n.\r\n");
  input.append("RETR 3\r\n");
  EXPECT_EQ(session->consume(input, output).kind, Next::Kind::Work) << "too large to keep";
  EXPECT_EQ(session->run(output), Progress::Done);
  output.drain();
  EXPECT_EQ(say("RETR 4"), "+OK 4 octets\r\nfour\r\n.\r\n");
}

TEST_F(Pop3, ReadsNothingAheadForWhoPicks) {
  for (Uid uid = 1; uid <= 5; ++uid) inbox.add(uid, "text");
  sign_in();
  say("RETR 3");
  input.append("RETR 4\r\n");
  EXPECT_EQ(session->consume(input, output).kind, Next::Kind::Work);
}

TEST_F(Pop3, DoesNotSendWhatWasExpungedAfterItWasReadAhead) {
  inbox.add(1, "one");
  inbox.add(2, "two");
  inbox.add(3, "three");
  sign_in();
  say("RETR 1");
  run_beside();
  inbox.remove(2);
  EXPECT_EQ(say("RETR 2"), "-ERR Message was deleted by another program\r\n");
  say("DELE 3");
  EXPECT_EQ(say("RETR 3"), "-ERR Message is deleted\r\n");
  say("RSET");
  EXPECT_EQ(say("RETR 3"), "+OK 5 octets\r\nthree\r\n.\r\n");
}

TEST_F(Pop3, ClosesWhenItIsTooBusyToDelete) {
  inbox.add(1, "x");
  sign_in();
  say("DELE 1");
  input.append("QUIT\r\n");
  EXPECT_EQ(session->consume(input, output).kind, Next::Kind::Work);
  EXPECT_EQ(session->overloaded(output).kind, Next::Kind::Close);
  EXPECT_EQ(output.drain(), "-ERR [SYS/TEMP] Too busy, deleted messages were not removed\r\n");
  EXPECT_EQ(inbox.files.size(), 1u);
}

TEST_F(Pop3, GrowsSlowerWithErrorsAndThenGoes) {
  connect();
  for (int i = 1; i <= 9; ++i) {
    EXPECT_EQ(say("XYZZY"), "-ERR Unknown command\r\n");
    EXPECT_EQ(paused.count(), i <= 3 ? 0 : (i - 3) * 1000);
  }
  EXPECT_EQ(say("XYZZY\r\nCAPA"), "-ERR Too many errors, goodbye\r\n");
  EXPECT_TRUE(is_closed());
}

TEST_F(Pop3, IsSilentOnTimeout) {
  connect();
  EXPECT_EQ(session->idle_timeout(), settings->limits.login_timeout);
  sign_in();
  EXPECT_EQ(session->idle_timeout(), std::chrono::minutes(10));
  session->timed_out(output);
  EXPECT_TRUE(output.empty());
}

TEST_F(Pop3, SaysThatItIsTooBusy) {
  connect();
  say("USER alice");
  input.append("PASS  sec ret\r\n");
  EXPECT_EQ(session->consume(input, output).kind, Next::Kind::Work);
  EXPECT_EQ(session->overloaded(output).kind, Next::Kind::Bytes);
  EXPECT_EQ(output.drain(), "-ERR [SYS/TEMP] Too busy, try again later\r\n");
  EXPECT_EQ(say("STAT"), "-ERR Sign in first\r\n");
}

}  // namespace
}  // namespace waxwing::pop3
