#include "auth/authenticator.h"

#include <gmock/gmock.h>

#include "scratch.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = SaslExchange::Step::Kind;

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
  EXPECT_EQ(step.kind, Kind::Done);
  EXPECT_EQ(step.identity.address, "alice@example.com");
  EXPECT_EQ(start("PLAIN")->respond(nul("ALICE@example.com|alice@example.com|correct horse")).kind,
            Kind::Done);
  step = start("PLAIN")->respond(nul("bob@example.com|alice@example.com|correct horse"));
  EXPECT_EQ(step.kind, Kind::Failed);
  EXPECT_EQ(step.error.code, Error::Code::Denied);
}

TEST_F(AuthenticatorTest, PlainRefusesWhatIsNoMessage) {
  for (const char* message : {"", "|", "alice@example.com|correct horse", "a|b|c|d", "||x"}) {
    const auto step = start("PLAIN")->respond(nul(message));
    EXPECT_EQ(step.kind, Kind::Failed) << message;
    EXPECT_EQ(step.error.code, Error::Code::Invalid) << message;
  }
  EXPECT_EQ(start("PLAIN")->respond(std::string(10'000, 'x')).error.code, Error::Code::Invalid);
}

TEST_F(AuthenticatorTest, LoginAsksForUserAndPassword) {
  auto exchange = start("LOGIN");
  EXPECT_FALSE(exchange->client_first());
  EXPECT_EQ(exchange->respond("").challenge, "Username:");
  EXPECT_EQ(exchange->respond("alice@example.com").challenge, "Password:");
  EXPECT_EQ(exchange->respond("correct horse").kind, Kind::Done);
  EXPECT_EQ(exchange->respond("again").kind, Kind::Failed);
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

}  // namespace
}  // namespace waxwing
