#include "protocols/mail/message.h"

#include <gtest/gtest.h>

#include <random>

#include "base/encoding.h"

namespace waxwing::mail {
namespace {

// The bytes of a part's body, by its offsets.
std::string body_of(const std::string& message, const Part& part) {
  return message.substr(part.body_offset, part.body_size);
}

const std::string kNested =
    "From: Alice <alice@example.test>\r\n"
    "To: bob@example.test\r\n"
    "Subject: Two parts\r\n"
    "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
    "Message-ID: <1@example.test>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=\"outer\"\r\n"
    "\r\n"
    "preamble\r\n"
    "--outer\r\n"
    "Content-Type: multipart/alternative; boundary=outer2\r\n"
    "\r\n"
    "--outer2\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "Gr=C3=BC=C3=9Fe,\r\n"
    "two lines\r\n"
    "--outer2\r\n"
    "Content-Type: text/html\r\n"
    "\r\n"
    "<p>Hello</p>\r\n"
    "--outer2--\r\n"
    "--outer\r\n"
    "Content-Type: message/rfc822\r\n"
    "Content-Disposition: attachment; filename=\"a b.eml\"\r\n"
    "\r\n"
    "From: carol@example.test\r\n"
    "Subject: Inner\r\n"
    "\r\n"
    "inner body\r\n"
    "--outer--\r\n"
    "epilogue\r\n";

TEST(MessageParser, FindsPartsWithTheirOffsets) {
  const Message message = parse(kNested);
  EXPECT_EQ(message.size, kNested.size());
  EXPECT_EQ(message.root.type, "multipart");
  EXPECT_EQ(message.root.lines, 25u);
  ASSERT_EQ(message.root.parts.size(), 2u);
  const Part& alternative = message.root.parts[0];
  ASSERT_EQ(alternative.parts.size(), 2u);
  EXPECT_EQ(alternative.parts[0].encoding, "quoted-printable");
  EXPECT_EQ(body_of(kNested, alternative.parts[0]), "Gr=C3=BC=C3=9Fe,\r\ntwo lines");
  EXPECT_EQ(alternative.parts[0].lines, 1u);
  EXPECT_EQ(body_of(kNested, alternative.parts[1]), "<p>Hello</p>");
  const Part& enclosing = message.root.parts[1];
  EXPECT_TRUE(enclosing.is_message());
  EXPECT_EQ(enclosing.disposition, "attachment");
  EXPECT_EQ(enclosing.disposition_parameters, (Parameters{{"filename", "a b.eml"}}));
  ASSERT_TRUE(enclosing.envelope);
  EXPECT_EQ(enclosing.envelope->subject, "Inner");
  EXPECT_EQ(enclosing.envelope->from,
            (std::vector<EnvelopeAddress>{{"", "carol", "example.test"}}));
  ASSERT_EQ(enclosing.parts.size(), 1u);
  EXPECT_EQ(enclosing.parts[0].header_offset, enclosing.body_offset);
  EXPECT_EQ(body_of(kNested, enclosing.parts[0]), "inner body");
}

TEST(MessageParser, ReadsEnvelopeHeaderAndPreview) {
  const Message message = parse(kNested);
  EXPECT_EQ(message.envelope.subject, "Two parts");
  EXPECT_EQ(message.envelope.date, "Sun, 22 Nov 2026 10:00:00 +0000");
  EXPECT_EQ(message.envelope.message_id, "<1@example.test>");
  EXPECT_EQ(message.envelope.from,
            (std::vector<EnvelopeAddress>{{"Alice", "alice", "example.test"}}));
  EXPECT_EQ(message.header, kNested.substr(0, message.root.body_offset));
  EXPECT_TRUE(message.header_is_whole);
  EXPECT_EQ(message.preview,
            "Gr\xc3\xbc\xc3\x9f"
            "e, two lines");
}

TEST(MessageParser, DoesNotCareHowBytesArrive) {
  std::mt19937 random(7);
  std::string long_lines = kNested;
  long_lines.insert(long_lines.find("preamble"), "--outer" + std::string(20'000, ' ') + "x\r\n");
  long_lines.insert(long_lines.find("Gr=C3"), std::string(30'000, 'a') + "\r\n");
  long_lines.insert(0, "X-Long: " + std::string(70'000, 'h') + "\r\n");
  for (const std::string& text : {kNested, long_lines}) {
    const std::string whole = encode(parse(text));
    for (int round = 0; round < 200; ++round) {
      Parser parser;
      const std::size_t most = round == 0 ? 1 : 1 + random() % (round < 100 ? 20 : 5000);
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t count = std::min(text.size() - at, 1 + random() % most);
        parser.feed(std::string_view(text).substr(at, count));
        at += count;
      }
      ASSERT_EQ(encode(parser.finish()), whole) << "pieces of up to " << most;
    }
  }
}

TEST(MessageParser, AcceptsWhatIsNoMail) {
  for (const std::string text :
       {"", "\r\n", "\n", "no header", "\0\0\xff\r\n:\r\n: x\r\n\r\nbody"}) {
    const Message message = parse(text);
    EXPECT_EQ(message.size, text.size());
    EXPECT_EQ(message.root.type, "text");
    EXPECT_EQ(message.root.body_offset + message.root.body_size, text.size());
  }
}

TEST(MessageParser, GivesEveryMultipartAPart) {
  const std::string text = "Content-Type: multipart/mixed\r\n\r\nno boundary\r\n";
  const Message message = parse(text);
  ASSERT_EQ(message.root.parts.size(), 1u);
  EXPECT_EQ(message.root.parts[0].type, "text");
  EXPECT_EQ(body_of(text, message.root.parts[0]), "no boundary\r\n");
}

TEST(MessageParser, EndsInnerPartsAtTheOuterBoundary) {
  const std::string text =
      "Content-Type: multipart/mixed; boundary=a\r\n\r\n"
      "--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nlost\r\n"
      "--a\r\nContent-Type: text/html\r\n--a--\r\n";
  const Message message = parse(text);
  ASSERT_EQ(message.root.parts.size(), 2u);
  ASSERT_EQ(message.root.parts[0].parts.size(), 1u);
  EXPECT_EQ(body_of(text, message.root.parts[0].parts[0]), "lost");
  EXPECT_EQ(message.root.parts[1].subtype, "html");
  EXPECT_EQ(message.root.parts[1].body_size, 0u);
}

TEST(MessageParser, ReadsLineFeedsAsLineEnds) {
  const std::string text = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--a--\n";
  const Message message = parse(text);
  ASSERT_EQ(message.root.parts.size(), 1u);
  EXPECT_EQ(body_of(text, message.root.parts[0]), "one");
}

TEST(MessageParser, GivesDigestsMessagesByDefault) {
  const Message message = parse(
      "Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\nSubject: "
      "one\r\n\r\nx\r\n--a--\r\n");
  ASSERT_EQ(message.root.parts.size(), 1u);
  EXPECT_TRUE(message.root.parts[0].is_message());
  EXPECT_EQ(message.root.parts[0].envelope->subject, "one");
}

TEST(MessageParser, BoundsNestingAndParts) {
  std::string deep;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "b" + std::to_string(i);
    deep += "Content-Type: multipart/mixed; boundary=" + name + "\r\n\r\n--" + name + "\r\n";
  }
  const Message nested = parse(deep);
  int depth = 0;
  for (const Part* part = &nested.root; !part->parts.empty(); part = &part->parts[0]) ++depth;
  EXPECT_EQ(depth, 100);

  std::string wide = "Content-Type: multipart/mixed; boundary=a\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) wide += "--a\r\n";
  EXPECT_LE(parse(wide).root.parts.size(), 1000u);

  std::string messages;
  for (int i = 0; i < 100'000; ++i) messages += "Content-Type: message/rfc822\r\n\r\n";
  EXPECT_TRUE(decode(encode(parse(messages))));
}

TEST(MessageParser, CutsAHugeHeader) {
  const std::string text = "Subject: x\r\nX: " + std::string(kMaxHeader, 'x') + "\r\n\r\nbody\r\n";
  const Message message = parse(text);
  EXPECT_FALSE(message.header_is_whole);
  EXPECT_EQ(message.header, text.substr(0, kMaxHeader));
  EXPECT_EQ(body_of(text, message.root), "body\r\n");
}

TEST(Message, PrependIsParsingWithThePrefix) {
  const std::string prefix = "Received: from a by b\r\n\twith SMTP\r\nMessage-ID: <new@x>\r\n";
  for (const std::string& text :
       {kNested, std::string("Subject: x\r\n\r\nbody"), std::string("\r\n")}) {
    Message message = parse(text);
    prepend(message, prefix);
    EXPECT_EQ(encode(message), encode(parse(prefix + text)));
  }
}

TEST(Message, ComesBackFromItsBytes) {
  const std::string bytes = encode(parse(kNested));
  const auto message = decode(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(encode(*message), bytes);
  EXPECT_EQ(message->root.parts[1].envelope->subject, "Inner");
}

TEST(Message, KnowsWhetherItHoldsNul) {
  EXPECT_FALSE(parse(kNested).may_hold_nul);
  const std::string body = std::string("Subject: x\r\n\r\na") + '\0' + "b";
  EXPECT_TRUE(parse(body).may_hold_nul);
  EXPECT_TRUE(decode(encode(parse(body)))->may_hold_nul);
  EXPECT_FALSE(decode(encode(parse(kNested)))->may_hold_nul);

  Message message = parse(kNested);
  prepend(message, std::string_view("X: \0\r\n", 6));
  EXPECT_TRUE(message.may_hold_nul);
}

TEST(Message, ComesBackFromTheBytesOfAnOlderIndex) {
  // What version 1 made of "Subject: old\r\n\r\nbody\r\n".
  const auto bytes = from_hex(
      "012f1face60be53d9e1601105375626a6563743a206f6c640d0a0d0a04626f647900046f6c640000000000000000"
      "047465787405706c61696e04376269740000000000000000001006010000");
  const auto message = decode(*bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->envelope.subject, "old");
  EXPECT_EQ(message->root.body_size, 6u);
  EXPECT_TRUE(message->may_hold_nul);  // for all that is known
}

TEST(Message, RefusesDamagedBytes) {
  const std::string bytes = encode(parse(kNested));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(decode(damaged)) << i;
    EXPECT_FALSE(decode(bytes.substr(0, i))) << i;
  }
  EXPECT_FALSE(decode(bytes + '\0'));
}

TEST(Preview, ReadsHtmlAsItsReaderDoes) {
  const std::string head = "Content-Type: text/html; charset=utf-8\r\n\r\n";
  EXPECT_EQ(parse(head + "<p>H&eacute;llo &amp; w&ouml;rld&#146;s &Scaron;&hearts;").preview,
            "H\u00e9llo & w\u00f6rld\u2019s \u0160\u2665");
  EXPECT_EQ(parse(head + "<title>no</title><img alt=no>1 < 2 soft&shy;ly<!-- no").preview,
            "1 < 2 softly");
  EXPECT_EQ(parse(head + "Sale" + "&zwnj;&nbsp;&#847;&#8199;" + "today").preview,
            "Sale\u200c today");
  // Whatever the pieces are in which it is read.
  std::string markup;
  for (int n = 0; n < 3000; ++n) markup += "<i class='x'>\r\n";
  std::string text;
  for (int n = 0; n < 300; ++n) text += "\u00e9";
  EXPECT_EQ(parse(head + markup + text).preview, text.substr(0, 400));
}

TEST(Preview, SkipsMarkupAndQuotes) {
  EXPECT_EQ(parse("Content-Type: text/html\r\n\r\n<html><head><style>p{}</style></head><body>\r\n"
                  "<!-- no --><p title='>'>1 &lt; 2 &amp;&#x41;&nbsp;&bogus;</p>")
                .preview,
            "1 < 2 &A &bogus;");
  EXPECT_EQ(parse("\r\n> quoted\r\nanswer\r\n").preview, "answer");
  EXPECT_EQ(parse("Content-Type: text/plain; charset=iso-8859-1\r\n\r\nna\xefve").preview,
            "na\xc3\xafve");
  EXPECT_EQ(parse("Content-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ=").preview,
            "hello world");
  EXPECT_EQ(parse("\r\n> quoted\r\n> again\r\n").preview, "> quoted > again");
  EXPECT_EQ(parse("\r\n" + std::string(5000, 'x')).preview, std::string(200, 'x'));
  const std::string lines = "1\r\n> quoted\r\n2\r\n> " + std::string(300, 'q') + "\r\n";
  EXPECT_EQ(parse("\r\n" + lines + std::string(5000, 'x')).preview, "1 2 " + std::string(196, 'x'));
  EXPECT_EQ(
      parse("Content-Type: text/html\r\n\r\n<p>a<b>b</b>c</p>d <a href=x>e</a>.<br>f").preview,
      "abc d e. f");
  // What newsletters hide behind their first line; and what only looks like that.
  const std::string head = "Content-Type: text/plain; charset=utf-8\r\n\r\n";
  std::string padding;
  for (int n = 0; n < 100; ++n) padding += "\u034f\u200c\u00a0\u2007\ufeff\u00ad ";
  EXPECT_EQ(parse(head + "Sale" + padding + "today\r\n").preview, "Sale\u200c today");
  EXPECT_EQ(parse(head + "\u202eevil\u2003 me\u200bssage\r\n").preview, "evil message");
  EXPECT_EQ(parse(head + "\u0645\u06cc\u200c\u062e\u0648\r\n").preview,
            "\u0645\u06cc\u200c\u062e\u0648");
  std::string many;
  for (int n = 0; n < 300; ++n) many += "\U0001f600";
  EXPECT_EQ(parse(head + many).preview, many.substr(0, 800));
}

}  // namespace
}  // namespace waxwing::mail
