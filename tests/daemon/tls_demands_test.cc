#include "daemon/tls_demands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing {
namespace {

using testing::HasSubstr;
using Level = TlsDemand::Level;

constexpr const char* kDemandingDomain = "example.test";

// What a host of the domain has to prove.
class TlsDemands : public testing::Test {
 protected:
  TlsDemands() {
    exchange_.domain = kDemandingDomain;
    host_.name = "mx.example.test";
  }
  void publish(const std::string& mode) {
    const std::string text =
        "version: STSv1\nmode: " + mode + "\nmx: mx.example.test\nmax_age: 1000\n";
    sts_.policy = std::make_shared<const StsPolicies::Policy>(
        StsPolicies::Policy{dns::parse_sts_policy(text).value(), text});
  }
  auto demand(TlsWish wish = TlsWish::Usual) {
    return demand_for(settings_, exchange_, host_, sts_, wish);
  }

  Settings settings_;
  dns::MailExchange exchange_;
  dns::MailHost host_;
  StsPolicies::Found sts_;
};

TEST_F(TlsDemands, WithoutAPolicyTlsIsOptional) {
  EXPECT_EQ(demand()->tls.level, Level::May);
  EXPECT_TRUE(demand()->tls.names.empty());
  publish("none");
  EXPECT_EQ(demand()->tls.level, Level::May);
  host_.dane = dns::Dane::Unusable;
  EXPECT_EQ(demand()->tls.level, Level::Encrypt);
}

TEST_F(TlsDemands, EnforceNamesTheHosts) {
  publish("enforce");
  EXPECT_EQ(demand()->tls.level, Level::Verify);
  EXPECT_EQ(demand()->tls.names, std::vector<std::string>{"mx.example.test"});
  host_.dane = dns::Dane::Unusable;
  EXPECT_EQ(demand()->tls.level, Level::Verify);
  host_.name = "other.example.test";
  ASSERT_FALSE(demand());
  EXPECT_THAT(demand().error().sentence, HasSubstr("does not name other.example.test"));
}

TEST_F(TlsDemands, TestingOnlyLooks) {
  publish("testing");
  EXPECT_EQ(demand()->tls.level, Level::May);
  EXPECT_EQ(demand()->tls.names, std::vector<std::string>{"mx.example.test"});
  EXPECT_FALSE(demand()->is_outside);
  host_.name = "other.example.test";
  EXPECT_EQ(demand()->tls.level, Level::May);
  EXPECT_TRUE(demand()->is_outside);
}

TEST_F(TlsDemands, DaneComesFirst) {
  publish("enforce");
  host_.name = "other.example.test";
  host_.dane = dns::Dane::Usable;
  host_.tlsa = {{3, 1, 1, "x"}};
  EXPECT_EQ(demand()->tls.level, Level::Dane);
  publish("none");
  EXPECT_EQ(demand()->tls.level, Level::Dane);
  host_.dane = dns::Dane::Failed;
  EXPECT_FALSE(demand());
}

TEST_F(TlsDemands, TheConfigurationComesBeforeAll) {
  publish("enforce");
  host_.dane = dns::Dane::Usable;
  settings_.tls_policy = {{kDemandingDomain, Settings::TlsPolicy::None}};
  EXPECT_EQ(demand()->tls.level, Level::None);
  settings_.tls_policy = {{"*", Settings::TlsPolicy::May}};
  EXPECT_EQ(demand()->tls.level, Level::May);
  settings_.tls_policy = {{kDemandingDomain, Settings::TlsPolicy::Dane}};
  host_.dane = dns::Dane::None;
  EXPECT_FALSE(demand());
}

// RFC 8689 section 4.2.1
TEST_F(TlsDemands, WhatRequiresTlsGoesToProvedNamesOnly) {
  ASSERT_FALSE(demand(TlsWish::Required));
  EXPECT_TRUE(demand(TlsWish::Required).error().is_final);
  publish("testing");
  EXPECT_FALSE(demand(TlsWish::Required));
  publish("enforce");
  EXPECT_EQ(demand(TlsWish::Required)->tls.level, Level::Verify);
  sts_.policy = nullptr;
  exchange_.is_secure = true;
  EXPECT_EQ(demand(TlsWish::Required)->tls.level, Level::Verify);
  EXPECT_EQ(demand(TlsWish::Required)->tls.names, std::vector<std::string>{"mx.example.test"});
  host_.dane = dns::Dane::Unusable;
  EXPECT_EQ(demand(TlsWish::Required)->tls.level, Level::Verify);
  host_.dane = dns::Dane::Usable;
  EXPECT_EQ(demand(TlsWish::Required)->tls.level, Level::Dane);
  host_.dane = dns::Dane::Failed;
  ASSERT_FALSE(demand(TlsWish::Required));
  EXPECT_FALSE(demand(TlsWish::Required).error().is_final) << "the DNS may be better soon";
  settings_.tls_policy = {{kDemandingDomain, Settings::TlsPolicy::None}};
  EXPECT_TRUE(demand(TlsWish::Required).error().is_final);
  settings_.tls_policy = {{kDemandingDomain, Settings::TlsPolicy::May}};
  EXPECT_EQ(demand(TlsWish::Required)->tls.level, Level::Verify);
}

// RFC 8689 section 4.2.2
TEST_F(TlsDemands, WhatNeedsNoTlsPassesOverPolicies) {
  publish("enforce");
  host_.name = "other.example.test";
  for (const auto dane : {dns::Dane::None, dns::Dane::Usable, dns::Dane::Failed}) {
    host_.dane = dane;
    EXPECT_EQ(demand(TlsWish::Optional)->tls.level, Level::May);
    EXPECT_FALSE(demand(TlsWish::Optional)->policy) << "nothing is reported";
  }
  settings_.tls_policy = {{kDemandingDomain, Settings::TlsPolicy::Encrypt}};
  EXPECT_EQ(demand(TlsWish::Optional)->tls.level, Level::Encrypt);
}

TEST_F(TlsDemands, AreKnownToReports) {
  EXPECT_EQ(demand()->policy->kind, TlsPolicy::Kind::None);
  publish("enforce");
  EXPECT_EQ(demand()->policy->kind, TlsPolicy::Kind::Sts);
  EXPECT_THAT(demand()->policy->strings,
              testing::ElementsAre("version: STSv1", "mode: enforce", "mx: mx.example.test",
                                   "max_age: 1000"));
  host_.dane = dns::Dane::Usable;
  host_.tlsa = {{3, 1, 1, "\x01\xff"}};
  EXPECT_EQ(demand()->policy->strings, std::vector<std::string>{"3 1 1 01ff"});
  host_.dane = dns::Dane::None;
  host_.name = "other.example.test";
  EXPECT_EQ(demand().error().fault.result, "validation-failure");
  settings_.tls_policy = {{kDemandingDomain, Settings::TlsPolicy::May}};
  EXPECT_FALSE(demand()->policy);
  sts_ = {nullptr, StsPolicies::Found::Trouble::Certificate};
  EXPECT_EQ(fault_of(sts_, kDemandingDomain).result, "sts-webpki-invalid");
}

}  // namespace
}  // namespace waxwing
