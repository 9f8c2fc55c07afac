#include "protocols/imap/url_auth.h"

#include <gtest/gtest.h>

#include "tests/imap/print_command.h"

namespace waxwing::imap {
namespace {

using Access = AuthorizedUrl::Access;

AuthorizedUrl authorized_url(std::string_view text) {
  const auto parsed = parse_authorized_url(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(AuthorizedUrl());
}

TEST(AuthorizedUrl, IsWhatTheStandardShows) {
  const auto rump =
      authorized_url("imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred");
  EXPECT_EQ(rump.owner, "joe");
  EXPECT_EQ(rump.path, "/INBOX/;uid=20/;section=1.2");
  EXPECT_EQ(rump.access, Access::Submit);
  EXPECT_EQ(rump.user, "fred");
  EXPECT_EQ(rump.mechanism, "");
  EXPECT_FALSE(rump.expires);
  const auto full = authorized_url(rump.rump + ":internal:91354a473744909de610943775f92038");
  EXPECT_EQ(full.rump, rump.rump);
  EXPECT_EQ(full.mechanism, "INTERNAL");
  EXPECT_EQ(full.token, "91354a473744909de610943775f92038");
}

TEST(AuthorizedUrl, TellsWhoMayUseIt) {
  const std::string start = "IMAP://alice%40x.test;AUTH=*@mail.x.test:1143/a/;UID=1;URLAUTH=";
  EXPECT_EQ(authorized_url(start + "anonymous").owner, "alice@x.test");
  EXPECT_EQ(authorized_url(start + "anonymous").access, Access::Anonymous);
  EXPECT_EQ(authorized_url(start + "AuthUser").access, Access::AuthUser);
  EXPECT_EQ(authorized_url(start + "user+bob%40x.test").user, "bob@x.test");
  EXPECT_EQ(authorized_url(start + "USER+bob").access, Access::User);
}

TEST(AuthorizedUrl, TellsUntilWhen) {
  const auto expiring = authorized_url(
      "imap://joe@x/INBOX/;UID=1;EXPIRE=2026-11-26T20:00:00Z;URLAUTH=authuser:INTERNAL:01");
  EXPECT_EQ(expiring.expires, 1'795'723'200);
  EXPECT_EQ(expiring.path, "/INBOX/;UID=1");
}

TEST(AuthorizedUrl, RefusesWhatHasNotItsForm) {
  for (const char* text :
       {"", "imap://", "/INBOX/;UID=1;URLAUTH=anonymous", "imap://x/INBOX/;UID=1;URLAUTH=anonymous",
        "imap://@x/INBOX/;UID=1;URLAUTH=anonymous", "imap://joe@/INBOX/;UID=1;URLAUTH=anonymous",
        "imap://joe@x@y/INBOX/;UID=1;URLAUTH=anonymous", "imap://joe@x;URLAUTH=anonymous",
        "imap://joe@x/INBOX/;UID=1", "imap://joe@x/INBOX/;UID=1;URLAUTH=",
        "imap://joe@x/INBOX/;UID=1;URLAUTH=nobody", "imap://joe@x/INBOX/;UID=1;URLAUTH=user+",
        "imap://joe@x/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL",
        "imap://joe@x/INBOX/;UID=1;URLAUTH=anonymous::01",
        "imap://joe@x/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:",
        "imap://joe@x/INBOX/;UID=1;EXPIRE=tomorrow;URLAUTH=anonymous",
        "imap://joe@x/IN BOX/;UID=1;URLAUTH=anonymous", "imap://jo%e@x/a/;UID=1;URLAUTH=anonymous",
        "http://joe@x/INBOX/;UID=1;URLAUTH=anonymous"}) {
    EXPECT_FALSE(parse_authorized_url(text)) << text;
  }
  EXPECT_FALSE(
      parse_authorized_url("imap://joe@x/" + std::string(9000, 'a') + "/;UID=1;URLAUTH=anonymous"));
}

TEST(UrlToken, IsValidForItsKeyAndUrlAlone) {
  const std::string token = url_token("key", "imap://a");
  EXPECT_EQ(token.size(), 66u);
  EXPECT_TRUE(token.starts_with("01"));
  EXPECT_TRUE(is_url_token(token, "key", "imap://a"));
  EXPECT_FALSE(is_url_token(token, "kez", "imap://a"));
  EXPECT_FALSE(is_url_token(token, "key", "imap://A"));
  EXPECT_FALSE(is_url_token("02" + token.substr(2), "key", "imap://a"));
  EXPECT_FALSE(is_url_token("", "key", "imap://a"));
  EXPECT_FALSE(is_url_token(token + "0", "key", "imap://a"));
}

TEST(UrlToken, IsTheSameInCapitals) {
  std::string token = url_token("key", "imap://a");
  for (char& c : token) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_TRUE(is_url_token(token, "key", "imap://a"));
}

template <class Body>
Body url_command(const std::string& text) {
  const Parsing parsing = parse_text(text + "\r\n");
  EXPECT_TRUE(parsing.command) << text << ": " << parsing.error;
  if (!parsing.command) return {};
  // What is printed means the same.
  EXPECT_TRUE(parse_text(print(*parsing.command) + "\r\n").command == parsing.command) << text;
  return std::get<Body>(parsing.command->body);
}

// RFC 4467 section 9
TEST(UrlCommands, AreUnderstood) {
  const auto generate = url_command<GenUrlAuth>(
      "a GENURLAUTH \"imap://joe@x/INBOX/;uid=20;urlauth=anonymous\" internal imap XSAMPLE");
  ASSERT_EQ(generate.wanted.size(), 2u);
  EXPECT_EQ(generate.wanted[0].url, "imap://joe@x/INBOX/;uid=20;urlauth=anonymous");
  EXPECT_EQ(generate.wanted[0].mechanism, "INTERNAL");
  EXPECT_EQ(generate.wanted[1].mechanism, "XSAMPLE");
  EXPECT_EQ(url_command<UrlFetch>("a URLFETCH imap://x \"b c\"").urls,
            (std::vector<std::string>{"imap://x", "b c"}));
  EXPECT_FALSE(url_command<ResetKey>("a RESETKEY").mailbox);
  EXPECT_EQ(url_command<ResetKey>("a RESETKEY INBOX internal").mailbox, "INBOX");
  EXPECT_EQ(url_command<ResetKey>("a RESETKEY INBOX internal X").mechanisms,
            (std::vector<std::string>{"INTERNAL", "X"}));
  for (const char* wrong : {"a GENURLAUTH", "a GENURLAUTH imap://x", "a URLFETCH", "a URLFETCH (x)",
                            "a RESETKEY INBOX (INTERNAL)"}) {
    EXPECT_FALSE(parse_text(std::string(wrong) + "\r\n").command) << wrong;
  }
}

TEST(Rfc3339, IsReadWithItsZone) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_rfc3339("1970-01-01t01:00:00.123+01:00"), 0);
  EXPECT_EQ(parse_rfc3339("1969-12-31T22:30:00-01:30"), 0);
  EXPECT_EQ(parse_rfc3339("2024-02-29T12:00:00Z"), 1'709'208'000);
  for (const char* text :
       {"", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "2023-02-29T12:00:00Z",
        "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+1:00", "1970-01-01T00:00:00Zx", "70-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace waxwing::imap
