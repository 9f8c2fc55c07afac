#include "daemon/sender_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing {
namespace {

using Action = Settings::SenderPolicy::Action;
using dmarc::Policy;
using testing::ElementsAre;
using testing::HasSubstr;
using enum AuthResult;

const PublicSuffixes& suffixes() {
  static const auto kSuffixes = PublicSuffixes::open();
  return *kSuffixes;
}

smtp::MailEnvelope to(const std::vector<std::string>& addresses) {
  smtp::MailEnvelope envelope;
  envelope.sender = "bounce@other.test";
  for (const auto& address : addresses) envelope.recipients.push_back({address, {}});
  return envelope;
}

// What DMARC and SPF say of mail whose author is of example.com.
SenderVerdicts found(AuthResult dmarc, Policy asks = Policy::None, AuthResult spf = None) {
  SenderVerdicts found;
  found.dmarc.result = dmarc;
  found.dmarc.domain = "example.com";
  found.dmarc.policy = asks;
  if (dmarc == Fail) found.dmarc.disposition = asks;
  found.mail_from.result = spf;
  found.mail_from.domain = "other.test";
  return found;
}

std::string decided(const SenderDecision& decision) {
  if (decision.refusal)
    return std::to_string(decision.refusal->code) + " " + decision.refusal->enhanced;
  std::string text;
  for (const bool junk : decision.to_junk) text += junk ? "junk " : "inbox ";
  return text.substr(0, text.size() - 1);
}

std::string decided(const SenderVerdicts& verdicts, Action dmarc = Action::Reject,
                    Action spf = Action::Tag) {
  Settings::SenderPolicy policy;
  policy.dmarc = dmarc;
  policy.spf = spf;
  return decided(decide(policy, suffixes(), verdicts, to({"a@here.test"})));
}

TEST(SenderPolicy, DoesWhatTheAuthorsDomainAsksForAndNoMoreThanOursAllows) {
  struct Row {
    Policy asks;
    Action allowed;
    const char* done;
  };
  for (const auto& [asks, allowed, done] : std::vector<Row>{
           {Policy::None, Action::Reject, "inbox"},
           {Policy::Quarantine, Action::Reject, "junk"},
           {Policy::Reject, Action::Reject, "550 5.7.26"},
           {Policy::None, Action::Quarantine, "inbox"},
           {Policy::Quarantine, Action::Quarantine, "junk"},
           {Policy::Reject, Action::Quarantine, "junk"},
           {Policy::None, Action::Tag, "inbox"},
           {Policy::Quarantine, Action::Tag, "inbox"},
           {Policy::Reject, Action::Tag, "inbox"},
       }) {
    EXPECT_EQ(decided(found(Fail, asks), allowed), done)
        << to_string(asks) << static_cast<int>(allowed);
  }
  EXPECT_EQ(decided(found(Pass, Policy::Reject, Fail), Action::Reject, Action::Reject), "inbox");
}

TEST(SenderPolicy, LooksAtSpfOnlyWhereDmarcSaysNothing) {
  for (const auto action : {Action::Tag, Action::Quarantine, Action::Reject}) {
    const char* done = action == Action::Tag          ? "inbox"
                       : action == Action::Quarantine ? "junk"
                                                      : "550 5.7.23";
    EXPECT_EQ(decided(found(None, Policy::None, Fail), Action::Reject, action), done);
    // A record that cannot be read says nothing either.
    EXPECT_EQ(decided(found(PermError, Policy::None, Fail), Action::Reject, action), done);
    for (const auto other : {None, Neutral, Pass, SoftFail, TempError, PermError})
      EXPECT_EQ(decided(found(None, Policy::None, other), Action::Reject, action), "inbox");
    EXPECT_EQ(decided(found(Fail, Policy::None, Fail), Action::Reject, action), "inbox");
    EXPECT_EQ(decided(found(TempError, Policy::None, Fail), Action::Reject, action), "inbox");
  }
}

TEST(SenderPolicy, PutsMailWithoutAClearAuthorIntoJunk) {
  SenderVerdicts verdicts = found(PermError);
  verdicts.dmarc.domain.clear();
  EXPECT_EQ(decided(verdicts, Action::Reject), "junk");
  EXPECT_EQ(decided(verdicts, Action::Quarantine), "junk");
  EXPECT_EQ(decided(verdicts, Action::Tag), "inbox");
}

TEST(SenderPolicy, ADnsThatFailsIsNoVerdict) {
  // Not even the policy is known.
  EXPECT_EQ(decided(found(TempError)), "inbox");
  EXPECT_EQ(decided(found(TempError, Policy::Reject, TempError)), "451 4.7.24");
  EXPECT_EQ(decided(found(TempError, Policy::Quarantine, Pass)), "451 4.7.5");
  EXPECT_EQ(decided(found(TempError, Policy::Reject), Action::Tag), "inbox");
}

TEST(SenderPolicy, IsThatOfTheDomainThatEachRecipientWasWrittenTo) {
  Settings::SenderPolicy policy;
  policy.domains = {{"mild.test", Action::Tag, std::nullopt},
                    {"xn--mller-kva.test", Action::Quarantine, Action::Reject}};
  const auto bad = found(Fail, Policy::Reject);
  const auto of = [&](const std::vector<std::string>& recipients) {
    return decide(policy, suffixes(), bad, to(recipients));
  };
  EXPECT_EQ(decided(of({"a@strict.test"})), "550 5.7.26");
  EXPECT_EQ(decided(of({"a@strict.test", "b@strict.test"})), "550 5.7.26");
  EXPECT_EQ(decided(of({"a@strict.test", "b@MILD.test", "c@m\xc3\xbcller.test"})),
            "junk inbox junk");
  EXPECT_EQ(of({"a@strict.test", "b@mild.test"}).disposition, Policy::Quarantine);
  EXPECT_EQ(of({"b@mild.test"}).disposition, Policy::None);
  EXPECT_EQ(of({"a@strict.test"}).disposition, Policy::Reject);
  const auto spf = found(None, Policy::None, Fail);
  EXPECT_EQ(decided(decide(policy, suffixes(), spf, to({"a@m\xc3\xbcller.test"}))), "550 5.7.23");
}

TEST(SenderPolicy, SaysWhyInWords) {
  SenderVerdicts verdicts = found(None, Policy::None, Fail);
  verdicts.mail_from.explanation = "see https://other.test";
  Settings::SenderPolicy policy;
  policy.spf = Action::Reject;
  const auto decision = decide(policy, suffixes(), verdicts, to({"a@here.test"}));
  EXPECT_EQ(decision.refusal->text,
            "SPF: other.test does not send mail from this address. It says: see "
            "https://other.test");
}

// Seals of these domains, the oldest first, each with what it says that it found.
SenderVerdicts sealed(const std::vector<std::pair<std::string, std::string>>& seals) {
  SenderVerdicts verdicts = found(Fail, Policy::Reject);
  verdicts.arc.result = Pass;
  int number = 0;
  for (const auto& [domain, results] : seals)
    verdicts.arc.seals.push_back({domain, "s",
                                  "ARC-Authentication-Results: i=" + std::to_string(++number) +
                                      ";\r\n " + domain + ";\r\n " + results + "\r\n"});
  return verdicts;
}

TEST(SenderPolicy, BelievesTrustedSealersAndNobodyElse) {
  const std::string good = "dmarc=pass header.from=example.com", bad = "dmarc=fail";
  const auto is_believed = [](const SenderVerdicts& verdicts) {
    Settings::SenderPolicy policy;
    policy.trusted_sealers = {"list.test", "forwarder.test"};
    const auto decision = decide(policy, suffixes(), verdicts, to({"a@here.test"}));
    EXPECT_EQ(decision.refusal.has_value(), !decision.is_vouched_for);
    return decision.is_vouched_for;
  };
  EXPECT_TRUE(is_believed(sealed({{"list.test", good}})));
  EXPECT_TRUE(is_believed(sealed({{"list.test", good}, {"forwarder.test", bad}})));
  EXPECT_TRUE(is_believed(sealed({{"evil.test", bad}, {"list.test", good}})));
  EXPECT_FALSE(is_believed(sealed({{"list.test", bad}})));
  EXPECT_FALSE(is_believed(sealed({{"evil.test", good}}))) << "nobody trusts it";
  EXPECT_FALSE(is_believed(sealed({{"evil.test", good}, {"list.test", bad}})))
      << "whom a trusted one found forged";
  EXPECT_FALSE(is_believed(sealed({{"list.test", good}, {"evil.test", good}})))
      << "who changed it last is not trusted";
  EXPECT_FALSE(is_believed(sealed({{"list.test", good}, {"evil.test", good}, {"list.test", bad}})));
  EXPECT_FALSE(is_believed(sealed({{"sub.list.test", good}})));
  SenderVerdicts broken = sealed({{"list.test", good}});
  for (const auto result : {None, Fail, TempError}) {
    broken.arc.result = result;
    EXPECT_FALSE(is_believed(broken));
  }
}

TEST(SenderPolicy, ASealerMustHaveSeenTheSameAuthorProved) {
  const auto is_believed = [](const std::string& results) {
    return is_vouched_for({"list.test"}, suffixes(), sealed({{"list.test", results}}));
  };
  EXPECT_TRUE(is_believed("spf=fail; dmarc=pass (p=REJECT) header.from=Example.COM; dkim=fail"));
  EXPECT_TRUE(is_believed("spf=pass smtp.mailfrom=bounce@mail.example.com"));
  EXPECT_TRUE(is_believed("spf=none; dkim=pass header.d=example.com"));
  EXPECT_TRUE(is_believed("dkim=fail header.i=@x.test; dkim=pass header.i=@news.example.com"));
  EXPECT_FALSE(is_believed("dmarc=pass header.from=other.test"));
  EXPECT_FALSE(is_believed("dmarc=pass"));
  EXPECT_FALSE(is_believed("spf=pass smtp.mailfrom=other.test; dkim=pass header.d=other.test"));
  EXPECT_FALSE(is_believed("spf=pass smtp.mailfrom=example.com; dmarc=fail"))
      << "it knows better, with the alignment that the domain wants";
  EXPECT_FALSE(is_believed("spf=fail smtp.mailfrom=example.com"));
  EXPECT_FALSE(is_believed("none"));
  EXPECT_FALSE(is_believed("dmarc=pass header.from=example.com ("));
}

TEST(SenderPolicy, WritesDownWhatWasFound) {
  smtp::Origin origin;
  origin.peer.address = *IpAddress::parse("192.0.2.7");
  origin.helo = "mx.other.test";
  const auto envelope = to({"a@here.test"});
  struct NoMessage final : Staged {
    Outcome append(std::string_view) override { return {}; }
    std::uint64_t size() const override { return 0; }
    bool fits_in_memory(std::size_t) const override { return true; }
    const mail::Message& finish() override { return parsed; }
    Result<std::string> read(std::uint64_t, std::size_t) const override { return std::string(); }
    mail::Message parsed;
  } message;
  SenderVerdicts verdicts = found(Fail, Policy::Reject, SoftFail);
  verdicts.dmarc.record = "v=DMARC1; p=reject";
  verdicts.dmarc.reason = "neither SPF nor DKIM passes for example.com";
  verdicts.mail_from.reason = "it says so";
  verdicts.reverse = {Pass, "mx.other.test", "192.0.2.7 is mx.other.test"};
  verdicts.helo.result = Pass;
  dkim::Verdict signature;
  signature.result = Fail;
  signature.domain = "example.com";
  signature.selector = "s1";
  signature.algorithm = "rsa-sha256";
  signature.start = "AbCdEfGh";
  signature.reason = "the body was changed";
  verdicts.dkim = {signature};
  verdicts.arc.result = None;
  EXPECT_EQ(authentication_results({origin, envelope, message, "mail.here.test"}, verdicts, {}),
            "mail.here.test;\r\n"
            " iprev=pass policy.iprev=192.0.2.7;\r\n"
            " spf=softfail reason=\"it says so\" smtp.mailfrom=bounce@other.test;\r\n"
            " spf=pass smtp.helo=mx.other.test;\r\n"
            " dkim=fail reason=\"the body was changed\" header.d=example.com header.s=s1\r\n"
            " header.a=rsa-sha256 header.b=AbCdEfGh;\r\n"
            " dmarc=fail reason=\"neither SPF nor DKIM passes for example.com\"\r\n"
            " header.from=example.com policy.dmarc=reject;\r\n"
            " arc=none smtp.remote-ip=192.0.2.7");
  auto null_sender = envelope;
  null_sender.sender.clear();
  EXPECT_THAT(
      authentication_results({origin, null_sender, message, "mail.here.test"}, verdicts, {}),
      testing::Not(HasSubstr("smtp.mailfrom")));
}

}  // namespace
}  // namespace waxwing
