#include "auth/authentication_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Method = AuthenticationResults::Method;

std::string shown(const AuthenticationResults& results) {
  std::string text = results.server;
  for (const auto& method : results.methods) {
    text += "|" + method.name + "=" + method.result;
    if (!method.reason.empty()) text += " reason=" + method.reason;
    for (const auto& [name, value] : method.properties) text += " " + name + "=" + value;
  }
  return text;
}

std::string parsed(std::string_view value) {
  const auto results = parse_authentication_results(value);
  return results ? shown(*results) : "nothing";
}

// RFC 8601 appendix B, and what is around.
TEST(AuthenticationResults, ReadsTheExamplesOfTheRfc) {
  EXPECT_EQ(parsed(" example.org 1; none"), "example.org");
  EXPECT_EQ(parsed("example.com;\r\n spf=pass smtp.mailfrom=example.net"),
            "example.com|spf=pass smtp.mailfrom=example.net");
  EXPECT_EQ(parsed("example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
                   " spf=pass smtp.mailfrom=example.net"),
            "example.com|auth=pass smtp.auth=sender@example.net|spf=pass "
            "smtp.mailfrom=example.net");
  EXPECT_EQ(parsed("foo.example.net (foobar) 1 (baz);\r\n"
                   " dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
                   " policy (A dot can go here) . (like that) expired\r\n"
                   " (this surprised me) = (as I wasn't expecting it) 1362471462"),
            "foo.example.net|dkim=fail policy.expired=1362471462");
  EXPECT_EQ(parsed("example.com; dkim=fail reason=\"bad \\\"signature\\\"; sorry\"\r\n"
                   " header.i=@newyork.example.com"),
            "example.com|dkim=fail reason=bad \"signature\"; sorry "
            "header.i=@newyork.example.com");
  EXPECT_EQ(parsed("a.test; spf=pass smtp.mailfrom=\"joe smith\"@example.net;"),
            "a.test|spf=pass smtp.mailfrom=joe smith@example.net");
}

TEST(AuthenticationResults, ReadsNothingOfWhatIsBroken) {
  for (const char* value :
       {"", ";", "a.test", "a.test spf=pass", "a.test b; none", "a.test; spf",
        "a.test; spf=", "a.test; =pass", "a.test; spf=pass (", "a.test; \"",
        "a.test; spf=pass smtp.=x", "a.test; none spf=pass", "a.test; spf=pass alone"}) {
    EXPECT_EQ(parsed(value), "nothing") << value;
  }
}

TEST(AuthenticationResults, KeepsWhatAStrangerSaysInItsPlace) {
  const std::string evil = "x; dkim=pass\r\nBcc: me (\"\\ \x01\xff";
  AuthenticationResults results{"mail.example.test",
                                {{"spf", "fail", evil, {{"smtp.mailfrom", evil}}},
                                 {"dkim", "fail", "", {{"header.d", std::string(5000, 'a')}}}}};
  const std::string text = print(results);
  EXPECT_THAT(text, Not(HasSubstr("\r\nBcc")));
  const auto again = parse_authentication_results(text);
  ASSERT_TRUE(again) << text;
  ASSERT_EQ(again->methods.size(), 2u) << text;
  EXPECT_EQ(again->methods[0].find("smtp.mailfrom"), "x; dkim=pass??Bcc: me (\"\\ ??");
  EXPECT_EQ(again->methods[0].reason, "x; dkim=pass??Bcc: me (\"\\ ??");
  EXPECT_EQ(again->methods[1].find("header.d").size(), 320u);
}

TEST(AuthenticationResults, AreWrittenFoldedAndPlainWhereTheyCanBe) {
  AuthenticationResults results{"mail.example.test",
                                {{"iprev", "pass", "", {{"policy.iprev", "2001:db8::1"}}},
                                 {"dkim",
                                  "pass",
                                  "",
                                  {{"header.d", "a-rather-long-name.example.test"},
                                   {"header.s", "selector"},
                                   {"header.b", "ab/=+cd"}}},
                                 {"spf", "none", "", {{"smtp.mailfrom", "alice@example.test"}}}}};
  EXPECT_EQ(print(results),
            "mail.example.test;\r\n"
            " iprev=pass policy.iprev=\"2001:db8::1\";\r\n"
            " dkim=pass header.d=a-rather-long-name.example.test header.s=selector\r\n"
            " header.b=\"ab/=+cd\";\r\n"
            " spf=none smtp.mailfrom=alice@example.test");
  EXPECT_EQ(print({"mail.example.test", {}}), "mail.example.test; none");
}

TEST(AuthenticationResults, OfOurNameAreFoundHoweverTheyAreSpelt) {
  for (const char* value : {
           "mail.example.test; spf=pass",
           " MAIL.Example.TEST 1; spf=pass",
           "\r\n\tmail.example.test\r\n\t; none",
           "(a comment) mail.example.test; none",
           "(nested (comment; \\) here)) mail.example.test (x); none",
           "\"mail.example.test\"; none",
           "\"mail.ex\\ample.test\"; none",
           "mail.example.test/1; none",
           "mail.example.test1; none",
           "mail.example.test.; none",
           "mail . example . test; none",
           "mail.(x)example.test; none",
           "mail.example.test",
           "mail.example.test spf=pass",
           "ma\x01il.example.test; none",
           "(no end mail.example.test; none",
           "\"no end mail.example.test; none",
           "other.test mail.example.test; none",
           "=?us-ascii?q?mail.example.test?=; none",
           "; spf=pass",
           "",
           "(nobody); spf=pass",
           "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.test",
       }) {
    EXPECT_TRUE(may_be_results_of("mail.example.test", value)) << value;
  }
  EXPECT_TRUE(may_be_results_of("xn--mller-kva.test", "m\xc3\xbcller.test; none"));
  EXPECT_TRUE(may_be_results_of("Mail.Example.Test", "mail.example.test; none"));
}

TEST(AuthenticationResults, OfOthersAreTheirs) {
  for (const char* value : {
           "example.test; spf=pass",
           "other.mail.example.test; none",
           "mail.example.test.other; none",
           "mail.example.testing; none",
           "notmail.example.test 1; none",
           "mx.other.test; spf=pass (mail.example.test: it may) smtp.mailfrom=mail.example.test",
           "\"mx.other.test\"; dkim=pass header.d=mail.example.test",
       }) {
    EXPECT_FALSE(may_be_results_of("mail.example.test", value)) << value;
  }
}

}  // namespace
}  // namespace waxwing
