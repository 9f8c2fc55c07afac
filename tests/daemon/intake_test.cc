#include "daemon/intake.h"

#include <gmock/gmock.h>

#include "daemon/notices.h"
#include "tests/daemon/intake_fixture.h"

namespace waxwing {
namespace {

using smtp::MailEnvelope;
using smtp::Origin;
using smtp::Reply;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

TEST_F(IntakeTest, RefusesMailForAFullAccountAtOnce) {
  MailEnvelope envelope;
  store_.full_accounts = {"bob@example.test"};
  EXPECT_EQ(intake().add_recipient(stranger_, envelope, {"alice@example.test", {}}).code, 250);
  const auto reply = intake().add_recipient(stranger_, envelope, {"bob@example.test", {}});
  EXPECT_EQ(reply.code, 452);
  EXPECT_EQ(reply.enhanced, "4.2.2");
  // A list goes to all who are on it.
  EXPECT_EQ(intake().add_recipient(stranger_, envelope, {"team@example.test", {}}).code, 250);
  EXPECT_EQ(envelope.recipients.size(), 2u);
}

TEST_F(IntakeTest, TakesMailForThoseWhoAreHere) {
  for (const char* address :
       {"alice@example.test", "ALICE@example.test", "alice+tag@example.test", "team@example.test",
        "postmaster", "postmaster@example.test", "abuse@example.test", "postmaster@[192.0.2.1]"}) {
    EXPECT_EQ(recipient(stranger_, address), "250 2.1.5") << address;
  }
}

TEST_F(IntakeTest, KnowsWhomItHasAskedForUntilTheDirectoryChanges) {
  const auto knows = [&](const char* address) {
    return intake().knows_recipient(stranger_, address);
  };
  ASSERT_TRUE(directory_->set_quota("bob@example.test", 1'000'000, 0));
  EXPECT_FALSE(knows("alice+x@example.test"));
  for (const char* address : {"alice+x@example.test", "bob@example.test", "team@example.test",
                              "away@example.test", "nobody@example.test"}) {
    recipient(alice_, address);
  }
  ASSERT_TRUE(directory_->account("alice@example.test"));
  ASSERT_TRUE(directory_->account("bob@example.test"));
  EXPECT_TRUE(knows("alice+x@example.test"));
  EXPECT_FALSE(knows("bob@example.test")) << "his mail has to be counted";
  EXPECT_FALSE(knows("team@example.test"));
  EXPECT_FALSE(knows("away@example.test"));
  EXPECT_FALSE(knows("nobody@example.test"));
  EXPECT_FALSE(knows("bob@far.example"));
  ASSERT_TRUE(directory_->set_quota("bob@example.test", 0, 0));
  EXPECT_FALSE(knows("alice+x@example.test"));
}

TEST_F(IntakeTest, KnowsASenderWhileThereIsPlentyOfRoom) {
  const auto knows = [&](const smtp::Origin& origin, const char* address) {
    return intake().knows_sender(origin, address);
  };
  EXPECT_FALSE(knows(stranger_, "carol@far.example"));
  store_.has_plenty = true;
  EXPECT_TRUE(knows(stranger_, "carol@far.example"));
  EXPECT_TRUE(knows(alice_, ""));
  EXPECT_FALSE(knows(alice_, "sales+2@example.test"));
  EXPECT_EQ(sender(alice_, "sales+2@example.test"), "250 2.1.0");
  EXPECT_TRUE(knows(alice_, "sales+2@example.test"));
}

TEST_F(IntakeTest, ExpandsARecipientThatIsNamedAgainOnlyOnce) {
  MailEnvelope envelope;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(shown(intake().add_recipient(stranger_, envelope, {"team@example.test", {}})),
              "250 2.1.5");
  }
  EXPECT_EQ(envelope.recipients.size(), 1u);
}

TEST_F(IntakeTest, DeliversNothingToAnAccountThatWentAfterItsRcpt) {
  const auto add_guest = [] {
    ASSERT_TRUE(directory_->import_account("guest@example.test",
                                           "{SHA512-CRYPT}$6$salt$" + std::string(86, 'x')));
  };
  const auto remove_guest = [] { ASSERT_TRUE(directory_->remove_account("guest@example.test")); };
  add_guest();
  EXPECT_EQ(send_while({"guest@example.test"}, remove_guest), "550 5.1.1");
  add_guest();
  EXPECT_EQ(send_while({"alice@example.test", "guest@example.test"}, remove_guest), "451 4.3.0");
  EXPECT_TRUE(store_.copies.empty());
  EXPECT_EQ(send_while({"alice@example.test"}, [] {}), "250 2.0.0");
  EXPECT_EQ(store_.copies.size(), 1u);
}

TEST_F(IntakeTest, RefusesMailForThoseWhoAreNot) {
  EXPECT_EQ(recipient(stranger_, "nobody@example.test"), "550 5.1.1");
  EXPECT_EQ(recipient(stranger_, "mallory@example.test"), "550 5.2.1");
}

TEST_F(IntakeTest, RelaysForNobodyWhoHasNotSignedIn) {
  for (const char* address : {"carol@far.example", "alice@[192.0.2.1]", "postmaster@[192.0.2.99]",
                              "alice@example.test.far.example", "alice@sub.example.test"}) {
    EXPECT_EQ(recipient(stranger_, address), "550 5.7.1") << address;
    EXPECT_EQ(recipient(alice_, address), "250 2.1.5") << address;
  }
}

TEST_F(IntakeTest, SendsNowhereWhateverTheLocalPartSays) {
  for (const char* address :
       {"carol%far.example@example.test", "\"carol@far.example\"@example.test",
        "far.example!carol@example.test", "\"@far.example:carol\"@example.test"}) {
    EXPECT_EQ(recipient(stranger_, address), "550 5.1.1") << address;
    EXPECT_EQ(recipient(alice_, address), "550 5.1.1") << address;
  }
}

TEST_F(IntakeTest, RefusesAnAliasItCouldServeOnlyInPart) {
  EXPECT_EQ(recipient(stranger_, "away@example.test"), "550 5.7.1");
}

TEST_F(IntakeTest, QueuesWhatGoesElsewhereOnceForEachAddress) {
  send(alice_, "alice@example.test",
       {"away@example.test", "bob@far.example", "carol@far.example", "bob@example.test"},
       "Message-ID: <1@x>\r\nFrom: alice@example.test\r\nDate: x\r\n\r\ntext\r\n");
  EXPECT_EQ(store_.copies.size(), 1u) << "bob has his copy";
  ASSERT_EQ(store_.sent.size(), 1u);
  const auto& [envelope, text] = store_.sent.front();
  EXPECT_THAT(text, StartsWith("Received: ")) << "no Return-Path leaves";
  EXPECT_THAT(text, HasSubstr("\r\n\r\ntext\r\n"));
  EXPECT_EQ(envelope.sender, "alice@example.test");
  EXPECT_EQ(envelope.account, "alice@example.test");
  EXPECT_EQ(envelope.message_id, "<1@x>");
  ASSERT_EQ(envelope.recipients.size(), 2u);
  EXPECT_EQ(envelope.recipients[0].address, "bob@far.example");
  EXPECT_EQ(envelope.recipients[0].original, "rfc822;away@example.test");
  EXPECT_EQ(envelope.recipients[1].address, "carol@far.example");
}

class Forwarding : public IntakeTest {
 protected:
  Forwarding() { intake().forward_by(std::make_shared<const mail::Srs>("key")); }
  // The address that a stranger's was rewritten to.
  std::string rewritten() {
    send(stranger_, "carol@far.example", {"away@example.test"}, "Subject: s\r\n\r\ntext\r\n");
    return store_.sent.empty() ? "" : store_.sent.back().envelope.sender;
  }
};

TEST_F(Forwarding, SendsStrangersMailOnUnderASenderOfItsOwn) {
  const auto sender = rewritten();
  EXPECT_THAT(sender, MatchesRegex("SRS0=.{6}=..=far.example=carol@example.test"));
  EXPECT_EQ(store_.copies.size(), 1u);
  EXPECT_THAT(store_.copies[0].text, StartsWith("Return-Path: <carol@far.example>\r\n"));
  EXPECT_THAT(store_.sent[0].text, StartsWith("Delivered-To: away@example.test\r\nReceived: "));
  EXPECT_EQ(store_.sent[0].envelope.account, "");
  EXPECT_EQ(store_.sent[0].envelope.recipients.at(0).address, "bob@far.example");
}

TEST_F(Forwarding, TakesReportsBackToTheSenderAndNothingElse) {
  const auto sender = rewritten();
  send(stranger_, "", {sender}, "Subject: report\r\n\r\n");
  ASSERT_EQ(store_.sent.size(), 2u);
  EXPECT_EQ(store_.sent[1].envelope.recipients.at(0).address, "carol@far.example");
  EXPECT_EQ(store_.sent[1].envelope.sender, "");
  MailEnvelope envelope;
  envelope.sender = "mallory@far.example";
  EXPECT_EQ(shown(intake().add_recipient(stranger_, envelope, {sender, {}})), "550 5.7.1");
  std::string forged = sender;
  forged[5] = forged[5] == 'a' ? 'b' : 'a';
  EXPECT_EQ(recipient(stranger_, forged), "550 5.1.1");
}

class NotedNotices final : public Notices {
 public:
  Outcome tell(Kind, const Envelope& envelope, const std::vector<std::size_t>& recipients,
               std::string_view) override {
    for (const auto number : recipients) told.push_back(envelope.recipients[number].address);
    return {};
  }
  std::vector<std::string> told;
};

TEST_F(Forwarding, ConfirmsOnlyWhatReachedAMailboxHere) {
  NotedNotices notices;
  intake().notify_by(notices);
  MailEnvelope envelope;
  envelope.sender = "carol@far.example";
  for (const char* address : {"gone@example.test", "alice@example.test"}) {
    smtp::EnvelopeRecipient wanted{address, {}, QueuedRecipient::kSuccess};
    ASSERT_EQ(intake().add_recipient(stranger_, envelope, std::move(wanted)).code, 250);
  }
  auto staged = intake().stage(0);
  ASSERT_TRUE((*staged)->append("Subject: s\r\n\r\n"));
  ASSERT_EQ(accept(stranger_, envelope, std::move(*staged)).code, 250);
  EXPECT_THAT(notices.told, ElementsAre("alice@example.test"));
  EXPECT_EQ(store_.sent.at(0).envelope.recipients.at(0).notify, QueuedRecipient::kSuccess)
      << "the next server is asked";
}

TEST_F(Forwarding, TellsTheSenderOfAFailureFurtherOn) {
  const auto sender = rewritten();
  ASSERT_TRUE(intake().send_report("00000000000000aa", sender, "Subject: r\r\n\r\n"));
  EXPECT_EQ(store_.sent.back().envelope.recipients.at(0).address, "carol@far.example");
}

TEST_F(Forwarding, RefusesWhatHasBeenHereBefore) {
  const auto reply = send(stranger_, "carol@far.example", {"away@example.test"},
                          "Delivered-To: Away@Example.test\r\nSubject: s\r\n\r\n");
  EXPECT_EQ(shown(reply), "554 5.4.6");
  EXPECT_TRUE(store_.sent.empty());
}

TEST_F(Forwarding, LeavesReportsAndUsersMailAsTheyAre) {
  send(stranger_, "", {"away@example.test"}, "Subject: report\r\n\r\n");
  EXPECT_EQ(store_.sent.back().envelope.sender, "");
  send(alice_, "alice@example.test", {"away@example.test"}, "From: alice@example.test\r\n\r\n");
  EXPECT_EQ(store_.sent.back().envelope.sender, "alice@example.test");
}

TEST_F(IntakeTest, KnowsWhatAMessageNeedsOfAServer) {
  const std::string plain = "From: alice@example.test\r\nSubject: s\r\n\r\n";
  send(alice_, "alice@example.test", {"a@far.example"}, plain + "text\r\n");
  EXPECT_EQ(store_.sent.back().envelope.body, Envelope::Body::SevenBit);
  EXPECT_FALSE(store_.sent.back().envelope.smtp_utf8);
  send(alice_, "alice@example.test", {"a@far.example"}, plain + "caf\u00e9\r\n");
  EXPECT_EQ(store_.sent.back().envelope.body, Envelope::Body::EightBitMime);
  EXPECT_FALSE(store_.sent.back().envelope.smtp_utf8);
  send(alice_, "alice@example.test", {"a@far.example"},
       "From: alice@example.test\r\nSubject: caf\u00e9\r\n\r\n");
  EXPECT_TRUE(store_.sent.back().envelope.smtp_utf8);
}

// RFC 8689 section 3
TEST_F(IntakeTest, KnowsWhatAMessageSaysOfTls) {
  for (const auto& [field, is_optional] :
       {std::pair("", false), std::pair("TLS-Required: No\r\n", true),
        std::pair("tls-required:  NO \r\n", true), std::pair("TLS-Required: Yes\r\n", false),
        std::pair("TLS-Required:\r\n", false)}) {
    send(alice_, "alice@example.test", {"a@far.example"},
         std::string(field) + "From: alice@example.test\r\n\r\nTLS-Required: No\r\n");
    EXPECT_EQ(store_.sent.back().envelope.tls_optional, is_optional) << field;
    EXPECT_FALSE(store_.sent.back().envelope.require_tls);
  }
}

TEST_F(IntakeTest, SendsReportsFromNobody) {
  ASSERT_TRUE(intake().send_report("00000000000000aa", "alice@example.test", "Subject: r\r\n\r\n"));
  EXPECT_EQ(store_.text(), "Return-Path: <>\r\nSubject: r\r\n\r\n");
  ASSERT_TRUE(intake().send_report("00000000000000bb", "x@far.example", "Subject: r\r\n\r\n"));
  ASSERT_EQ(store_.sent.size(), 1u);
  EXPECT_EQ(store_.sent[0].envelope.sender, "");
  EXPECT_EQ(store_.sent[0].text, "Subject: r\r\n\r\n");
  EXPECT_FALSE(store_.sent[0].envelope.require_tls);
  ASSERT_TRUE(intake().send_report("00000000000000dd", "x@far.example", "Subject: r\r\n\r\n",
                                   MailIntake::ReportTls::Require));
  EXPECT_TRUE(store_.sent[1].envelope.require_tls) << "RFC 8689 section 5";
  EXPECT_TRUE(
      intake().send_report("00000000000000cc", "nobody@example.test", "Subject: r\r\n\r\n"));
}

TEST_F(IntakeTest, TakesNothingWhenTheDiskIsFull) {
  store_.is_full = true;
  MailEnvelope envelope;
  const auto reply = intake().check_sender(stranger_, envelope);
  EXPECT_EQ(shown(reply), "452 4.3.1");
  EXPECT_THAT(reply.text, Not(HasSubstr("/secret")));
  EXPECT_EQ(shown(send(stranger_, "", {"alice@example.test"}, "a: b\r\n\r\n")), "452 4.3.1");
}

TEST_F(IntakeTest, SaysWhereAMessageCameFrom) {
  const auto reply =
      send(stranger_, "carol@far.example", {"alice@example.test"}, "Subject: hi\r\n\r\ntext\r\n");
  EXPECT_EQ(shown(reply), "250 2.0.0");
  EXPECT_THAT(store_.text(), MatchesRegex("Return-Path: <carol@far.example>\r\n"
                                          "Received: from mx.far.example \\(\\[192.0.2.7\\]\\)\r\n"
                                          " by mail.example.test with ESMTP\r\n"
                                          " id [0-9a-f]*\r\n"
                                          " for <alice@example.test>;\r\n"
                                          " Mon, 21 Sep 2026 14:13:20 \\+0000\r\n"
                                          "Subject: hi\r\n\r\ntext\r\n"));
}

TEST_F(IntakeTest, WritesDownNoNameThatIsNone) {
  stranger_.helo = "evil) by (x";
  send(stranger_, "", {"alice@example.test"}, "a: b\r\n\r\n");
  EXPECT_THAT(store_.text(), HasSubstr("Received: from [192.0.2.7] ([192.0.2.7])\r\n"));
}

TEST_F(IntakeTest, NamesTheProtocol) {
  stranger_.esmtp = false;
  send(stranger_, "", {"alice@example.test"}, "a: b\r\n\r\n");
  EXPECT_THAT(store_.copies.back().text, HasSubstr(" with SMTP\r\n"));
  settings_.smtp.hide_client_address = false;
  intake_.reset();
  send(alice_, "alice@example.test", {"bob@example.test"}, "a: b\r\n\r\n");
  EXPECT_THAT(store_.copies.back().text, HasSubstr("from mx.far.example ([192.0.2.7])"));
  EXPECT_THAT(store_.copies.back().text,
              HasSubstr(" with ESMTPSA (TLSv1.3 TLS_AES_128_GCM_SHA256)\r\n"));
}

TEST_F(IntakeTest, HidesWhereAUserSits) {
  send(alice_, "alice@example.test", {"bob@example.test"}, "a: b\r\n\r\n");
  EXPECT_THAT(store_.text(), HasSubstr("Received: by mail.example.test with ESMTPSA "));
  EXPECT_THAT(store_.text(), Not(HasSubstr("192.0.2.7")));
  EXPECT_THAT(store_.text(), Not(HasSubstr("mx.far.example")));
}

TEST_F(IntakeTest, TellsNoRecipientOfTheOthers) {
  send(stranger_, "", {"alice@example.test", "bob@example.test"}, "a: b\r\n\r\n");
  ASSERT_EQ(store_.copies.size(), 2u);
  EXPECT_EQ(store_.copies[0].text, store_.copies[1].text);
  EXPECT_THAT(store_.copies[0].text, Not(HasSubstr(" for <")));
}

TEST_F(IntakeTest, DeliversOneCopyToEachMailbox) {
  send(stranger_, "",
       {"alice@example.test", "Alice@Example.Test", "sales@example.test", "team@example.test",
        "alice+x@example.test"},
       "a: b\r\n\r\n");
  ASSERT_EQ(store_.copies.size(), 2u);
  EXPECT_EQ(store_.copies[0].account, "alice@example.test");
  EXPECT_THAT(store_.copies[0].text, StartsWith("Return-Path: "));
  EXPECT_EQ(store_.copies[1].account, "bob@example.test");
  EXPECT_THAT(store_.copies[1].text,
              StartsWith("Delivered-To: team@example.test\r\nReturn-Path: "));
}

TEST_F(IntakeTest, PutsTaggedMailIntoAFolderThatIsThere) {
  const auto mailbox = [&](const std::string& address) {
    send(stranger_, "", {address}, "a: b\r\n\r\n");
    return store_.copies.back().mailbox;
  };
  EXPECT_EQ(mailbox("alice+lists@example.test"), "Lists");
  EXPECT_EQ(mailbox("alice+other@example.test"), "INBOX");
  EXPECT_EQ(mailbox("alice+sent@example.test"), "INBOX");
}

TEST_F(IntakeTest, ReplacesReturnPath) {
  send(stranger_, "carol@far.example", {"alice@example.test"},
       "Return-Path: <forged@far.example>\r\nSubject: hi\r\nreturn-path:\r\n "
       "<x>\r\n\r\nReturn-Path: body\r\n");
  EXPECT_THAT(store_.text(), StartsWith("Return-Path: <carol@far.example>\r\nReceived: "));
  EXPECT_THAT(store_.text(),
              testing::EndsWith(" +0000\r\nSubject: hi\r\n\r\nReturn-Path: body\r\n"));
}

TEST_F(IntakeTest, KeepsBytesOfStrangersAsTheyAre) {
  const std::string text =
      "subject:hi\r\nBcc: kept@far.example\r\nX: \xFF\r\n\tfold\r\n\r\n\r\n.\r\nend";
  send(stranger_, "", {"alice@example.test"}, text);
  EXPECT_THAT(store_.text(), testing::EndsWith("\r\n" + text));
  EXPECT_THAT(store_.text(), Not(HasSubstr("Message-ID")));
}

TEST_F(IntakeTest, KeepsTextWithoutHeaderOutOfTheHeader) {
  send(stranger_, "", {"alice@example.test"}, "Just text\r\nmore: text\r\n");
  EXPECT_THAT(store_.text(), HasSubstr(" +0000\r\n\r\nJust text\r\nmore: text\r\n"));
  store_.copies.clear();
  send(stranger_, "", {"alice@example.test"}, " folded\r\n\r\ntext\r\n");
  EXPECT_THAT(store_.text(), HasSubstr(" +0000\r\n\r\n folded\r\n"));
  store_.copies.clear();
  send(stranger_, "", {"alice@example.test"},
       "From carol Sun Nov 22 10:00:00 2026\r\nSubject: hi\r\n\r\n");
  EXPECT_THAT(store_.text(), HasSubstr(" +0000\r\nSubject: hi\r\n"));
}

TEST_F(IntakeTest, RefusesWhatGoesRoundInCircles) {
  std::string header;
  for (int i = 0; i < 99; ++i) header += "Received: by hop" + std::to_string(i) + "\r\n";
  EXPECT_EQ(shown(send(stranger_, "", {"alice@example.test"}, header + "\r\n")), "250 2.0.0");
  EXPECT_EQ(shown(send(stranger_, "", {"alice@example.test"}, "received: x\r\n" + header + "\r\n")),
            "554 5.4.6");
}

TEST_F(IntakeTest, AsksItsChecksInOrderAndStopsAtARefusal) {
  std::vector<std::string> asked;
  const auto check = [&](const char* name, IntakeCheck::Of of, std::optional<Reply> reply) {
    intake().add({name, of, true, [&asked, name, reply](Candidate& candidate) {
                    asked.emplace_back(name);
                    candidate.findings.fields += "X-Check: " + std::string(name) + "\r\n";
                    return reply;
                  }});
  };
  check("first", IntakeCheck::Of::Strangers, std::nullopt);
  check("users", IntakeCheck::Of::Users, std::nullopt);
  check("last", IntakeCheck::Of::All, Reply{554, "5.7.1", "unwanted"});
  check("never", IntakeCheck::Of::All, std::nullopt);
  EXPECT_EQ(shown(send(stranger_, "x@far.example", {"bob@example.test"}, "Subject: x\r\n\r\n")),
            "554 5.7.1");
  EXPECT_THAT(asked, testing::ElementsAre("first", "last"));
  EXPECT_TRUE(store_.copies.empty());
}

TEST_F(IntakeTest, PutsWhatTheChecksFoundBeforeTheMessage) {
  intake().add({"adds", IntakeCheck::Of::Strangers, false, [](Candidate& candidate) {
                  candidate.findings.fields = "X-Found: it\r\n";
                  return std::optional<Reply>();
                }});
  send(stranger_, "x@far.example", {"bob@example.test"}, "Subject: x\r\n\r\n");
  EXPECT_THAT(store_.text(),
              StartsWith("Return-Path: <x@far.example>\r\nX-Found: it\r\nReceived: "));
}

TEST_F(IntakeTest, WaitsForTheNetworkOnlyForThoseWhoseMailIsLookedAtThere) {
  EXPECT_FALSE(intake().asks_network(stranger_));
  intake().add(
      {"dns", IntakeCheck::Of::Strangers, true, [](Candidate&) { return std::optional<Reply>(); }});
  Origin trusted = stranger_;
  trusted.is_trusted = true;
  EXPECT_TRUE(intake().asks_network(stranger_));
  EXPECT_FALSE(intake().asks_network(trusted));
  EXPECT_FALSE(intake().asks_network(alice_));
}

TEST_F(IntakeTest, PutsSuspectMailIntoJunkForThoseWhoWantItSo) {
  store_.mailboxes["bob@example.test"] = {{{1}, "INBOX"}, {{2}, "Spam", SpecialUse::Junk}};
  intake().add({"suspicious", IntakeCheck::Of::All, false, [](Candidate& candidate) {
                  candidate.findings.to_junk = {true, false};
                  return std::optional<Reply>();
                }});
  send(stranger_, "x@far.example", {"bob@example.test", "alice+Lists@example.test"},
       "Subject: x\r\n\r\n");
  ASSERT_EQ(store_.copies.size(), 2u);
  EXPECT_EQ(store_.copies[0].mailbox, "Spam");
  EXPECT_EQ(store_.copies[1].mailbox, "Lists");
  send(stranger_, "x@far.example", {"alice+Lists@example.test"}, "Subject: x\r\n\r\n");
  EXPECT_EQ(store_.copies.back().mailbox, "Junk") << "made where there is none";
}

}  // namespace
}  // namespace waxwing
