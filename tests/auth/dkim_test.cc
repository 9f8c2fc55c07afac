// DKIM by the messages of RFC 6376 appendix A and RFC 8463 appendix A, and by those signed here.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "auth/dkim_sign.h"
#include "auth/dkim_verify.h"
#include "base/encoding.h"
#include "base/text.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing::dkim {
namespace {

using test::FakeResolver;
using testing::HasSubstr;
using enum AuthResult;

// Lines as in the RFCs, and CRLF.
std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
  return out;
}

constexpr std::string_view kMessage = R"(From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
)";

// RFC 6376 appendix A.2. Its pages are set with other white space than what was signed: folds of
// six spaces, and one space behind a full stop.
constexpr std::string_view kRfc6376 =
    R"(DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
)";
// RFC 6376 appendix C
constexpr std::string_view kRfc6376Key =
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ"
    "KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
    "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v"
    "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
    "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

// RFC 8463 appendix A
constexpr std::string_view kRfc8463 = R"(DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
)";
constexpr std::string_view kEd25519Key =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::string_view kRsaKey =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

FakeResolver& add_keys(FakeResolver& dns) {
  return dns.txt("brisbane._domainkey.example.com", std::string(kRfc6376Key))
      .txt("brisbane._domainkey.football.example.com", std::string(kEd25519Key))
      .txt("test._domainkey.football.example.com", std::string(kRsaKey));
}

std::vector<Verdict> verify(FakeResolver& dns, std::string_view message, std::size_t piece = 0) {
  Verifier verifier;
  if (piece == 0) piece = message.size();
  for (std::size_t i = 0; i < message.size(); i += piece) verifier.feed(message.substr(i, piece));
  return verifier.finish(dns, FakeClock());
}

// Of a message with one signature.
Verdict verify_one(FakeResolver& dns, std::string_view message) {
  const auto all = verify(dns, message);
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? Verdict() : all[0];
}

const std::vector<SigningKey>& keys() {
  static const std::vector<SigningKey> kKeys = {{"r1", PrivateKey::generate(KeyType::Rsa)},
                                                {"e1", PrivateKey::generate(KeyType::Ed25519)}};
  return kKeys;
}

std::string sign(std::string_view message, const std::vector<SigningKey>& with,
                 std::size_t piece = 0) {
  Signer signer("example.com", with);
  if (piece == 0) piece = message.size();
  for (std::size_t i = 0; i < message.size(); i += piece) signer.feed(message.substr(i, piece));
  return signer.finish(FakeClock()) + std::string(message);
}

void publish(FakeResolver& dns) {
  for (const auto& one : keys())
    dns.txt(one.selector + "._domainkey.example.com", one.key.record());
}

// A signature of the Ed25519 key over From alone, with other tags than the Signer writes.
std::string sign_with(const std::string& tags, const std::string& body,
                      const std::string& domain = "example.com") {
  const std::string header = "From: a@example.com\r\n";
  BodyHash hash(Canonicalization::Simple, std::nullopt);
  hash.update(body);
  const std::string bh =
      tags.find("bh=") == std::string::npos ? " bh=" + base64(hash.finish()) + ";" : "";
  const std::string field = "DKIM-Signature: v=1; a=ed25519-sha256; d=" + domain +
                            "; s=e1; h=From;" + bh + " " + tags + " b=";
  const std::string text = header + canonical_signature(field, Canonicalization::Simple);
  return field + base64(keys()[1].key.sign(text)) + "\r\n" + header + "\r\n" + body;
}

TEST(Dkim, VerifiesTheMessageOfRfc8463InPiecesOfAnySize) {
  FakeResolver dns;
  add_keys(dns);
  const std::string message = crlf(std::string(kRfc8463) + std::string(kMessage));
  for (const std::size_t piece : {0, 1, 2, 3, 7, 64, 1000}) {
    const auto all = verify(dns, message, piece);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].result, Pass) << all[0].reason;
    EXPECT_EQ(all[1].result, Pass) << all[1].reason;
  }
  const auto all = verify(dns, message);
  EXPECT_EQ(all[0].algorithm, "ed25519-sha256");
  EXPECT_EQ(all[0].domain, "football.example.com");
  EXPECT_EQ(all[0].identity, "@football.example.com");
  EXPECT_EQ(all[0].record_name, "brisbane._domainkey.football.example.com");
  EXPECT_EQ(all[0].record, kEd25519Key);
  EXPECT_EQ(all[0].start, "/gCrinpc");
  EXPECT_EQ(all[1].key_bits, 1024);
}

TEST(Dkim, VerifiesTheMessageOfRfc6376) {
  std::string text(kMessage);
  text.erase(text.find("  Are"), 1);
  const std::string message = crlf(std::string(kRfc6376) + text);
  const auto field = Fields(message).all("dkim-signature").at(0);
  const auto signature = parse_signature(field.substr(field.find(':') + 1));
  ASSERT_TRUE(signature.has_value()) << signature.error().text;
  EXPECT_EQ(signature->identity, "joe@football.example.com");
  EXPECT_EQ(signature->headers.size(), 6u);
  BodyHash hash(Canonicalization::Simple, std::nullopt);
  hash.update(crlf("Hi.\n\nWe lost the game. Are you hungry yet?\n\nJoe.\n"));
  EXPECT_EQ(hash.finish(), signature->body_hash);
  const auto record = parse_key_record(kRfc6376Key);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(PublicKey::from_record(*record)->bits(), 1024);
  FakeResolver dns;
  add_keys(dns);
  EXPECT_EQ(verify_one(dns, message).result, Pass) << verify_one(dns, message).reason;
}

TEST(Dkim, AnyChangedByteOfWhatIsSignedFails) {
  FakeResolver dns;
  publish(dns);
  const std::string header = "From: a@example.com\r\nSubject: x\r\n\r\n";
  const std::string body = "Some text.\r\nMore.\r\n";
  const std::string message = sign(header + body, {keys()[1]});
  EXPECT_EQ(verify_one(dns, message).result, Pass);
  for (std::size_t i = 0; i < message.size(); ++i) {
    std::string changed = message;
    changed[i] = changed[i] == 'q' ? 'z' : 'q';
    const auto all = verify(dns, changed);
    for (const auto& one : all) EXPECT_NE(one.result, Pass) << i << " " << changed;
  }
}

TEST(Dkim, RoundTripsInPieces) {
  FakeResolver dns;
  publish(dns);
  const std::vector<std::string> messages = {
      crlf(kMessage),
      "From: a@example.com\r\n\r\n",
      "From: a@example.com\r\n",
      "\r\nonly a body",
      "From: a@example.com\r\n\r\n\r\n \r\n\t\r\n",
      "From: a@example.com\r\n\r\nno end",
      "From: a@example.com\r\n\r\nbare\rcr and\nlf \r\n \t x \r",
      "From:a@example.com\r\nfrom : b@example.com\r\nX: y\r\n\r\n" + std::string(100'000, 'x')};
  for (const auto& message : messages) {
    for (const std::size_t piece : {0, 1, 5}) {
      const auto all = verify(dns, sign(message, keys(), piece), 3);
      ASSERT_EQ(all.size(), 2u);
      for (const auto& one : all)
        EXPECT_EQ(one.result, Pass) << message.substr(0, 80) << one.reason;
    }
  }
}

TEST(Dkim, LetsNobodyAddASignedField) {
  FakeResolver dns;
  publish(dns);
  const std::string message = sign(crlf(kMessage), {keys()[1]});
  EXPECT_EQ(verify_one(dns, "X-New: y\r\n" + message).result, Pass);
  for (const std::string name : {"From", "Subject", "Date", "To", "Cc", "Message-ID",
                                 "Content-Type", "MIME-Version", "Reply-To"})
    EXPECT_EQ(verify_one(dns, name + ": y\r\n" + message).result, Fail) << name;
}

TEST(Dkim, TakesRepeatedFieldsFromTheBottom) {
  const Fields fields("A: 1\r\nB: x\r\nA: 2\r\na: 3\r\n\r\n");
  const auto text = [&](const std::vector<std::string>& names) {
    return fields.canonical(names, Canonicalization::Relaxed);
  };
  EXPECT_EQ(text({"a"}), "a:3\r\n");
  EXPECT_EQ(text({"A", "b", "a"}), "a:3\r\nb:x\r\na:2\r\n");
  EXPECT_EQ(text({"a", "a", "a", "a", "c"}), "a:3\r\na:2\r\na:1\r\n");
}

TEST(Dkim, SignsLinesThatAreNotTooLong) {
  const std::string message = sign(crlf(kMessage), keys());
  for (const auto line : split(message, '\n')) EXPECT_LE(line.size(), 79u) << line;
}

TEST(Dkim, HoldsToWhatTheSignatureSays) {
  FakeResolver dns;
  publish(dns);
  EXPECT_EQ(verify_one(dns, sign_with("", "hi\r\n")).result, Pass);
  EXPECT_EQ(verify_one(dns, sign_with("t=1789999999; x=1790000000;", "hi\r\n")).result, Pass);
  EXPECT_EQ(verify_one(dns, sign_with("x=1789999999;", "hi\r\n")).reason,
            "the signature has expired");
  EXPECT_EQ(verify_one(dns, sign_with("t=5; x=5;", "hi\r\n")).result, PermError);
  EXPECT_EQ(verify_one(dns, sign_with("i=x@sub.example.com;", "hi\r\n")).result, Pass);
  EXPECT_EQ(verify_one(dns, sign_with("i=x@badexample.com;", "hi\r\n")).result, PermError);
  EXPECT_EQ(verify_one(dns, sign_with("q=dns/txt:other;", "hi\r\n")).result, Pass);
  EXPECT_EQ(verify_one(dns, sign_with("q=other;", "hi\r\n")).result, PermError);
  EXPECT_EQ(verify_one(dns, sign_with("unknown=x;", "hi\r\n")).result, Pass);
  for (const std::string tags :
       {"v=1;", "c=wild;", "c=simple/wild;", "l=-1;", "l=x;", "t=now;", "x=;", "=x;", "a b=x;"})
    EXPECT_EQ(verify_one(dns, sign_with(tags, "hi\r\n")).result, PermError) << tags;
}

TEST(Dkim, SignsOnlyTheLengthThatIsSaid) {
  FakeResolver dns;
  publish(dns);
  BodyHash three(Canonicalization::Simple, 3);
  three.update("abcdef\r\n");
  const std::string bh = "bh=" + base64(three.finish()) + "; ";
  const auto found = verify_one(dns, sign_with(bh + "l=3;", "abcANYTHING"));
  EXPECT_EQ(found.result, Pass) << found.reason;
  EXPECT_EQ(found.body_length, 3u);
  EXPECT_EQ(verify_one(dns, sign_with(bh + "l=3;", "abX")).result, Fail);
  EXPECT_EQ(verify_one(dns, sign_with("l=4;", "hi\r\n")).result, Pass);
  EXPECT_EQ(verify_one(dns, sign_with("l=5;", "hi\r\n")).reason,
            "the body is shorter than what was signed");
  EXPECT_EQ(verify_one(dns, sign_with("l=99999999999999999999999;", "hi\r\n")).result, Fail);
}

TEST(Dkim, RefusesSha1AndSignaturesWithoutFrom) {
  FakeResolver dns;
  publish(dns);
  std::string message = sign(crlf(kMessage), {keys()[0]});
  std::string sha1 = message;
  sha1.replace(sha1.find("rsa-sha256"), 10, "rsa-sha1");
  EXPECT_EQ(verify_one(dns, sha1).result, PermError);
  EXPECT_EQ(verify_one(dns, sha1).reason, "SHA-1 proves nothing");
  while (message.find("From:", message.find("h=From")) < message.find("Subject:"))
    message.erase(message.find("From:", message.find("h=From")), 5);
  EXPECT_EQ(verify_one(dns, message).result, PermError);
  EXPECT_EQ(verify_one(dns, message).reason, "it does not sign From");
}

TEST(Dkim, HoldsToWhatTheKeySays) {
  const std::string key = keys()[1].key.record();
  const std::string p = key.substr(key.find("p="));
  struct Row {
    std::string record;
    AuthResult result;
  };
  const std::vector<Row> rows = {
      {key, Pass},
      {"k=ed25519; " + p, Pass},
      {"k=ed25519; h=sha1:sha256; s=other:email; n=a note; t=y; " + p, Pass},
      {"k=ed25519; h=sha1; " + p, PermError},
      {"k=ed25519; s=other; " + p, PermError},
      {"k=ed25519; t=s; " + p, Pass},
      {"v=DKIM1; k=ed25519; p=", PermError},
      {"v=DKIM2; k=ed25519; " + p, PermError},
      {"k=ed25519; v=DKIM1; " + p, PermError},
      {"k=dsa; " + p, PermError},
      {p, PermError},
      {"k=ed25519; p=AAAA", PermError},
      {"k=ed25519; p=!!!!", PermError},
      {"k=ed25519", PermError},
      {"hello", PermError},
      {keys()[0].key.record(), PermError}};
  for (const auto& row : rows) {
    FakeResolver dns;
    dns.txt("e1._domainkey.example.com", row.record);
    const auto found = verify_one(dns, sign_with("", "hi\r\n"));
    EXPECT_EQ(found.result, row.result) << row.record << " " << found.reason;
    EXPECT_EQ(found.record, row.record);
  }
  FakeResolver dns;
  dns.txt("e1._domainkey.example.com", "k=ed25519; t=y:s; " + p);
  EXPECT_TRUE(verify_one(dns, sign_with("", "hi\r\n")).is_testing);
  EXPECT_EQ(verify_one(dns, sign_with("i=a@sub.example.com;", "hi\r\n")).result, PermError);
}

TEST(Dkim, TroubleWithTheDnsIsTemporaryAndNoKeyIsNot) {
  FakeResolver dns;
  const std::string message = sign_with("", "hi\r\n");
  EXPECT_EQ(verify_one(dns, message).result, PermError);
  dns.txt("e1._domainkey.example.com", "something else");
  dns.txt("e1._domainkey.example.com", keys()[1].key.record());
  EXPECT_EQ(verify_one(dns, message).result, Pass);
  dns.fail("e1._domainkey.example.com", dns::Type::Txt, "the line is cut");
  EXPECT_EQ(verify_one(dns, message).result, TempError);
  EXPECT_THAT(verify_one(dns, message).reason, HasSubstr("the line is cut"));
}

TEST(Dkim, FindsALabelsForULabels) {
  FakeResolver dns;
  dns.txt("e1._domainkey.xn--bcher-kva.test", keys()[1].key.record());
  const auto found = verify_one(dns, sign_with("i=a@b\xC3\xBC"
                                               "cher.test;",
                                               "hi\r\n",
                                               "b\xC3\xBC"
                                               "cher.test"));
  EXPECT_EQ(found.result, Pass) << found.reason;
  EXPECT_EQ(found.domain, "xn--bcher-kva.test");
}

TEST(Dkim, LooksAtSoManySignaturesAndNoMore) {
  FakeResolver dns;
  publish(dns);
  std::string message = crlf(kMessage);
  const std::string field =
      sign(message, {keys()[1]}).substr(0, sign(message, {keys()[1]}).size() - message.size());
  for (int i = 0; i < 100; ++i) message = field + message;
  EXPECT_EQ(verify(dns, message).size(), 8u);
  EXPECT_EQ(dns.count(), 8u);
}

TEST(Dkim, AHeaderThatIsTooLargeProvesNothing) {
  FakeResolver dns;
  publish(dns);
  const std::string message = sign(crlf(kMessage), {keys()[1]});
  const std::string large = message.substr(0, message.find("From:")) +
                            "X: " + std::string(300'000, 'x') + "\r\n" +
                            message.substr(message.find("From:"));
  EXPECT_EQ(verify_one(dns, large).result, PermError);
  EXPECT_EQ(sign("X: " + std::string(300'000, 'x') + "\r\n\r\n", keys()).find("DKIM"),
            std::string::npos);
}

TEST(Dkim, AMessageWithoutSignaturesAsksNobody) {
  FakeResolver dns;
  EXPECT_TRUE(verify(dns, crlf(kMessage)).empty());
  EXPECT_TRUE(verify(dns, "").empty());
  EXPECT_EQ(dns.count(), 0u);
}

// live.sender lets OpenDKIM verify it.
TEST(DkimSign, WritesForAnotherVerifier) {
  const char* folder = std::getenv("WAXWING_TEST_SIGN");
  if (!folder) GTEST_SKIP() << "only with WAXWING_TEST_SIGN";
  std::ofstream(std::string(folder) + "/message") << sign(crlf(kMessage), {keys()[0]});
  std::ofstream record(std::string(folder) + "/keys");
  record << "r1._domainkey.example.com " << keys()[0].key.record() << "\n";
  ASSERT_TRUE(record.flush());
}

TEST(DkimKey, ReadsBackWhatItWrites) {
  for (const auto& one : keys()) {
    const auto again = PrivateKey::from_pem(one.key.to_pem());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->record(), one.key.record());
    EXPECT_EQ(again->algorithm(), one.key.algorithm());
  }
  EXPECT_FALSE(
      PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  EXPECT_FALSE(PrivateKey::from_pem(""));
}

TEST(DkimKey, RefusesRsaKeysThatAreTooShort) {
  // 512 bits, made for this test.
  const auto record = parse_key_record(
      "k=rsa; "
      "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKPzt92tJ8m6phkpHq5cGLrhH3GY9kZhFLErR3EKk3JAbqcDWdzR"
      "ieRUiot0O0zsQpiRUI4R9ia58FiNKXUJ438CAwEAAQ==");
  ASSERT_TRUE(record.has_value());
  const auto key = PublicKey::from_record(*record);
  ASSERT_FALSE(key.has_value());
  EXPECT_THAT(key.error().text, HasSubstr("512 bits"));
}

// RFC 6376 sections 3.4.5 and 3.4.6
std::string hash_of(const std::string& body, Canonicalization form, std::size_t piece) {
  BodyHash hash(form, std::nullopt);
  for (std::size_t i = 0; i < body.size(); i += piece)
    hash.update(std::string_view(body).substr(i, piece));
  return base64(hash.finish());
}
std::string hash_as_is(const std::string& canonical) {
  BodyHash hash(Canonicalization::Simple, canonical.size());
  hash.update(canonical);
  return base64(hash.finish());
}

TEST(DkimCanonical, MakesOfTheExamplesWhatTheRfcSays) {
  const std::string header = "A: X\r\nB : Y\t\r\n\tZ  \r\n";
  EXPECT_EQ(canonical_field("A: X\r\n", Canonicalization::Relaxed), "a:X\r\n");
  EXPECT_EQ(canonical_field("B : Y\t\r\n\tZ  \r\n", Canonicalization::Relaxed), "b:Y Z\r\n");
  EXPECT_EQ(Fields(header).canonical({"A", "B"}, Canonicalization::Simple), header);
  const std::string body = " C \r\nD \t E\r\n\r\n\r\n";
  for (const std::size_t piece : {1, 2, 3, 100}) {
    EXPECT_EQ(hash_of(body, Canonicalization::Relaxed, piece), hash_as_is(" C\r\nD E\r\n"));
    EXPECT_EQ(hash_of(body, Canonicalization::Simple, piece), hash_as_is(" C \r\nD \t E\r\n"));
  }
}

TEST(DkimCanonical, HashesEmptyBodiesAsTheRfcSays) {
  // The two values are in RFC 6376 sections 3.4.3 and 3.4.4.
  for (const std::string body : {"", "\r\n", "\r\n\r\n\r\n"}) {
    EXPECT_EQ(hash_of(body, Canonicalization::Simple, 1),
              "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
    EXPECT_EQ(hash_of(body, Canonicalization::Relaxed, 1),
              "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  }
  EXPECT_EQ(hash_of(" \t\r\n \r\n", Canonicalization::Relaxed, 1),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(DkimCanonical, EmptiesOnlyTheValueOfB) {
  EXPECT_EQ(canonical_signature("DKIM-Signature: bh=b=; b =\r\n abc\r\n def; d=b=x\r\n",
                                Canonicalization::Simple),
            "DKIM-Signature: bh=b=; b =; d=b=x");
  EXPECT_EQ(canonical_signature("DKIM-Signature: a=x;\r\n b=abc \r\n", Canonicalization::Relaxed),
            "dkim-signature:a=x; b=");
}

}  // namespace
}  // namespace waxwing::dkim
