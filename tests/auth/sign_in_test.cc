#include "auth/sign_in.h"

#include <gmock/gmock.h>

#include <functional>

#include "scratch.h"

namespace waxwing {
namespace {

using testing::ElementsAre;

// Writes down what is asked of the credentials, and can break.
class Recorder final : public Credentials {
 public:
  explicit Recorder(Credentials& real) : real_(real) {}

  Result<Credential> find(const std::string& account) override {
    calls.push_back("find");
    if (is_broken) return fail(Error::Code::Temporary, "disk I/O error");
    return real_.find(account);
  }
  Result<PasswordHash> decoy(const std::string& account) override {
    calls.push_back("decoy");
    if (while_comparing) while_comparing();
    return real_.decoy(account);
  }
  const std::string& secret() const override { return real_.secret(); }
  bool has_scram_for_all() const override { return real_.has_scram_for_all(); }
  Outcome adopt(const Credential& imported, std::string_view password) override {
    calls.push_back("adopt");
    return real_.adopt(imported, password);
  }
  Result<bool> has_signed_in(std::int64_t account, const std::string& client) override {
    calls.push_back("has_signed_in");
    return real_.has_signed_in(account, client);
  }
  Outcome note_sign_in(std::int64_t account, const std::string& client) override {
    calls.push_back("note_sign_in");
    return real_.note_sign_in(account, client);
  }

  std::vector<std::string> calls;
  std::function<void()> while_comparing;
  bool is_broken = false;

 private:
  Credentials& real_;
};

class SignInTest : public testing::Test {
 protected:
  SignInTest() {
    EXPECT_TRUE(directory().add_domain("example.com"));
    EXPECT_TRUE(directory().add_account("alice@example.com", "correct horse"));
  }
  Directory& directory() { return scratch.directory(); }
  std::string sign_in(const std::string& account, std::string_view password,
                      const char* address = "192.0.2.1") {
    recorder.calls.clear();
    const SignInTry attempt{
        {"s1", *IpAddress::parse(address), "imap", "", "", ""}, "LOGIN", account};
    const auto identity = sign_in_.password(attempt, password);
    return identity ? "ok" : to_string(identity.error().code);
  }

  Scratch scratch;
  Recorder recorder{scratch.directory().credentials()};
  SignIn sign_in_{recorder, scratch.clock};
};

TEST_F(SignInTest, DoesTheSameForWrongUnknownAndDisabled) {
  const std::vector<std::string> kSteps = {"find", "has_signed_in", "decoy", "find"};
  EXPECT_EQ(sign_in("alice@example.com", "wrong"), "denied");
  EXPECT_EQ(recorder.calls, kSteps);
  EXPECT_EQ(sign_in("nobody@example.com", "wrong"), "denied");
  EXPECT_EQ(recorder.calls, kSteps);
  EXPECT_EQ(sign_in("", "wrong"), "denied") << "no address";
  EXPECT_EQ(recorder.calls, kSteps);
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "denied");
  EXPECT_EQ(recorder.calls, kSteps);
}

TEST_F(SignInTest, ARefusedPasswordIsHashedOnceForAClientWhateverTheReason) {
  const std::vector<std::string> kAgain = {"find", "has_signed_in", "find"};
  for (const char* account : {"alice@example.com", "nobody@example.com", ""}) {
    EXPECT_EQ(sign_in(account, "wrong"), "denied");
    EXPECT_EQ(sign_in(account, "wrong"), "denied");
    EXPECT_EQ(recorder.calls, kAgain) << account;
  }
  EXPECT_EQ(sign_in("alice@example.com", "wrong", "192.0.2.2"), "denied");
  EXPECT_THAT(recorder.calls, testing::Contains("decoy")) << "what others tried must not show";
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "denied");
  EXPECT_THAT(recorder.calls, testing::Contains("decoy"));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "denied");
  EXPECT_EQ(recorder.calls, kAgain) << "right, but disabled: no different from wrong";
}

TEST_F(SignInTest, ARefusedPasswordIsForgottenWhenItBecomesTheRightOne) {
  EXPECT_EQ(sign_in("alice@example.com", "new horse"), "denied");
  ASSERT_TRUE(directory().set_password("alice@example.com", "new horse"));
  EXPECT_EQ(sign_in("alice@example.com", "new horse"), "ok");
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "new horse"), "denied");
  ASSERT_TRUE(directory().enable_account("alice@example.com"));
  EXPECT_EQ(sign_in("alice@example.com", "new horse"), "ok");
}

TEST_F(SignInTest, AnOwnerAtHomeComesInWhileANeighbourGuesses) {
  ASSERT_EQ(sign_in("alice@example.com", "correct horse"), "ok");
  int throttled = 0;
  for (int i = 0; i < 150; ++i) {
    throttled += sign_in("alice@example.com", "guess" + std::to_string(i)) == "temporary";
  }
  EXPECT_EQ(throttled, 50);
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "ok");
}

TEST_F(SignInTest, RemembersAVerifiedPasswordUntilTheCredentialChanges) {
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "ok");
  EXPECT_THAT(recorder.calls,
              ElementsAre("find", "has_signed_in", "decoy", "find", "note_sign_in"));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "ok");
  EXPECT_THAT(recorder.calls, ElementsAre("find", "has_signed_in", "find", "note_sign_in"));
  scratch.clock.advance(std::chrono::minutes(11));
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "ok");
  EXPECT_THAT(recorder.calls,
              ElementsAre("find", "has_signed_in", "decoy", "find", "note_sign_in"));
}

TEST_F(SignInTest, ChangesWhileThePasswordIsComparedCount) {
  recorder.while_comparing = [&] { EXPECT_TRUE(directory().disable_account("alice@example.com")); };
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "denied");
}

TEST_F(SignInTest, ABrokenDirectoryIsNobodysWrongPassword) {
  recorder.is_broken = true;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(sign_in("alice@example.com", "guess" + std::to_string(i)), "temporary");
  }
  recorder.is_broken = false;
  EXPECT_EQ(sign_in("alice@example.com", "correct horse"), "ok");
}

TEST_F(SignInTest, DecoysCostWhatRealAccountsCost) {
  const std::string kBcrypt = "$2y$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu";
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(directory().import_account("user" + std::to_string(i) + "@example.com",
                                           "{BLF-CRYPT}" + kBcrypt));
  }
  int imported = 0;
  for (int i = 0; i < 90; ++i) {
    const auto name = "nobody" + std::to_string(i) + "@example.com";
    const auto decoy = recorder.decoy(name);
    ASSERT_TRUE(decoy);
    EXPECT_EQ(decoy->text, recorder.decoy(name)->text) << "stable";
    imported += decoy->imported;
  }
  EXPECT_GT(imported, 60);  // eight of nine accounts have such a hash
  EXPECT_LT(imported, 90);
}

}  // namespace
}  // namespace waxwing
