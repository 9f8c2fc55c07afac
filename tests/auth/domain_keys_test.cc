#include "auth/domain_keys.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "auth/sqlite.h"
#include "scratch.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// 2026-09-21 by the clock of the scratch directory.
class DomainKeysTest : public testing::Test {
 protected:
  DomainKeysTest() { EXPECT_TRUE(scratch.directory().add_domain("example.com")); }
  DomainKeys& keys() { return scratch.directory().keys(); }
  // "wax20260921r rsa active"
  std::vector<std::string> shown(const std::string& domain = "example.com") {
    std::vector<std::string> lines;
    const auto listed = keys().list(domain).value();
    for (const auto& key : listed)
      lines.push_back(key.selector + (key.type == dkim::KeyType::Rsa ? " rsa " : " ed25519 ") +
                      to_string(key.state));
    return lines;
  }
  std::vector<std::string> signers(const std::string& domain = "example.com") {
    std::vector<std::string> selectors;
    const auto signing = keys().signing(domain).value();
    for (const auto& key : signing) selectors.push_back(key.selector);
    return selectors;
  }

  Scratch scratch;
};

TEST_F(DomainKeysTest, GivesADomainOneKeyOfEachAlgorithmThatSigns) {
  EXPECT_THAT(signers(), IsEmpty());
  ASSERT_TRUE(keys().provide("EXAMPLE.com"));
  EXPECT_THAT(shown(), ElementsAre("wax20260921e ed25519 active", "wax20260921r rsa active"));
  EXPECT_THAT(signers(), ElementsAre("wax20260921r", "wax20260921e"));
  ASSERT_TRUE(keys().provide("example.com"));
  EXPECT_THAT(shown(), SizeIs(2)) << "those that are there stay";
}

TEST_F(DomainKeysTest, PublishesWhatVerifiesItsSignatures) {
  ASSERT_TRUE(keys().provide("example.com"));
  const auto listed = keys().list("example.com").value();
  const auto signing = keys().signing("example.com").value();
  for (const auto& signer : signing) {
    const auto key = std::ranges::find(listed, signer.selector, &DomainKey::selector);
    ASSERT_NE(key, listed.end());
    EXPECT_EQ(key->record, signer.key.record());
    const auto record = dkim::parse_key_record(key->record);
    ASSERT_TRUE(record);
    const auto verifier = dkim::PublicKey::from_record(*record);
    ASSERT_TRUE(verifier);
    EXPECT_TRUE(verifier->verify("text", signer.key.sign("text")));
    EXPECT_EQ(verifier->bits(), key->type == dkim::KeyType::Rsa ? 2048 : 256);
  }
}

TEST_F(DomainKeysTest, KeepsItsKeysOverARestart) {
  ASSERT_TRUE(keys().provide("example.com"));
  const auto before = keys().list("example.com").value();
  scratch.open();
  const auto after = keys().list("example.com").value();
  ASSERT_EQ(after.size(), before.size());
  EXPECT_EQ(after[0].record, before[0].record);
  EXPECT_EQ(after[1].created, 1'790'000'000);
}

TEST_F(DomainKeysTest, RotatesWithoutAMomentInWhichNothingSigns) {
  ASSERT_TRUE(keys().provide("example.com"));
  scratch.clock.advance(std::chrono::hours(24));
  ASSERT_TRUE(keys().prepare("example.com"));
  EXPECT_THAT(signers(), ElementsAre("wax20260921r", "wax20260921e"));
  EXPECT_EQ(error_of(keys().prepare("example.com")), "already-exists");
  ASSERT_TRUE(keys().activate("example.com"));
  EXPECT_THAT(signers(), ElementsAre("wax20260922r", "wax20260922e"));
  EXPECT_THAT(shown(), ElementsAre("wax20260921e ed25519 retired", "wax20260921r rsa retired",
                                   "wax20260922e ed25519 active", "wax20260922r rsa active"));
  EXPECT_EQ(keys().list("example.com")->front().since, 1'790'000'000 + 24 * 3600);
  EXPECT_EQ(error_of(keys().activate("example.com")), "not-found");
  EXPECT_THAT(signers(), SizeIs(2)) << "what signs goes on";
}

TEST_F(DomainKeysTest, ForgetsAKeyButNotWhileItSigns) {
  ASSERT_TRUE(keys().provide("example.com"));
  EXPECT_EQ(error_of(keys().remove("example.com", "wax20260921r")), "denied");
  ASSERT_TRUE(keys().prepare("example.com"));
  ASSERT_TRUE(keys().activate("example.com"));
  ASSERT_TRUE(keys().remove("example.com", "WAX20260921R"));
  EXPECT_EQ(error_of(keys().remove("example.com", "wax20260921r")), "not-found");
  EXPECT_EQ(error_of(keys().remove("example.com", "nothing")), "not-found");
  EXPECT_THAT(shown(), SizeIs(3));
  auto database = directory_sql::Database::open(scratch.path()).value();
  auto query = database->query("SELECT pem FROM dkim_keys WHERE selector = 'wax20260921r'");
  ASSERT_TRUE(query.row());
  EXPECT_EQ(query.text(0), "") << "the secret is gone";
}

// A cache of the DNS may still have the old record.
TEST_F(DomainKeysTest, NeverMakesTwoKeysForOneSelector) {
  ASSERT_TRUE(keys().provide("example.com"));
  for (const char* stem : {"wax20260921-2", "wax20260921-3"}) {
    ASSERT_TRUE(keys().prepare("example.com"));
    for (const char* algorithm : {"r", "e"})
      EXPECT_EQ(error_of(keys().remove("example.com", std::string(stem) + algorithm)), "ok");
  }
}

TEST_F(DomainKeysTest, TakesAKeyOverThatSignsAtOnce) {
  ASSERT_TRUE(keys().provide("example.com"));
  const auto key = dkim::PrivateKey::generate(dkim::KeyType::Rsa);
  ASSERT_TRUE(keys().import("example.com", "Mail.2019", key.to_pem()));
  EXPECT_THAT(signers(), ElementsAre("mail.2019", "wax20260921e"));
  EXPECT_EQ(keys().signing("example.com")->front().key.record(), key.record());
  EXPECT_THAT(shown(), ElementsAre("mail.2019 rsa active", "wax20260921e ed25519 active",
                                   "wax20260921r rsa retired"));
  EXPECT_EQ(error_of(keys().import("example.com", "mail.2019", key.to_pem())), "already-exists");
}

TEST_F(DomainKeysTest, RefusesToTakeOverWhatIsNoKeyOrHasNoName) {
  const auto pem = dkim::PrivateKey::generate(dkim::KeyType::Ed25519).to_pem();
  const auto refused = keys().import("example.com", "s", "-----BEGIN NOTHING-----\n");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("no private key in PEM"));
  for (const std::string& selector : {std::string(), std::string("a b"), std::string("a..b"),
                                      std::string("\"quoted\""), std::string(64, 'x')})
    EXPECT_EQ(error_of(keys().import("example.com", selector, pem)), "invalid") << selector;
  EXPECT_EQ(error_of(keys().import("example.org", "s", pem)), "not-found");
  EXPECT_TRUE(keys().import("example.com", "s1_old", pem)) << "people have underscores";
}

TEST_F(DomainKeysTest, HasNoneForDomainsThatAreNotHere) {
  EXPECT_EQ(error_of(keys().provide("example.org")), "not-found");
  EXPECT_EQ(error_of(keys().provide("no domain")), "invalid");
  EXPECT_FALSE(keys().list("example.org"));
  EXPECT_THAT(signers("example.org"), IsEmpty());
  EXPECT_THAT(signers("no domain"), IsEmpty());
}

TEST_F(DomainKeysTest, RemovesThemWithTheirDomain) {
  ASSERT_TRUE(keys().provide("example.com"));
  EXPECT_THAT(signers(), SizeIs(2));
  ASSERT_TRUE(scratch.directory().remove_domain("example.com"));
  EXPECT_THAT(signers(), IsEmpty());
  ASSERT_TRUE(scratch.directory().add_domain("example.com"));
  EXPECT_THAT(signers(), IsEmpty());
  EXPECT_THAT(shown(), IsEmpty());
}

TEST_F(DomainKeysTest, MakesOneGenerationForManyWhoAskAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] { EXPECT_TRUE(keys().provide("example.com")); });
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(shown(), SizeIs(2));
}

}  // namespace
}  // namespace waxwing
