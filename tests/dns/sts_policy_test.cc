#include "protocols/dns/sts_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing::dns {
namespace {

using Mode = StsPolicy::Mode;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(StsPolicy, ReadsTheExampleOfTheStandard) {
  const auto policy = parse_sts_policy(
      "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.Example.NET\r\n"
      "mx: backupmx.example.com\r\nmax_age: 604800\r\n");
  ASSERT_TRUE(policy) << policy.error().text;
  EXPECT_EQ(policy->mode, Mode::Enforce);
  EXPECT_THAT(policy->mx, ElementsAre("mail.example.com", "*.example.net", "backupmx.example.com"));
  EXPECT_EQ(policy->max_age, std::chrono::seconds(604800));
}

TEST(StsPolicy, LinesMayEndEitherWayAndTheLastNotAtAll) {
  EXPECT_TRUE(parse_sts_policy("version:STSv1\nmode:\ttesting \nmx: a.b\r\nmax_age: 1"));
  EXPECT_TRUE(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 1\n\n \r\n"));
}

TEST(StsPolicy, TheFirstOfTwoCountsAndUnknownFieldsDoNot) {
  const auto policy = parse_sts_policy(
      "version: STSv1\nmode: enforce\nmode: none\nmx: a.b\nmax_age: 5\nmax_age: 9\nfuture: "
      "\xC3\xA9 x\n");
  ASSERT_TRUE(policy) << policy.error().text;
  EXPECT_EQ(policy->mode, Mode::Enforce);
  EXPECT_EQ(policy->max_age, std::chrono::seconds(5));
}

TEST(StsPolicy, HoldsNoLongerThanAYear) {
  const auto policy = parse_sts_policy("version: STSv1\nmode: none\nmax_age: 9999999999");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->max_age, std::chrono::seconds(31557600));
}

TEST(StsPolicy, RefusesWhatIsNone) {
  const std::string good = "version: STSv1\nmode: enforce\nmax_age: 60\n";
  for (const std::string& bad :
       {std::string(),
        std::string("<html>"),
        std::string("version: STSv1\n"),
        good,
        std::string("version: STSv1\nmode: enforce\nmx: a.b\n"),
        std::string("version: STSv1\nmax_age: 60\nmx: a.b\n"),
        std::string("mode: enforce\nmax_age: 60\nmx: a.b\n"),
        std::string("version: STSv2\nmode: enforce\nmax_age: 60\nmx: a.b\n"),
        std::string("version: STSv1\nmode: Enforce\nmax_age: 60\nmx: a.b\n"),
        std::string("version: STSv1\nmode: enforce\nmax_age: -1\nmx: a.b\n"),
        std::string("version: STSv1\nmode: enforce\nmax_age: 12345678901\nmx: a.b\n"),
        good + "mx:\n",
        good + "mx: a..b\n",
        good + "mx: *.*.b\n",
        good + "mx: a*.b\n",
        good + "mx: -a.b\n",
        good + "mx: a.b, c.d\n",
        good + "mx: a.b\n\nmx: c.d\n",
        good + "mx: a.b\nno field\n",
        good + "mx: a.b\n_x: y\n",
        good + "mx: a.b\nx: \x01\n",
        good + "mx: a.b\nx: \xff\n",
        good + " mx: a.b\n",
        good + "mx: a.b\n" + std::string(33, 'x') + ": y\n"}) {
    EXPECT_FALSE(parse_sts_policy(bad)) << bad;
  }
  EXPECT_THAT(parse_sts_policy(good + "mx: a b\n").error().text, HasSubstr("line 4"));
}

TEST(StsPolicy, AWildcardIsOneLabel) {
  StsPolicy policy;
  policy.mx = {"mail.example.com", "*.example.net"};
  EXPECT_TRUE(policy.allows("mail.example.com"));
  EXPECT_TRUE(policy.allows("MAIL.example.com."));
  EXPECT_TRUE(policy.allows("mx1.example.net"));
  EXPECT_FALSE(policy.allows("example.net"));
  EXPECT_FALSE(policy.allows(".example.net"));
  EXPECT_FALSE(policy.allows("a.b.example.net"));
  EXPECT_FALSE(policy.allows("mx1.example.com"));
  EXPECT_FALSE(policy.allows("xmail.example.com"));
  EXPECT_FALSE(policy.allows(""));
}

TEST(StsRecord, HasAnId) {
  EXPECT_EQ(sts_id({"v=STSv1; id=20160831085700Z;"}), "20160831085700Z");
  EXPECT_EQ(sts_id({"v=STSv1;id=1"}), "1");
  EXPECT_EQ(sts_id({"v=STSv1 ;\tid=1 ; next=a:b"}), "1");
  EXPECT_EQ(sts_id({"something else", "v=STSv1; id=1;", "v=STSv10; id=2"}), "1");
}

TEST(StsRecord, IsNoneWhenThereIsDoubt) {
  for (const std::string bad :
       {"v=STSv1", "v=STSv1;", "v=STSv1; id=", "v=STSv1; id=a-b;", "v=STSv1; ;id=1",
        "v=STSv1; id=1; id=2", "v=STSv1; id=1;;", "v=STSv1; id=1; x", "v=STSv1; id=1; x=a=b",
        "v=STSv1; id=1; -x=a", "v=STSv1; id = 1", "V=STSv1; id=1", " v=STSv1; id=1",
        "id=1; v=STSv1", "v=STSv1; id=123456789012345678901234567890123"}) {
    EXPECT_FALSE(sts_id({bad})) << bad;
  }
  EXPECT_FALSE(sts_id({"v=STSv1; id=1", "v=STSv1; id=1"})) << "two are none";
  EXPECT_FALSE(sts_id({}));
}

}  // namespace
}  // namespace waxwing::dns
