#include "daemon/intake_signing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "auth/dkim_verify.h"
#include "daemon/intake.h"
#include "tests/daemon/house.h"
#include "tests/daemon/memory_store.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

using smtp::MailEnvelope;
using smtp::Origin;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

// alice@example.test and an alias that leads elsewhere, on mail.example.test.
class IntakeSigning : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new test::Folder;
    static FakeClock clock;
    directory_ = Directory::open(folder_->path("directory.sqlite"), clock).value().release();
    for (const char* domain : {"example.test", "unsigned.test"})
      ASSERT_TRUE(directory_->add_domain(domain));
    for (const char* user : {"alice@example.test", "carol@unsigned.test"})
      ASSERT_TRUE(
          directory_->import_account(user, "{SHA512-CRYPT}$6$salt$" + std::string(86, 'x')));
    ASSERT_TRUE(directory_->add_alias("away@example.test", {"bob@far.example"}));
    ASSERT_TRUE(directory_->add_alias("second@unsigned.test", {"alice@example.test"}));
    ASSERT_TRUE(directory_->keys().provide("example.test"));
  }
  static void TearDownTestSuite() {
    delete directory_;
    delete folder_;
  }

  IntakeSigning() {
    settings_.hostname = "mail.example.test";
    intake_ = std::make_unique<MailIntake>(settings_, store_, *directory_, *queue_, clock_);
    intake_->forward_by(std::make_shared<const mail::Srs>("key"));
    stranger_.peer.session_id = "s1";
    stranger_.peer.address = IpAddress::v4({192, 0, 2, 7});
    stranger_.esmtp = true;
    publish();
  }
  void publish() {
    const auto keys = directory_->keys().list("example.test");
    ASSERT_TRUE(keys);
    for (const auto& key : *keys) {
      if (published_.insert(key.selector).second)
        resolver_.txt(key.selector + "._domainkey.example.test", key.record);
    }
  }
  Origin user(const std::string& address) {
    Origin origin = stranger_;
    origin.identity = Identity{1, address, PopPolicy::On};
    return origin;
  }
  smtp::Reply send(const Origin& origin, const std::vector<std::string>& to,
                   const std::string& text) {
    MailEnvelope envelope;
    envelope.sender = origin.identity ? origin.identity->address : "x@far.example";
    for (const auto& address : to)
      EXPECT_EQ(intake_->add_recipient(origin, envelope, {address, {}}).code, 250) << address;
    auto staged = intake_->stage(0);
    EXPECT_TRUE((*staged)->append(text));
    const auto findings = intake_->examine(origin, envelope, **staged);
    return intake_->accept(origin, envelope, std::move(*staged), findings);
  }
  // What whoever gets it makes of its signatures: "pass example.test rsa-sha256".
  std::vector<std::string> verdicts(const std::string& text) {
    dkim::Verifier verifier;
    verifier.feed(text);
    std::vector<std::string> lines;
    for (const auto& one : verifier.finish(resolver_, clock_))
      lines.push_back(std::string(to_string(one.result)) + " " + one.domain + " " + one.algorithm);
    return lines;
  }
  std::vector<std::string> verdicts() {
    return store_.sent.empty() ? std::vector<std::string>() : verdicts(store_.sent.back().text);
  }

  static test::Folder* folder_;
  static Directory* directory_;
  FakeClock clock_;
  test::FakeResolver resolver_;
  std::set<std::string> published_;
  test::Folder queue_folder_;
  std::unique_ptr<Queue> queue_ = test::make_queue(queue_folder_, clock_);
  Settings settings_;
  test::MemoryStore store_;
  std::unique_ptr<MailIntake> intake_;
  Origin stranger_;
};

test::Folder* IntakeSigning::folder_ = nullptr;
Directory* IntakeSigning::directory_ = nullptr;

const std::string kMessage =
    "From: Alice <alice@example.test>\r\nSubject: s\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
    "Message-ID: <1@example.test>\r\n\r\ntext\r\n";
const auto kBothPass =
    ElementsAre("pass example.test rsa-sha256", "pass example.test ed25519-sha256");

TEST_F(IntakeSigning, SignsWhatUsersSendElsewhereWithBothKeys) {
  ASSERT_EQ(send(user("alice@example.test"), {"bob@far.example"}, kMessage).code, 250);
  EXPECT_THAT(store_.sent.at(0).text, StartsWith("DKIM-Signature: v=1; a=rsa-sha256;"));
  EXPECT_THAT(verdicts(), kBothPass);
  const std::string& text = store_.sent[0].text;
  EXPECT_THAT(verdicts(text.substr(0, text.size() - 2) + "more\r\n"),
              ElementsAre("fail example.test rsa-sha256", "fail example.test ed25519-sha256"));
}

TEST_F(IntakeSigning, SignsTheFieldsThatItAddsItself) {
  send(user("alice@example.test"), {"bob@far.example"}, "Subject: s\r\n\r\ntext\r\n");
  EXPECT_THAT(verdicts(), kBothPass);
  std::string text = store_.sent.at(0).text;
  for (const char* field : {"\r\nFrom: <", "\r\nDate: ", "\r\nMessage-ID: <"}) {
    std::string changed = text;
    const auto at = changed.find(field);
    ASSERT_NE(at, std::string::npos) << field;
    changed.insert(at + std::string(field).size(), "x");
    EXPECT_THAT(verdicts(changed), Each(StartsWith("fail"))) << field;
  }
}

TEST_F(IntakeSigning, GivesMailboxesTheBytesThatLeave) {
  send(user("alice@example.test"), {"bob@far.example", "alice@example.test"}, kMessage);
  ASSERT_THAT(store_.copies, SizeIs(1));
  EXPECT_EQ(store_.copies[0].text,
            "Return-Path: <alice@example.test>\r\n" + store_.sent.at(0).text);
  EXPECT_THAT(verdicts(store_.copies[0].text), kBothPass);
}

TEST_F(IntakeSigning, LeavesWhatStaysHereUnsigned) {
  send(user("alice@example.test"), {"alice@example.test"}, kMessage);
  EXPECT_THAT(store_.text(), Not(HasSubstr("DKIM-Signature")));
}

TEST_F(IntakeSigning, SignsNothingOfStrangers) {
  send(stranger_, {"away@example.test"}, kMessage);
  ASSERT_THAT(store_.sent, SizeIs(1)) << "it goes on for the alias";
  EXPECT_THAT(verdicts(), IsEmpty());
}

TEST_F(IntakeSigning, SignsWhatATrustedHostSends) {
  Origin trusted = stranger_;
  trusted.is_trusted = true;
  send(trusted, {"away@example.test"}, kMessage);
  EXPECT_THAT(verdicts(), kBothPass);
  send(trusted, {"away@example.test"}, "From: x@far.example\r\nSubject: not ours\r\n\r\n");
  EXPECT_THAT(store_.sent, SizeIs(2));
  EXPECT_THAT(verdicts(), IsEmpty());
}

TEST_F(IntakeSigning, SignsForNoDomainButTheAuthors) {
  send(user("carol@unsigned.test"), {"bob@far.example"},
       "From: carol@unsigned.test\r\nSubject: no keys\r\n\r\n");
  EXPECT_THAT(store_.sent, SizeIs(1));
  EXPECT_THAT(verdicts(), IsEmpty());
  send(user("alice@example.test"), {"bob@far.example"},
       "From: second@unsigned.test, alice@example.test\r\nSubject: two domains\r\n\r\n");
  EXPECT_THAT(store_.sent, SizeIs(2));
  EXPECT_THAT(verdicts(), IsEmpty());
}

TEST_F(IntakeSigning, SignsReportsByTheDomainThatTheHostLiesBelow) {
  const std::string report =
      "From: Mail delivery <postmaster@mail.example.test>\r\nTo: x@far.example\r\n\r\nr\r\n";
  ASSERT_TRUE(intake_->send_report("00000000000000aa", "x@far.example", report));
  EXPECT_THAT(verdicts(), kBothPass);
  ASSERT_TRUE(intake_->send_report("00000000000000ab", "alice@example.test", report));
  EXPECT_EQ(store_.text(), "Return-Path: <>\r\n" + report) << "what stays here";
}

TEST_F(IntakeSigning, SignsAsSoonAsOtherKeysAreActive) {
  DomainKeys& keys = directory_->keys();
  send(user("alice@example.test"), {"bob@far.example"}, kMessage);
  const std::string before = store_.sent.at(0).text;
  ASSERT_TRUE(keys.prepare("example.test"));
  send(user("alice@example.test"), {"bob@far.example"}, kMessage);
  const auto selector = keys.signing("example.test")->front().selector;
  EXPECT_THAT(store_.sent.at(1).text, HasSubstr("s=" + selector + ";"));
  ASSERT_TRUE(keys.activate("example.test"));
  publish();
  send(user("alice@example.test"), {"bob@far.example"}, kMessage);
  EXPECT_THAT(store_.sent.at(2).text, Not(HasSubstr("s=" + selector + ";")));
  EXPECT_THAT(verdicts(), kBothPass);
  EXPECT_THAT(verdicts(before), kBothPass) << "retired keys stay published";
}

TEST_F(IntakeSigning, ReadsALargeMessageOnceAndInPieces) {
  std::string text = kMessage;
  for (int i = 0; i < 5000; ++i) text += "caf\u00e9 " + std::string(70, 'x') + " \r\n";
  send(user("alice@example.test"), {"bob@far.example"}, text);
  EXPECT_THAT(verdicts(), kBothPass);
  EXPECT_EQ(store_.sent.at(0).envelope.body, Envelope::Body::EightBitMime);
}

}  // namespace
}  // namespace waxwing
