#include "protocols/mail/html_text.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/html_entity.h"

namespace waxwing::mail {
namespace {

using Extras = HtmlText::Extras;

std::string read(std::string_view html, Extras extras = Extras::With) {
  HtmlText reader(extras);
  std::string out;
  reader.feed(html, out);
  reader.finish(out);
  return out;
}

// As somebody sees it who minds no blanks.
std::string seen(std::string_view html, Extras extras = Extras::With) {
  return std::string(trim(with_single_blanks(read(html, extras))));
}

TEST(HtmlText, ReadsReferencesAsTheirCharacters) {
  EXPECT_EQ(seen("Stra&szlig;e caf&#233; caf&#xE9; caf&#Xe9; &#128512;"),
            "Stra\u00dfe caf\u00e9 caf\u00e9 caf\u00e9 \U0001f600");
  EXPECT_EQ(seen("&lt;b&gt; &amp;amp; &quot;&apos;&euro;&hellip;&trade;&zwnj;&Lstrok;&OElig;"),
            "<b> &amp; \"'\u20ac\u2026\u2122\u200c\u0141\u0152");
  EXPECT_EQ(seen("&Eacute;&eacute;&EACUTE;"), "\u00c9\u00e9&EACUTE;");
}

TEST(HtmlText, ReadsOldNamesWithoutTheirSemicolon) {
  EXPECT_EQ(seen("caf&eacute au lait, H&eacutellip &copy2024 &lt3"),
            "caf\u00e9 au lait, H\u00e9llip \u00a92024 <3");
  // The longest that fits; and names that are not so old need theirs.
  EXPECT_EQ(seen("&notit; &notin; &not; &euro &hellip &alphabet;"),
            "\u00acit; \u2209 \u00ac &euro &hellip &alphabet;");
}

TEST(HtmlText, ReadsNumbersAsBrowsersDo) {
  EXPECT_EQ(seen("&#128;&#x85;&#150;&#153;&#129;"), "\u20ac\u2026\u2013\u2122\u0081");
  EXPECT_EQ(seen("&#0;&#xd800;&#x110000;&#99999999999999999999;"), "\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(seen("&#65 &#x41,&#00000000000000000000000000000065;"), "A A,A");
  EXPECT_EQ(seen("&# &#; &#x &#x; &#xg &; & &&#65;"), "&# &#; &#x &#x; &#xg &; & &A");
}

TEST(HtmlText, KnowsNamesOfEveryPartOfHtml4) {
  for (const auto& [name, character] : std::initializer_list<std::pair<const char*, char32_t>>{
           {"nbsp;", 0xa0},     {"iexcl;", 0xa1},     {"yuml;", 0xff},      {"fnof;", 0x192},
           {"Alpha;", 0x391},   {"sigmaf;", 0x3c2},   {"thetasym;", 0x3d1}, {"bull;", 0x2022},
           {"hellip;", 0x2026}, {"alefsym;", 0x2135}, {"larr;", 0x2190},    {"hArr;", 0x21d4},
           {"forall;", 0x2200}, {"sdot;", 0x22c5},    {"lang;", 0x27e8},    {"loz;", 0x25ca},
           {"diams;", 0x2666},  {"Scaron;", 0x160},   {"circ;", 0x2c6},     {"ensp;", 0x2002},
           {"rlm;", 0x200f},    {"bdquo;", 0x201e},   {"permil;", 0x2030},  {"zwj;", 0x200d}}) {
    EXPECT_EQ(find_named_character(name).character, character) << name;
    EXPECT_EQ(find_named_character(name).size, std::string_view(name).size()) << name;
  }
  EXPECT_EQ(find_named_character("bogus;").size, 0u);
  EXPECT_EQ(find_named_character("").size, 0u);
  EXPECT_EQ(find_named_character(std::string(1000, 'a') + ";").size, 0u);
}

TEST(HtmlText, InlineTagsEndNoWordAndOthersDo) {
  EXPECT_EQ(
      seen("Rech<b>nung</b> <span style=\"a\">Num</span><A HREF=x>mer</A> w<wbr>x<o:p></o:p>y"),
      "Rechnung Nummer wxy");
  for (const char* tag :
       {"<br>", "<BR/>", "<td>", "</td>", "<li>", "<p>", "</p>", "<div class=x>", "<h1>", "<hr />",
        "<img src=x>", "<unknown>", "<a-very-long-name-of-a-tag>"}) {
    EXPECT_EQ(seen("one" + std::string(tag) + "two"), "one two") << tag;
  }
}

TEST(HtmlText, LineEndsAreBlanks) {
  EXPECT_EQ(seen("one\r\ntwo\n\tthree"), "one two three");
}

TEST(HtmlText, HidesWhatNobodySees) {
  EXPECT_EQ(seen("a<script type=x>if (b < c) d('</b>');</script>e"), "a e");
  EXPECT_EQ(seen("a<STYLE>p > b { x: y }</style >e"), "a e");
  EXPECT_EQ(seen("a<!-- b > c -- d --->e<!---->f<!-->g<!--->h<!-- i --!>j"), "aefghj");
  EXPECT_EQ(seen("<!DOCTYPE html PUBLIC '-//W3C'>a<?xml version=1?>b<![if !mso]>c<![endif]>"),
            "abc");
  EXPECT_EQ(seen("<a href='https://example.test/x' title=\"tip\">link</a>"), "link");
  EXPECT_EQ(seen("a<//comment>b</>c"), "abc");
}

TEST(HtmlText, OfTheHeadOnlyTheTitleIsSeen) {
  const std::string head =
      "<html><head>junk<meta name=x content=y><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml>"
      "<title>The &laquo;title&raquo; <b></title><style>p{}</style></head>";
  EXPECT_EQ(seen(head + "<body>text</body></html>"), "The \u00abtitle\u00bb <b> text");
  EXPECT_EQ(seen(head + "<body>text</body></html>", Extras::Without), "text");
  // Its end may be left out.
  EXPECT_EQ(seen("<head><title>t</title><p>text"), "t text");
  EXPECT_EQ(seen("<head><title>t</title><body>text"), "t text");
  EXPECT_EQ(seen("<header>text"), "text");
}

TEST(HtmlText, AnImageIsSeenAsItsAlternateText) {
  EXPECT_EQ(seen("a<img src=x alt=\"Caf&eacute; > bar\" width=1>b<IMG ALT=logo>c<img alt='x&'>"),
            "a Caf\u00e9 > bar b logo c x&");
  EXPECT_EQ(seen("<td alt=no><img alt=no>", Extras::Without), "");
  EXPECT_EQ(seen("<td alt=no><img data-alt=no alt>"), "");
}

TEST(HtmlText, QuotedValuesMayHoldAnything) {
  EXPECT_EQ(seen("<p title='>' class=\"</p>\" x = '\"' y=it's>a"), "a");
  EXPECT_EQ(seen("<p it's>a<p =\">\">b<p x=>c"), "a \">b c");
}

TEST(HtmlText, WhatIsNoTagIsText) {
  EXPECT_EQ(seen("1 < 2 <3 <= <- <> a<"), "1 < 2 <3 <= <- <> a<");
  EXPECT_EQ(seen("x</"), "x</");
  EXPECT_EQ(seen("<title>a </tit"), "a </tit");
}

TEST(HtmlText, UnfinishedMarkupHidesTheRest) {
  for (const char* html : {"a<b", "a<b class=\"x>y", "a<!-- b", "a<script>b </script",
                           "a<style>b<p>c", "a<!doctype b", "a</b"}) {
    EXPECT_EQ(seen(html), "a") << html;
  }
}

TEST(HtmlText, DoesNotCareHowItArrives) {
  static constexpr std::string_view kBits[] = {
      "<",      ">",     "&",      ";",     "#",    "x",         "41",  "amp", "eacute", "not",
      "/",      "!",     "--",     "-",     "\"",   "'",         "=",   " ",   "\n",     "b",
      "p",      "title", "script", "style", "head", "body",      "img", "alt", "</",     "</title",
      "\u00e9", "word",  "?",      "<!--",  "-->",  "<img alt=", "&#",  "&#x"};
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string html;
    for (std::size_t n = random() % 60; n > 0; --n) html += kBits[random() % std::size(kBits)];
    for (const Extras extras : {Extras::With, Extras::Without}) {
      HtmlText reader(extras);
      std::string out;
      for (const char c : html) reader.feed(std::string_view(&c, 1), out);
      reader.finish(out);
      const std::string whole = read(html, extras);
      ASSERT_EQ(out, whole) << html;
      ASSERT_TRUE(is_utf8(whole)) << html;
      ASSERT_LE(whole.size(), html.size()) << html;
    }
  }
}

// Of each kind of input that could cost more than its length: ten times as much takes no hundred
// times as much of the processor.
TEST(HtmlText, TimeFollowsTheLength) {
  const auto seconds = [](std::string_view unit, std::size_t size) {
    std::string html;
    while (html.size() < size) html += unit;
    const std::clock_t start = std::clock();
    EXPECT_LE(read(html).size(), html.size());
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  for (const char* unit :
       {"&", "<", "&a", "<!--", "<title>", "<a '", "&#1", "</", "<img alt=&", "-"}) {
    const double small = seconds(unit, 30'000), large = seconds(unit, 300'000);
    EXPECT_LT(large, 40 * small + 0.5) << unit;
  }
}

}  // namespace
}  // namespace waxwing::mail
