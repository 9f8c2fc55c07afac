#include "protocols/imap/name.h"

#include <gtest/gtest.h>

#include "protocols/mail/modified_utf7.h"

namespace waxwing::imap {
namespace {

std::string decoded(std::string_view wire, NameEncoding encoding = NameEncoding::ModifiedUtf7) {
  auto name = decode_name(wire, encoding);
  return name ? *name : "refused: " + name.error().text;
}

bool is_refused_name(std::string_view wire, NameEncoding encoding = NameEncoding::ModifiedUtf7) {
  return !decode_name(wire, encoding);
}

// The examples of RFC 3501 section 5.1.3.
TEST(Name, DecodesModifiedUtf7) {
  EXPECT_EQ(decoded("~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e");
  EXPECT_EQ(decoded("&Jjo-!"), "\u263a!");
  EXPECT_TRUE(is_refused_name("&Jjo!"));
  EXPECT_TRUE(is_refused_name("&U,BTFw-&ZeVnLIqe-"));
  EXPECT_EQ(decoded("&U,BTF2XlZyyKng-"), "\u53f0\u5317\u65e5\u672c\u8a9e");
  EXPECT_EQ(decoded("Tom &- Jerry"), "Tom & Jerry");
  EXPECT_EQ(decoded("&2D3cCA-"), "\U0001f408");
}

TEST(Name, RefusesMalformedModifiedUtf7) {
  for (const char* text : {"&", "a&b", "&AGE-", "&2D0-", "&3Ag-", "&A-", "&AAA-", "&AOQ=-", "&AOR-",
                           "&AOQ", "&Jjo-&Jjo-"}) {
    EXPECT_TRUE(is_refused_name(text)) << text;
  }
}

TEST(Name, ComesBackFromModifiedUtf7) {
  for (const char* name :
       {"INBOX", "Entw\u00fcrfe", "a&b", "&", "\u53f0\u5317 x/\u65e5", "\U0001f408\U0001f408",
        "\u00e4", "\u00e4\u00f6", "\u00e4\u00f6\u00fc"}) {
    EXPECT_EQ(mail::from_modified_utf7(mail::to_modified_utf7(name), mail::Utf7::Strict), name);
    EXPECT_EQ(decoded(encode_name(name, NameEncoding::ModifiedUtf7)), name);
    EXPECT_EQ(decoded(encode_name(name, NameEncoding::Utf8), NameEncoding::Utf8), name);
  }
  EXPECT_EQ(mail::to_modified_utf7("Entw\u00fcrfe"), "Entw&APw-rfe");
}

TEST(Name, TakesUtf8) {
  EXPECT_EQ(decoded("Tom & Jerry", NameEncoding::Utf8), "Tom & Jerry");
  EXPECT_EQ(decoded("Entw\u00fcrfe"), "Entw\u00fcrfe");
  EXPECT_EQ(decoded("Entwu\u0308rfe", NameEncoding::Utf8), "Entw\u00fcrfe");
  EXPECT_TRUE(is_refused_name("\xff", NameEncoding::Utf8));
  EXPECT_TRUE(is_refused_name("\xc3", NameEncoding::Utf8));
  EXPECT_TRUE(is_refused_name("\xff"));
}

TEST(Name, SpellsInboxOneWay) {
  EXPECT_EQ(decoded("inBox"), "INBOX");
  EXPECT_EQ(decoded("inbox/Sub"), "INBOX/Sub");
  EXPECT_EQ(decoded("Inboxes"), "Inboxes");
  EXPECT_EQ(decoded("x/inbox"), "x/inbox");
}

TEST(Name, RefusesWhatNoMailboxCanBeCalled) {
  EXPECT_EQ(decoded("a/b/"), "a/b");
  for (const char* text : {"", "/", "/a", "a//b", "a//", "a*", "%", "a\tb", "a\x7f"}) {
    EXPECT_TRUE(is_refused_name(text)) << text;
  }
  EXPECT_TRUE(is_refused_name("a\u2028", NameEncoding::Utf8));
  EXPECT_TRUE(is_refused_name("a\u0085", NameEncoding::Utf8));
}

TEST(Name, MatchesPatterns) {
  EXPECT_TRUE(matches_pattern("a/b/c", "*"));
  EXPECT_FALSE(matches_pattern("a/b/c", "%"));
  EXPECT_TRUE(matches_pattern("abc", "%"));
  EXPECT_TRUE(matches_pattern("a/b/c", "%/%/%"));
  EXPECT_TRUE(matches_pattern("a/b/c", "a*c"));
  EXPECT_FALSE(matches_pattern("a/b/c", "a%c"));
  EXPECT_TRUE(matches_pattern("ab/cb/d", "*b/%"));
  EXPECT_TRUE(matches_pattern("a/b", "a/%"));
  EXPECT_FALSE(matches_pattern("a", "a/%"));
  EXPECT_FALSE(matches_pattern("abc", "ab"));
  EXPECT_FALSE(matches_pattern("ab", "abc"));
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_FALSE(matches_pattern("a", ""));
  EXPECT_TRUE(matches_pattern("INBOX", "inb*"));
  EXPECT_TRUE(matches_pattern("INBOX/x", "Inbox/x"));
  EXPECT_FALSE(matches_pattern("Inboxes", "inboxes"));
  EXPECT_TRUE(matches_pattern("%", "%"));
}

TEST(Name, MatchesInBoundedTime) {
  std::string name(1000, 'a'), text;
  for (int i = 0; i < 1000; ++i) text += "*a";
  const Pattern pattern(text);
  EXPECT_TRUE(pattern.matches(name));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(pattern.matches(name + "b"));
}

TEST(Name, MatchesAcrossTheWordsThatItCountsIn) {
  for (const std::size_t size : {62, 63, 64, 65, 127, 128, 129}) {
    const std::string name(size, 'x');
    EXPECT_TRUE(matches_pattern(name, name)) << size;
    EXPECT_FALSE(matches_pattern(name + "x", name)) << size;
    EXPECT_FALSE(matches_pattern(name, name + "x")) << size;
    EXPECT_TRUE(matches_pattern(name, name + "*")) << size;
    EXPECT_TRUE(matches_pattern(name + "/y", name + "*y")) << size;
    EXPECT_FALSE(matches_pattern(name + "/y", name + "%y")) << size;
    EXPECT_TRUE(matches_pattern(name + "/y", name + "%/%")) << size;
    EXPECT_TRUE(matches_pattern("INBOX/" + name, "*box/" + name)) << size;
  }
}

TEST(Name, CountsWildcardsNextToEachOtherAsOne) {
  EXPECT_EQ(Pattern("a*%*b%%c").wildcards(), 2U);
  EXPECT_TRUE(matches_pattern("a/b", "a%*%b"));
  EXPECT_FALSE(matches_pattern("a/b", "a%%b"));
  EXPECT_EQ(Pattern("abc").wildcards(), 0U);
}

TEST(Name, JoinsReferenceAndPattern) {
  EXPECT_EQ(canonical_pattern("a/", "%", NameEncoding::ModifiedUtf7), "a/%");
  EXPECT_EQ(canonical_pattern("", "***%%", NameEncoding::ModifiedUtf7), "*");
  EXPECT_EQ(canonical_pattern("", "&AOQ-%", NameEncoding::ModifiedUtf7), "\u00e4%");
  EXPECT_FALSE(canonical_pattern("", "&", NameEncoding::ModifiedUtf7));
  EXPECT_TRUE(canonical_pattern("", "&", NameEncoding::Utf8));
}

}  // namespace
}  // namespace waxwing::imap
