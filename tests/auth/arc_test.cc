// Chains of ARC sets, made and validated here.  RFC 8617

#include "auth/arc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dns/fake_resolver.h"

namespace waxwing::arc {
namespace {

using dkim::KeyType;
using dkim::PrivateKey;
using dkim::SigningKey;
using test::FakeResolver;
using testing::HasSubstr;
using enum AuthResult;

const std::string kMessage =
    "From: alice@example.com\r\nTo: list@lists.test\r\nSubject: hello\r\nDKIM-Signature: v=1\r\n"
    "\r\nHello,  world. \r\n";
const std::string kResults = "mx.test; spf=pass smtp.mailfrom=example.com; dkim=none";

const SigningKey& rsa() {
  static const SigningKey kKey = {"r", PrivateKey::generate(KeyType::Rsa)};
  return kKey;
}
const SigningKey& ed25519() {
  static const SigningKey kKey = {"e", PrivateKey::generate(KeyType::Ed25519)};
  return kKey;
}

FakeResolver& publish(FakeResolver& dns) {
  for (const std::string domain : {"one.test", "two.test", "three.test"})
    for (const auto* key : {&rsa(), &ed25519()})
      dns.txt(key->selector + "._domainkey." + domain, key->key.record());
  return dns;
}

Verdict validate(FakeResolver& dns, std::string_view message, std::size_t piece = 1000) {
  Verifier verifier;
  for (std::size_t i = 0; i < message.size(); i += piece) verifier.feed(message.substr(i, piece));
  return verifier.finish(dns, FakeClock());
}

std::string seal_as(const Verdict& found, const std::string& message, const std::string& domain,
                    const SigningKey& key) {
  Sealer sealer(domain, key);
  sealer.feed(message);
  return sealer.finish(FakeClock(), found, kResults);
}

// The message with one set more.
std::string seal(FakeResolver& dns, const std::string& message, const std::string& domain,
                 const SigningKey& key) {
  const std::string set = seal_as(validate(dns, message), message, domain, key);
  EXPECT_FALSE(set.empty());
  return set + message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Arc, ValidatesAChainThatGrewInPiecesOfAnySize) {
  FakeResolver dns;
  publish(dns);
  std::string message = seal(dns, kMessage, "one.test", rsa());
  // A list changes the message and seals what it has made of it.
  message = replaced(message, "Subject: hello", "Subject: [list] hello") + "-- \r\nThe list\r\n";
  EXPECT_EQ(validate(dns, message).result, Fail);
  message = replaced(replaced(message, "[list] ", ""), "-- \r\nThe list\r\n", "");
  message = seal(dns, message, "two.test", ed25519());
  message = seal(dns, "Received: by three.test\r\n" + message, "three.test", rsa());
  for (const std::size_t piece : {1, 2, 7, 100, 10000}) {
    const auto verdict = validate(dns, message, piece);
    EXPECT_EQ(verdict.result, Pass) << verdict.reason;
    ASSERT_EQ(verdict.seals.size(), 3u);
    EXPECT_EQ(verdict.seals[0].domain, "one.test");
    EXPECT_EQ(verdict.seals[2].domain, "three.test");
    EXPECT_EQ(verdict.seals[1].selector, "e");
    EXPECT_THAT(verdict.seals[1].results_field, HasSubstr(kResults));
    EXPECT_EQ(verdict.reason, "sealed by 3, the newest of them three.test");
  }
}

TEST(Arc, OnlyTheNewestMessageSignatureMustHold) {
  FakeResolver dns;
  publish(dns);
  const std::string first = seal(dns, kMessage, "one.test", rsa());
  const auto found = validate(dns, first);
  ASSERT_EQ(found.result, Pass);
  const std::string changed = replaced(first, "Hello,  world.", "Hello, list.");
  const std::string second = seal_as(found, changed, "two.test", ed25519()) + changed;
  EXPECT_EQ(validate(dns, second).result, Pass) << validate(dns, second).reason;
}

TEST(Arc, IsNoneWithoutSeals) {
  FakeResolver dns;
  EXPECT_EQ(validate(dns, kMessage).result, None);
  EXPECT_EQ(validate(dns, "").result, None);
  EXPECT_EQ(dns.count(), 0u);
}

TEST(Arc, AnyChangedByteOfASetFails) {
  FakeResolver dns;
  publish(dns);
  const std::string message = seal(dns, kMessage, "one.test", ed25519());
  for (std::size_t i = 0; i < message.find("From:"); ++i) {
    std::string changed = message;
    changed[i] = changed[i] == 'q' ? 'z' : 'q';
    EXPECT_NE(validate(dns, changed).result, Pass) << i << " " << changed;
  }
}

TEST(Arc, AChangedMessageFails) {
  FakeResolver dns;
  publish(dns);
  const std::string message = seal(dns, kMessage, "one.test", rsa());
  EXPECT_EQ(validate(dns, message).result, Pass);
  EXPECT_THAT(validate(dns, replaced(message, "world", "World")).reason,
              HasSubstr("body was changed"));
  EXPECT_EQ(validate(dns, replaced(message, "hello", "hallo")).result, Fail);
  EXPECT_EQ(validate(dns, "Subject: another\r\n" + message).result, Fail);
  EXPECT_EQ(validate(dns, replaced(message, "DKIM-Signature: v=1", "DKIM-Signature: v=2")).result,
            Fail);
  EXPECT_EQ(validate(dns, "X-New: y\r\n" + message).result, Pass);
}

TEST(Arc, AChainMustBeWhole) {
  FakeResolver dns;
  publish(dns);
  const std::string first = seal(dns, kMessage, "one.test", rsa());
  const std::string second = seal(dns, first, "two.test", ed25519());
  const std::string set1 = first.substr(0, first.size() - kMessage.size());
  const std::string set2 = second.substr(0, second.size() - first.size());
  EXPECT_EQ(validate(dns, set2 + kMessage).reason, "there is no set 1");
  EXPECT_EQ(validate(dns, set1 + second).result, Fail);
  EXPECT_THAT(validate(dns, set1 + second).reason, HasSubstr("has a field twice"));
  for (const std::string name :
       {"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"}) {
    const auto verdict = validate(dns, replaced(second, name, "X-Was"));
    EXPECT_EQ(verdict.result, Fail);
    EXPECT_EQ(verdict.reason, "there is no " + name + " of set 2");
  }
  EXPECT_EQ(validate(dns, replaced(second, "ARC-Seal: i=2", "ARC-Seal: i=0")).result, Fail);
  EXPECT_EQ(validate(dns, replaced(second, "ARC-Seal: i=2", "ARC-Seal: i=51")).result, Fail);
  EXPECT_EQ(validate(dns, set1 + set2 + kMessage).result, Pass);  // their order does not matter
}

TEST(Arc, RefusesWhatTheTagsMayNotSay) {
  FakeResolver dns;
  publish(dns);
  const std::string message = seal(dns, kMessage, "one.test", rsa());
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"cv=none", "cv=fail"},
      {"cv=none", "cv=pass"},
      {"cv=none; ", ""},
      {"cv=none;", "cv=none; h=from;"},
      {"h=From", "h=ARC-Seal:From"},
      {"a=rsa-sha256", "a=rsa-sha1"}};
  for (const auto& [from, to] : changes) {
    const std::size_t before = dns.count();
    EXPECT_EQ(validate(dns, replaced(message, from, to)).result, Fail) << to;
    EXPECT_LE(dns.count(), before + 2) << to;
  }
}

TEST(Arc, TroubleWithTheDnsIsTemporaryAndNoKeyIsNot) {
  FakeResolver dns;
  publish(dns);
  const std::string message =
      seal(dns, seal(dns, kMessage, "one.test", rsa()), "two.test", ed25519());
  dns.fail("r._domainkey.one.test", dns::Type::Txt, "the line is cut");
  const auto verdict = validate(dns, message);
  EXPECT_EQ(verdict.result, TempError);
  EXPECT_THAT(verdict.reason, HasSubstr("seal 1 by one.test: the DNS does not give the key now"));
  FakeResolver empty;
  EXPECT_EQ(validate(empty, message).result, Fail);
}

TEST(Arc, NoSealIsAddedToAChainThatDoesNotHold) {
  FakeResolver dns;
  publish(dns);
  const std::string message = seal(dns, kMessage, "one.test", rsa());
  Verdict found;
  for (const auto result : {None, Fail, TempError}) {
    found.result = result;
    EXPECT_EQ(seal_as(found, message, "two.test", rsa()), "");
  }
  found.result = Pass;
  EXPECT_EQ(seal_as(found, kMessage, "two.test", rsa()), "");
  EXPECT_EQ(seal_as(found, replaced(message, "ARC-Seal: i=1", "ARC-Seal: i=2"), "two.test", rsa()),
            "");
}

TEST(Arc, AChainEndsAtFifty) {
  FakeResolver dns;
  publish(dns);
  std::string message = kMessage;
  Verdict found;
  for (std::size_t i = 0; i < kMaxSets; ++i) {
    const std::string set = seal_as(found, message, "one.test", ed25519());
    ASSERT_FALSE(set.empty()) << i;
    message = set + message;
    found.result = Pass;
  }
  EXPECT_EQ(seal_as(found, message, "one.test", ed25519()), "");
  const auto verdict = validate(dns, message);
  EXPECT_EQ(verdict.result, Pass) << verdict.reason;
  EXPECT_EQ(verdict.seals.size(), 50u);
  EXPECT_EQ(dns.count(), 51u);
}

TEST(Arc, AHeaderThatIsTooLargeProvesNothing) {
  FakeResolver dns;
  publish(dns);
  const std::string message = seal(dns, kMessage, "one.test", rsa())
                                  .insert(0, "X: " + std::string(kMaxHeader, 'x') + "\r\n");
  EXPECT_EQ(validate(dns, message).result, Fail);
}

}  // namespace
}  // namespace waxwing::arc
