// What strangers send, from the check of who sent it to the mailbox.

#include "daemon/intake_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/arc.h"
#include "auth/dkim_sign.h"
#include "auth/domain_keys.h"
#include "daemon/intake.h"
#include "protocols/mail/srs.h"
#include "tests/daemon/house.h"
#include "tests/daemon/memory_store.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kHeader =
    "From: Alice <alice@far.example>\r\nTo: bob@example.test\r\nSubject: hello\r\n\r\n";

class IntakeSender : public testing::Test {
 protected:
  IntakeSender() {
    directory_ = Directory::open(folder_.path("directory.sqlite"), clock_).value();
    for (const char* domain : {"example.test", "mild.test"}) {
      EXPECT_TRUE(directory_->add_domain(domain));
      EXPECT_TRUE(directory_->import_account("bob@" + std::string(domain),
                                             "{SHA512-CRYPT}$6$salt$" + std::string(86, 'x')));
    }
    settings_.hostname = "mail.example.test";
    settings_.sender_policy.domains = {{"mild.test", Settings::SenderPolicy::Action::Tag, {}}};
    stranger_.peer.session_id = "s1";
    stranger_.peer.address = *IpAddress::parse("192.0.2.7");
    stranger_.helo = "mx.far.example";
    intake_ = std::make_unique<MailIntake>(settings_, store_, *directory_, *queue_, clock_);
    intake_->add(sender_check({resolver_, clock_, suffixes_}));
    dns_.txt("far.example", "v=spf1 ip4:192.0.2.7 -all").txt("mx.far.example", "v=spf1 a -all");
    dns_.a("mx.far.example", "192.0.2.7").ptr("7.2.0.192.in-addr.arpa", "mx.far.example");
  }

  std::string send(const std::string& message, const std::string& from = "alice@far.example",
                   const std::vector<std::string>& to = {"bob@example.test"}) {
    store_.copies.clear();
    smtp::MailEnvelope envelope;
    envelope.sender = from;
    for (const auto& address : to)
      EXPECT_EQ(intake_->add_recipient(stranger_, envelope, {address, {}}).code, 250);
    auto staged = intake_->stage(0);
    EXPECT_TRUE((*staged)->append(message));
    findings_ = intake_->examine(stranger_, envelope, **staged);
    const auto reply = intake_->accept(stranger_, envelope, std::move(*staged), findings_);
    return std::to_string(reply.code) + " " + reply.enhanced;
  }

  FakeClock clock_;
  test::Folder folder_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Queue> queue_ = test::make_queue(folder_, clock_);
  test::MemoryStore store_;
  Settings settings_;
  test::FakeResolver dns_;
  StoppableResolver resolver_{dns_};
  PublicSuffixes suffixes_ = PublicSuffixes::open().value();
  std::unique_ptr<MailIntake> intake_;
  smtp::Origin stranger_;
  smtp::Findings findings_;
};

TEST_F(IntakeSender, SaysWhatItFoundOnTopOfTheMessage) {
  EXPECT_EQ(send(kHeader), "250 2.0.0");
  EXPECT_THAT(store_.text(), StartsWith("Return-Path: <alice@far.example>\r\n"
                                        "Authentication-Results: mail.example.test;\r\n"
                                        " iprev=pass policy.iprev=192.0.2.7;\r\n"
                                        " spf=pass smtp.mailfrom=alice@far.example;\r\n"
                                        " spf=pass smtp.helo=mx.far.example;\r\n"
                                        " dkim=none;\r\n"
                                        " dmarc=none header.from=far.example;\r\n"
                                        " arc=none smtp.remote-ip=192.0.2.7\r\n"
                                        "Received: from mx.far.example"));
  EXPECT_THAT(findings_.results, StartsWith("mail.example.test;\r\n iprev=pass"));
}

TEST_F(IntakeSender, KnowsASignatureInAMessageThatIsReadInPieces) {
  const dkim::SigningKey key{"s1", dkim::PrivateKey::generate(dkim::KeyType::Ed25519)};
  dns_.txt("s1._domainkey.far.example", key.key.record());
  dns_.txt("_dmarc.far.example", "v=DMARC1; p=reject");
  std::string message = kHeader;
  for (int i = 0; i < 5000; ++i) message += "A line, and many more of its kind.\r\n";
  dkim::Signer signer("far.example", {key});
  signer.feed(message);
  const std::string field = signer.finish(clock_);
  stranger_.peer.address = *IpAddress::parse("192.0.2.99");
  EXPECT_EQ(send(field + message), "250 2.0.0");
  EXPECT_THAT(findings_.results, HasSubstr("dkim=pass header.d=far.example header.s=s1"));
  EXPECT_THAT(findings_.results, HasSubstr("dmarc=pass header.from=far.example"));
  message.back() = 'x';
  EXPECT_EQ(send(field + message), "550 5.7.26");
  EXPECT_EQ(findings_.refused_by, std::string("sender"));
  EXPECT_THAT(findings_.results, HasSubstr("dkim=fail reason=\"the body was changed\""));
  EXPECT_TRUE(store_.copies.empty());
}

TEST_F(IntakeSender, DoesForEachRecipientWhatItsDomainWants) {
  dns_.txt("_dmarc.far.example", "v=DMARC1; p=reject");
  stranger_.peer.address = *IpAddress::parse("192.0.2.99");
  EXPECT_EQ(send(kHeader), "550 5.7.26");
  EXPECT_EQ(send(kHeader, "x@other.test", {"bob@mild.test", "bob@example.test"}), "250 2.0.0");
  ASSERT_EQ(store_.copies.size(), 2u);
  EXPECT_EQ(store_.copies[0].mailbox, "INBOX");
  EXPECT_EQ(store_.copies[1].mailbox, "Junk");
  EXPECT_THAT(store_.copies[1].text, HasSubstr("header.from=far.example policy.dmarc=reject;"));
}

TEST_F(IntakeSender, WhatATrustedListChangedIsAccepted) {
  const dkim::SigningKey key{"a1", dkim::PrivateKey::generate(dkim::KeyType::Ed25519)};
  dns_.txt("a1._domainkey.list.test", key.key.record());
  dns_.txt("_dmarc.far.example", "v=DMARC1; p=reject");
  stranger_.peer.address = *IpAddress::parse("192.0.2.99");
  arc::Sealer sealer("list.test", key);
  sealer.feed(kHeader + "Hello, list.\r\n");
  const std::string sealed =
      sealer.finish(clock_, {}, "mx.list.test; dmarc=pass header.from=far.example") + kHeader +
      "Hello, list.\r\n";
  EXPECT_EQ(send(sealed, "list@list.test"), "550 5.7.26");
  EXPECT_THAT(findings_.results, HasSubstr("arc=pass"));
  settings_.sender_policy.trusted_sealers = {"list.test"};
  intake_->use(settings_);
  EXPECT_EQ(send(sealed, "list@list.test"), "250 2.0.0");
  EXPECT_EQ(store_.copies[0].mailbox, "INBOX");
  EXPECT_THAT(store_.text(), HasSubstr("accepted for arc=pass by list.test"));
  ASSERT_EQ(findings_.arc.seals.size(), 1u);
  EXPECT_EQ(send(sealed + "x", "list@list.test"), "550 5.7.26");
}

// What the next server finds of a message that an alias here handed on.
class IntakeForward : public IntakeSender {
 protected:
  IntakeForward() {
    EXPECT_TRUE(directory_->add_alias("away@example.test", {"carol@next.test"}));
    intake_->forward_by(std::make_shared<const mail::Srs>(std::string(32, 'k')));
  }
  void make_keys() {
    EXPECT_TRUE(directory_->keys().provide("example.test"));
    const auto keys = directory_->keys().list("example.test").value();
    for (const auto& key : keys) dns_.txt(key.selector + "._domainkey.example.test", key.record);
  }
  std::string forwarded(const std::string& message) {
    store_.sent.clear();
    EXPECT_EQ(send(message, "alice@far.example", {"away@example.test"}), "250 2.0.0");
    EXPECT_EQ(store_.sent.size(), 1u);
    return store_.sent.at(0).text;
  }
  arc::Verdict validated(const std::string& message) {
    arc::Verifier verifier;
    verifier.feed(message);
    return verifier.finish(dns_, clock_);
  }
};

TEST_F(IntakeForward, SealsWhatItFound) {
  make_keys();
  const std::string once = forwarded(kHeader + "Hello.\r\n");
  auto verdict = validated(once);
  EXPECT_EQ(verdict.result, AuthResult::Pass) << verdict.reason << "\n" << once;
  ASSERT_EQ(verdict.seals.size(), 1u);
  EXPECT_EQ(verdict.seals[0].domain, "example.test");
  EXPECT_THAT(verdict.seals[0].results_field,
              StartsWith("ARC-Authentication-Results: i=1; mail.example.test;\r\n iprev=pass"));
  EXPECT_THAT(once, StartsWith("ARC-Seal: i=1; a=rsa-sha256; cv=none;"));
  // It comes by here again, by way of a list.
  const std::string twice = forwarded(
      "X-List: yes\r\n" + once.substr(0, once.find("Delivered-To")) + kHeader + "Hello.\r\n");
  verdict = validated(twice);
  EXPECT_EQ(verdict.result, AuthResult::Pass) << verdict.reason << "\n" << twice;
  EXPECT_EQ(verdict.seals.size(), 2u);
}

TEST_F(IntakeForward, AddsNoSealToAChainThatIsBroken) {
  make_keys();
  const std::string once = forwarded(kHeader + "Hello.\r\n");
  const std::string changed =
      once.substr(0, once.find("Delivered-To")) + kHeader + "Something else.\r\n";
  EXPECT_THAT(forwarded(changed), Not(HasSubstr("i=2")));
}

TEST_F(IntakeForward, SealsNothingWithoutKeysOrKnowledge) {
  EXPECT_THAT(forwarded(kHeader), Not(HasSubstr("ARC-Seal")));
  make_keys();
  settings_.sender_policy.verify = false;
  intake_->use(settings_);
  EXPECT_THAT(forwarded(kHeader), Not(HasSubstr("ARC-Seal")));
  settings_.sender_policy.verify = true;
  intake_->use(settings_);
  EXPECT_EQ(send(kHeader), "250 2.0.0");
  EXPECT_THAT(store_.text(), Not(HasSubstr("ARC-Seal"))) << "it goes no further";
}

TEST_F(IntakeSender, AFailingDnsIsNeverForGood) {
  for (const char* name : {"far.example", "mx.far.example"}) dns_.fail(name, dns::Type::Txt);
  dns_.fail("7.2.0.192.in-addr.arpa", dns::Type::Ptr).fail("_dmarc.far.example", dns::Type::Txt);
  EXPECT_EQ(send(kHeader), "250 2.0.0");
  EXPECT_EQ(store_.copies[0].mailbox, "INBOX");
  EXPECT_THAT(store_.text(), HasSubstr("dmarc=temperror\r\n reason="));
  EXPECT_THAT(store_.text(), HasSubstr("spf=temperror\r\n reason="));
}

TEST_F(IntakeSender, WaitsWhereAPolicyIsKnownAndTheProofIsNot) {
  dns_.txt("_dmarc.far.example", "v=DMARC1; p=quarantine").fail("far.example", dns::Type::Txt);
  EXPECT_EQ(send(kHeader), "451 4.7.24");
  EXPECT_EQ(send(kHeader, "alice@far.example", {"bob@mild.test"}), "250 2.0.0");
}

TEST_F(IntakeSender, MailFromNobodyIsAskedAboutByItsHelo) {
  EXPECT_EQ(send(kHeader, ""), "250 2.0.0");
  EXPECT_THAT(findings_.results, HasSubstr("spf=pass smtp.helo=mx.far.example"));
  EXPECT_THAT(findings_.results, Not(HasSubstr("mailfrom")));
}

TEST_F(IntakeSender, MailOfTwoAuthorsFieldsGoesToJunk) {
  EXPECT_EQ(send("From: x@other.test\r\n" + kHeader), "250 2.0.0");
  EXPECT_EQ(store_.copies[0].mailbox, "Junk");
  EXPECT_EQ(send("Subject: nobody\r\n\r\n"), "250 2.0.0");
  EXPECT_EQ(store_.copies[0].mailbox, "Junk");
}

TEST_F(IntakeSender, AsksNobodyWhereTheOperatorWantsItSo) {
  EXPECT_TRUE(intake_->asks_network(stranger_));
  settings_.sender_policy.verify = false;
  intake_->use(settings_);
  EXPECT_FALSE(intake_->asks_network(stranger_));
  EXPECT_EQ(send(kHeader), "250 2.0.0");
  EXPECT_EQ(dns_.count(), 0u);
  EXPECT_THAT(store_.text(), Not(HasSubstr("Authentication-Results")));
}

TEST_F(IntakeSender, AsksNobodyAboutUsers) {
  stranger_.identity = Identity{1, "bob@example.test", PopPolicy::On};
  EXPECT_EQ(send("Subject: x\r\n\r\n", "bob@example.test"), "250 2.0.0");
  EXPECT_EQ(dns_.count(), 0u);
  EXPECT_THAT(store_.text(), Not(HasSubstr("Authentication-Results")));
}

TEST_F(IntakeSender, AServerThatStopsJudgesNobody) {
  resolver_.stop();
  EXPECT_EQ(send(kHeader), "451 4.3.2");
}

TEST_F(IntakeSender, ForgedResultsGoAndThoseOfOthersStay) {
  const std::string forged =
      "Authentication-Results: mail.example.test; dkim=pass header.d=bank.test\r\n"
      "authentication-RESULTS :\r\n\t(x) \"mail.example.test\" 1; spf=pass\r\n"
      "Authentication-Results\r\n : mail.example.test; spf=pass\r\n";
  const std::string others =
      "Authentication-Results: mx.far.example; dkim=pass\r\n"
      "ARC-Authentication-Results: i=1; mail.example.test; none\r\n";
  EXPECT_EQ(send(forged + others + kHeader + "Authentication-Results: in the text\r\n"),
            "250 2.0.0");
  const std::string text = store_.text();
  EXPECT_THAT(text, HasSubstr(others + kHeader + "Authentication-Results: in the text\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("bank.test")));
  EXPECT_THAT(text, Not(HasSubstr("(x)")));
  stranger_.identity = Identity{1, "bob@example.test", PopPolicy::On};
  EXPECT_EQ(send(forged + "From: bob@example.test\r\nX: y\r\n\r\n", "bob@example.test"),
            "250 2.0.0");
  EXPECT_THAT(store_.text(), Not(HasSubstr("uthentication-")));
}

TEST_F(IntakeSender, NothingIsHiddenBehindAnEndlessHeader) {
  std::string header;
  while (header.size() < mail::kMaxHeader) header += "X: " + std::string(900, 'x') + "\r\n";
  EXPECT_EQ(send(header + "Authentication-Results: mail.example.test; spf=pass\r\n\r\n"),
            "554 5.6.0");
}

}  // namespace
}  // namespace waxwing
