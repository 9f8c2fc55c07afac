#include "protocols/imap/search_match.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "protocols/mail/charset.h"

namespace waxwing::imap {
namespace {

std::string fold(std::string_view text) {
  return mail::fold_for_search(text);
}

TEST(SearchedHeader, DecodesAndIgnoresCase) {
  SearchedHeader header(
      "Subject: =?iso-8859-1?q?Gr=FC=DFe?= aus\r\n K\xc3\xb6ln\r\n"
      "From: =?utf-8?b?SsO2cmc=?= <joerg@example.test>\r\n"
      "X-Empty:\r\n\r\n");
  EXPECT_TRUE(header.contains("subject", fold("GR\u00dcSSE AUS")));
  EXPECT_TRUE(header.contains("subject", fold("aus k\u00f6ln")));
  EXPECT_TRUE(header.contains("from", fold("j\u00d6rg")));
  EXPECT_TRUE(header.contains("from", fold("joerg@EXAMPLE")));
  EXPECT_FALSE(header.contains("to", fold("joerg")));
  EXPECT_TRUE(header.contains("x-empty", ""));
  EXPECT_FALSE(header.contains("x-none", ""));
  EXPECT_TRUE(header.contains(fold("From: J\u00f6rg")));
  EXPECT_FALSE(header.contains(fold("K\u00f6ln aus")));
}

TEST(SearchedHeader, TakesTheDayFromTheSendersCalendar) {
  EXPECT_EQ(SearchedHeader("Date: Tue, 1 Feb 1994 23:30:00 -0800\r\n\r\n").sent_day(), 8797);
  EXPECT_FALSE(SearchedHeader("Date: never\r\n\r\n").sent_day());
  EXPECT_FALSE(SearchedHeader("Subject: x\r\n\r\n").sent_day());
}

enum class Key { Body, Text };

std::vector<bool> find(const std::string& bytes, const std::vector<std::string>& texts,
                       Key key = Key::Body) {
  auto read = [&](ByteRange range) -> Result<std::string> {
    return bytes.substr(range.offset, range.size);
  };
  std::vector<Needle> needles;
  for (const auto& text : texts) needles.push_back({fold(text), key == Key::Text});
  BodySearch search(mail::parse(bytes), read, needles);
  while (true) {
    const auto is_over = search.step();
    EXPECT_TRUE(is_over);
    if (!is_over || *is_over) return search.found();
  }
}

TEST(BodySearch, LooksIntoDecodedTextParts) {
  std::string message =
      "Subject: outer\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n"
      "preamble\r\n"
      "--A\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
      "Gr=FC=DFe, long lin=\r\ne\r\n"
      "--A\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      base64("<p>z\u00e4h</p>") +
      "\r\n--A\r\nContent-Type: application/pdf\r\n\r\nsecret\r\n"
      "--A\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner one\r\n\r\ninner text\r\n"
      "--A--\r\n";
  EXPECT_EQ(find(message, {"gr\u00fcsse", "LONG LINE", "Z\u00c4H", "secret", "inner one",
                           "inner text", "outer", "preamble"}),
            (std::vector<bool>{true, true, true, false, true, true, false, false}));
}

TEST(BodySearch, FindsAcrossPieces) {
  std::string line(998, 'x');
  std::string message = "Content-Type: text/plain; charset=utf-8\r\n\r\n";
  for (int i = 0; i < 1000; ++i) message += line + "\r\n";
  std::string wanted = "begin\r\n" + line + "\r\nend";
  for (int i = 0; i < 300; ++i) message += "begin\r\n" + line + "\r\nend\r\n";
  EXPECT_EQ(find(message, {wanted, "none"}), (std::vector<bool>{true, false}));
  std::string unbroken = "Subject: x\r\n\r\n" + std::string(600'000, 'y') + "needle";
  EXPECT_EQ(find(unbroken, {"yneedle"}), std::vector<bool>{true});
}

std::string html_message(const std::string& html) {
  return "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\n" +
         base64(html) + "\r\n";
}

TEST(BodySearch, FindsInHtmlWhatItsReaderSees) {
  const std::string message = html_message(
      "<html><head><title>Our offer</title><style>.hidden { color: red }</style></head>\r\n"
      "<body>Stra&szlig;e, caf&#233;, Rech<b>nung</b>, soft&shy;ly<br>next\r\nline"
      "<script>var secret;</script><!-- comment --><p title=\"tip\">1 < 2"
      "<a href=\"https://example.test/\">here</a><img src=pixel.png alt=\"Our logo\">");
  EXPECT_EQ(find(message, {"STRASSE", "Caf\u00e9", "rechnung", "softly", "next line", "1 < 2here",
                           "our offer", "our logo"}),
            std::vector<bool>(8, true));
  EXPECT_EQ(find(message, {"szlig", "<b>", "color", "secret", "comment", "tip", "example.test",
                           "pixel", "lynext"}),
            std::vector<bool>(9, false));
}

TEST(BodySearch, ReadsHtmlAcrossPieces) {
  // Markup and a word lie where pieces of 64 KiB meet, in one line.
  for (const std::string& unit : {std::string("<i class='some thing'>\u00e9</i>"),
                                  std::string("<b>caf&eacute;</b>"), std::string("\u00e9 ")}) {
    std::string html;
    while (html.size() < 300'000) html += unit;
    EXPECT_EQ(find(html_message(html + "<br>end"), {"\ufffd", "class", "acute", "end"}),
              (std::vector<bool>{false, false, false, true}))
        << unit;
  }
  const std::string hidden = "<script>" + std::string(200'000, 'x') + " secret</script>seen";
  EXPECT_EQ(find(html_message(hidden), {"secret", "seen"}), (std::vector<bool>{false, true}));
}

TEST(BodySearch, ReadsTwoByteCharsets) {
  std::string text;
  for (char c : std::string("caf\xe9 hello")) text += {'\0', c};
  std::string message =
      "Content-Type: text/plain; charset=utf-16be\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n" +
      base64(text) + "\r\n";
  EXPECT_EQ(find(message, {"CAF\u00c9 H"}), std::vector<bool>{true});
}

TEST(BodySearch, LooksIntoPartHeadersForText) {
  const std::string message =
      "Subject: outer\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n"
      "--A\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\n"
      "Content-Description: =?utf-8?q?Gr=C3=BCnes?= Heft\r\n\r\nsecret\r\n--A--\r\n";
  const std::vector<std::string> texts = {"PLAN.pdf", "gr\u00fcnes heft", "content-type: app",
                                          "secret", "outer"};
  EXPECT_EQ(find(message, texts, Key::Text), (std::vector<bool>{true, true, true, false, false}));
  EXPECT_EQ(find(message, texts, Key::Body), std::vector<bool>(5, false));
}

TEST(BodySearch, TakesEveryRunOfBlanksForOne) {
  SearchedHeader header("Subject: annual\r\n\t report\r\nTo:  a\tb\r\n\r\n");
  EXPECT_TRUE(header.contains("subject", fold("Annual Report")));
  EXPECT_TRUE(header.contains(fold("a b")));
  EXPECT_EQ(find("\r\nannual   report\r\n", {"annual report", "annual \t report", "annualreport"}),
            (std::vector<bool>{true, true, false}));
  // Also where two pieces meet.
  const std::string blanks = "\r\na" + std::string(300'000, ' ') + "b";
  EXPECT_EQ(find(blanks, {"a b"}), std::vector<bool>{true});
}

TEST(BodySearch, GoesStepByStep) {
  const std::string message = "\r\n" + std::string(1'000'000, 'x');
  const std::vector<Needle> needles = {{"y", false}};
  BodySearch search(
      mail::parse(message),
      [&](ByteRange range) -> Result<std::string> {
        return message.substr(range.offset, range.size);
      },
      needles);
  int steps = 1;
  for (auto is_over = search.step(); is_over && !*is_over; is_over = search.step()) ++steps;
  EXPECT_GT(steps, 10);
}

TEST(BodySearch, HandsOnReadErrors) {
  auto read = [](ByteRange) -> Result<std::string> { return fail(Error::Code::Temporary, "disk"); };
  const std::vector<Needle> needles = {{"x", false}};
  BodySearch search(mail::parse("Subject: x\r\n\r\nbody\r\n"), read, needles);
  EXPECT_FALSE(search.step());
}

}  // namespace
}  // namespace waxwing::imap
