#include "auth/authenticator.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "base/crypto.h"
#include "scram_client.h"
#include "scratch.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Step = SaslExchange::Step;

constexpr Authenticator::Offer kTls{true, true};

SignInContext from(const char* address, const char* service = "imap") {
  return {"s1", *IpAddress::parse(address), service, "TLSv1.3", "exporter", "end-point"};
}

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    EXPECT_TRUE(directory().add_domain("example.com"));
    EXPECT_TRUE(directory().add_account("alice@example.com", "correct horse"));
    authenticator = Authenticator::make(directory(), scratch.clock);
  }
  Directory& directory() { return scratch.directory(); }

  std::string sign_in(std::string_view user, std::string_view password,
                      const char* address = "192.0.2.1") {
    const auto identity = authenticator->password(from(address), user, password, "LOGIN");
    return identity ? identity->address : to_string(identity.error().code);
  }
  std::unique_ptr<SaslExchange> start(std::string_view mechanism,
                                      Authenticator::Offer offer = kTls) {
    auto exchange = authenticator->start(from("192.0.2.1"), mechanism, offer);
    EXPECT_TRUE(exchange) << exchange.error().text;
    return std::move(*exchange);
  }

  Scratch scratch;
  std::unique_ptr<Authenticator> authenticator;
};

std::string nul(std::string text) {
  for (char& c : text) {
    if (c == '|') c = '\0';
  }
  return text;
}

TEST_F(AuthenticatorTest, TakesTheRightPasswordForTheFullAddressInAnyCase) {
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "alice@example.com");
  EXPECT_EQ(sign_in("Alice@EXAMPLE.com", "correct horse"), "alice@example.com");
}

TEST_F(AuthenticatorTest, TellsWrongUnknownAndDisabledAlike) {
  EXPECT_EQ(sign_in("alice@example.com", "wrong"), "denied");
  EXPECT_EQ(sign_in("bob@example.com", "correct horse"), "denied");
  EXPECT_EQ(sign_in("alice", "correct horse"), "denied");
  EXPECT_EQ(sign_in("", ""), "denied");
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "denied");
}

TEST_F(AuthenticatorTest, PlainTakesOwnAuthorizationIdentityOnly) {
  auto step = start("plain")->respond(nul("|alice@example.com|correct horse"));
  EXPECT_EQ(step.kind, Step::Kind::Done);
  EXPECT_EQ(step.identity.address, "alice@example.com");
  EXPECT_EQ(start("PLAIN")->respond(nul("ALICE@example.com|alice@example.com|correct horse")).kind,
            Step::Kind::Done);
  step = start("PLAIN")->respond(nul("bob@example.com|alice@example.com|correct horse"));
  EXPECT_EQ(step.kind, Step::Kind::Failed);
  EXPECT_EQ(step.error.code, Error::Code::Denied);
}

TEST_F(AuthenticatorTest, PlainRefusesWhatIsNoMessage) {
  for (const char* message : {"", "|", "alice@example.com|correct horse", "a|b|c|d", "||x"}) {
    const auto step = start("PLAIN")->respond(nul(message));
    EXPECT_EQ(step.kind, Step::Kind::Failed) << message;
    EXPECT_EQ(step.error.code, Error::Code::Invalid) << message;
  }
  EXPECT_EQ(start("PLAIN")->respond(std::string(10'000, 'x')).error.code, Error::Code::Invalid);
}

TEST_F(AuthenticatorTest, LoginAsksForUserAndPassword) {
  auto exchange = start("LOGIN");
  EXPECT_FALSE(exchange->client_first());
  EXPECT_EQ(exchange->respond("").challenge, "Username:");
  EXPECT_EQ(exchange->respond("alice@example.com").challenge, "Password:");
  EXPECT_EQ(exchange->respond("correct horse").kind, Step::Kind::Done);
  EXPECT_EQ(exchange->respond("again").kind, Step::Kind::Failed);
}

TEST_F(AuthenticatorTest, LoginTakesTheUserNameWithTheCommand) {
  auto exchange = start("LOGIN");
  EXPECT_EQ(exchange->respond("alice@example.com").challenge, "Password:");
  EXPECT_EQ(exchange->respond("wrong").error.code, Error::Code::Denied);
}

TEST_F(AuthenticatorTest, OffersPasswordsOnlyWhereTheyMayTravel) {
  EXPECT_THAT(authenticator->mechanisms({true, true}),
              ElementsAre("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"));
  EXPECT_THAT(authenticator->mechanisms({false, false}), ElementsAre("SCRAM-SHA-256"));
  EXPECT_EQ(authenticator->start(from("192.0.2.1"), "PLAIN", {false, false}).error().code,
            Error::Code::NotFound);
  EXPECT_EQ(authenticator->start(from("192.0.2.1"), "CRAM-MD5", kTls).error().code,
            Error::Code::NotFound);
}

TEST_F(AuthenticatorTest, OffersScramOnlyWhenEveryAccountHasKeys) {
  // "geheim"
  ASSERT_TRUE(directory().import_account(
      "bob@example.com",
      "{SHA512-CRYPT}$6$saltstring$gUUU7Q1nHUlpW3Td/XNWQNCXldxCtDo4d5k5ezG8jW58.bfdBZvqtBPM1S1LRoM/"
      "fG4Mb/ZCXJKbZYUcbur6S0"));
  EXPECT_THAT(authenticator->mechanisms({false, true}), IsEmpty());
}

TEST_F(AuthenticatorTest, ChangedPasswordAndDisablingCountAtOnce) {
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "alice@example.com");
  ASSERT_TRUE(directory().set_password("alice@example.com", "battery staple"));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "denied");
  EXPECT_EQ(sign_in("alice@example.com", "battery staple"), "alice@example.com");
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "battery staple"), "denied");
  ASSERT_TRUE(directory().enable_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "battery staple"), "alice@example.com");
  ASSERT_TRUE(directory().remove_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "battery staple"), "denied");
}

// A whole SCRAM exchange; `between` happens after the challenge.
struct ScramRun {
  std::string challenge;
  Step last;
  bool server_is_genuine = false;
};

class AuthenticatorScramTest : public AuthenticatorTest {
 protected:
  ScramRun scram(
      const std::string& user, const std::string& password,
      std::string_view mechanism = "SCRAM-SHA-256", const char* header = "n,,",
      const std::function<void()>& between = [] {}) {
    ScramRun run;
    auto exchange = start(mechanism);
    ScramClient client(header, mechanism.ends_with("PLUS") ? "exporter" : "", user, password);
    run.last = exchange->respond(client.first());
    if (run.last.kind != Step::Kind::Challenge) return run;
    run.challenge = run.last.challenge;
    between();
    run.last = exchange->respond(client.final(run.challenge));
    run.server_is_genuine = run.last.challenge == client.expected_server_final();
    return run;
  }
  static std::string salt_of(const std::string& challenge) {
    return challenge.substr(challenge.find(",s="));
  }
};

TEST_F(AuthenticatorScramTest, SignsInWithAndWithoutChannelBinding) {
  auto run = scram("alice@example.com", "correct horse");
  EXPECT_EQ(run.last.kind, Step::Kind::Done);
  EXPECT_EQ(run.last.identity.address, "alice@example.com");
  EXPECT_TRUE(run.server_is_genuine);
  run = scram("ALICE@example.com", "correct horse", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,");
  EXPECT_EQ(run.last.kind, Step::Kind::Done);
  EXPECT_TRUE(run.server_is_genuine);
  EXPECT_EQ(scram("alice@example.com", "wrong").last.error.code, Error::Code::Denied);
  EXPECT_EQ(scram("alice@example.com", "correct horse", "SCRAM-SHA-256", "y,,").last.error.code,
            Error::Code::Denied);
  EXPECT_EQ(scram("alice@example.com", "correct horse", "SCRAM-SHA-256", "n,a=bob@example.com,")
                .last.error.code,
            Error::Code::Denied);
}

TEST_F(AuthenticatorScramTest, ChallengesUnknownUsersAsIfTheyWereThere) {
  const auto real = scram("alice@example.com", "correct horse");
  const auto once = scram("nobody@example.com", "x");
  const auto again = scram("Nobody@example.com", "y");
  const auto other = scram("nobody2@example.com", "x");
  EXPECT_EQ(once.last.error.code, Error::Code::Denied);
  EXPECT_EQ(salt_of(once.challenge), salt_of(again.challenge));
  EXPECT_NE(salt_of(once.challenge), salt_of(other.challenge));
  EXPECT_EQ(salt_of(once.challenge).size(), salt_of(real.challenge).size());
  // Across a restart too.
  authenticator.reset();
  scratch.open();
  authenticator = Authenticator::make(directory(), scratch.clock);
  EXPECT_EQ(salt_of(scram("nobody@example.com", "x").challenge), salt_of(once.challenge));
}

TEST_F(AuthenticatorScramTest, ChangesDuringTheExchangeCount) {
  const auto run = scram("alice@example.com", "correct horse", "SCRAM-SHA-256", "n,,", [&] {
    ASSERT_TRUE(directory().set_password("alice@example.com", "battery staple"));
  });
  EXPECT_EQ(run.last.error.code, Error::Code::Denied);
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  const auto disabled = scram("alice@example.com", "battery staple");
  EXPECT_FALSE(disabled.challenge.empty());
  EXPECT_EQ(disabled.last.error.code, Error::Code::Denied);
}

TEST_F(AuthenticatorScramTest, ImportedHashGetsScramKeysAtTheFirstSignIn) {
  ASSERT_TRUE(directory().import_account(
      "bob@example.com",
      "{SHA256-CRYPT}$5$saltstring$QsawHNtIZWMgWWdYBHMuOJyvK4.GlQU8CrPUBLOT2ZA"));
  EXPECT_EQ(sign_in("bob@example.com", "wrong"), "denied");
  EXPECT_FALSE(directory().account("bob@example.com")->has_scram);
  EXPECT_EQ(start("PLAIN")->respond(nul("|bob@example.com|geheim")).kind, Step::Kind::Done);
  EXPECT_TRUE(directory().account("bob@example.com")->has_scram);
  EXPECT_EQ(scram("bob@example.com", "geheim").last.kind, Step::Kind::Done);
  EXPECT_EQ(sign_in("bob@example.com", "geheim"), "bob@example.com");
  EXPECT_EQ(sign_in("bob@example.com", "wrong"), "denied");
}

class AuthenticatorThrottleTest : public AuthenticatorTest {
 protected:
  // Ten different wrong passwords: the free ones.
  void guess(const char* address, const std::string& user = "alice@example.com") {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(sign_in(user, address + std::to_string(i), address), "denied");
    }
  }
};

TEST_F(AuthenticatorThrottleTest, StopsWhoGuessesButNobodyWhoWasHereBefore) {
  ASSERT_EQ(sign_in("alice@example.com", "correct horse", "192.0.2.7"), "alice@example.com");
  guess("2001:db8::1");
  EXPECT_EQ(sign_in("alice@example.com", "correct horse", "2001:db8::1"), "temporary");
  EXPECT_EQ(sign_in("bob@example.com", "x", "2001:db8::ffff"), "temporary") << "the same /64";
  EXPECT_EQ(sign_in("alice@example.com", "correct horse", "198.51.100.1"), "temporary")
      << "the account, for strangers";
  EXPECT_EQ(sign_in("alice@example.com", "correct horse", "192.0.2.7"), "alice@example.com");
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(sign_in("alice@example.com", "typo" + std::to_string(i), "192.0.2.7"), "denied");
  }
  EXPECT_EQ(sign_in("alice@example.com", "correct horse", "192.0.2.7"), "alice@example.com");
  scratch.clock.advance(std::chrono::seconds(3));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse", "198.51.100.1"), "alice@example.com");
}

TEST_F(AuthenticatorThrottleTest, TreatsUnknownAccountsLikeRealOnes) {
  guess("192.0.2.1", "nobody@example.com");
  EXPECT_EQ(sign_in("nobody@example.com", "x", "192.0.2.2"), "temporary");
  EXPECT_EQ(sign_in("alice@example.com", "correct horse", "192.0.2.2"), "alice@example.com");
}

TEST_F(AuthenticatorThrottleTest, LetsAStalePasswordKnockForever) {
  for (int i = 0; i < 15; ++i) EXPECT_EQ(sign_in("alice@example.com", "old one"), "denied");
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "alice@example.com");
}

TEST_F(AuthenticatorTest, ManyThreadsSignInAtOnce) {
  std::atomic<int> surprises{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      const auto address = "192.0.2." + std::to_string(t + 1);
      for (int i = 0; i < 4; ++i) {
        const bool right = (t + i) % 2 == 0;
        const auto identity = authenticator->password(from(address.c_str()), "alice@example.com",
                                                      right ? "correct horse" : "wrong", "LOGIN");
        if (identity.has_value() != right) ++surprises;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(surprises, 0);
}

TEST_F(AuthenticatorTest, LogsOneLinePerSignInWithoutThePassword) {
  testing::internal::CaptureStderr();
  sign_in("alice@example.com", "correct horse");
  sign_in("ALICE@example.com", "wr0ng horse");
  sign_in("my secret typed as a name", "x");
  start("PLAIN")->respond("nonsense");
  const auto lines = testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, testing::HasSubstr(
                         "sign-in session=s1 result=ok address=192.0.2.1 account=alice@example.com "
                         "service=imap mechanism=LOGIN tls=TLSv1.3"));
  EXPECT_THAT(lines, testing::HasSubstr(
                         "sign-in session=s1 result=failed address=192.0.2.1 "
                         "account=alice@example.com service=imap mechanism=LOGIN tls=TLSv1.3"));
  EXPECT_THAT(lines, testing::HasSubstr("mechanism=PLAIN tls=TLSv1.3 reason=\"malformed PLAIN"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4);
  for (const char* secret : {"correct horse", "wr0ng", "my secret"}) {
    EXPECT_THAT(lines, testing::Not(testing::HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace waxwing
