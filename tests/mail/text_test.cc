#include <gtest/gtest.h>

#include "protocols/mail/charset.h"
#include "protocols/mail/content.h"
#include "protocols/mail/encoded_word.h"
#include "protocols/mail/transfer.h"

namespace waxwing::mail {
namespace {

TEST(EncodedWord, DecodesBothEncodings) {
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?Andr=E9?= Pirard"), "Andr\xc3\xa9 Pirard");
  EXPECT_EQ(decode_words("=?utf-8?B?R3LDvMOfZQ==?="),
            "Gr\xc3\xbc\xc3\x9f"
            "e");
  EXPECT_EQ(decode_words("=?utf-8*en?q?a_b?="), "a b");
  EXPECT_EQ(decode_words("=?utf-8?q?end_?="), "end ");
}

TEST(EncodedWord, JoinsNeighbours) {
  EXPECT_EQ(decode_words("=?utf-8?q?a?=\r\n =?utf-8?q?b?= c"), "ab c");
  EXPECT_EQ(decode_words("x =?utf-8?q?a?= y =?utf-8?q?b?="), "x a y b");
  // One character in two words, which RFC 2047 forbids and some write.
  EXPECT_EQ(decode_words("=?utf-8?q?=C3?= =?utf-8?q?=BC?="), "\xc3\xbc");
}

TEST(EncodedWord, LeavesBrokenWordsAlone) {
  for (const std::string text :
       {"=?", "=?utf-8?q?", "=?utf-8?x?a?=", "=??q?a?=", "a =? b", "=?a?q"}) {
    EXPECT_EQ(decode_words(text), text);
  }
  EXPECT_EQ(decode_words("=?x-unknown?q?a=FC?="), "a\xc3\xbc");
  EXPECT_EQ(decode_words("bare \xfc"), "bare \xc3\xbc");
  EXPECT_EQ(decode_words("=?utf-8?q?a=0D=0ABcc:_x?="), "a  Bcc: x");
}

TEST(Parameter, DecodesExtendedAndContinuedValues) {
  const auto decode = [](std::string_view field) {
    return decode_parameter(parse_content_field(field).parameters, "filename").value_or("none");
  };
  EXPECT_EQ(decode("attachment; filename=\"a b.txt\""), "a b.txt");
  EXPECT_EQ(decode("attachment; filename=a b.txt; x=y"), "a b.txt");
  EXPECT_EQ(decode("attachment; filename*=utf-8'en'%e2%82%ac%20rates"), "\xe2\x82\xac rates");
  EXPECT_EQ(decode("attachment; filename*0*=iso-8859-1''a%FC; filename*1=\"b%\"; filename*2*=%FC"),
            "a\xc3\xbc"
            "b%\xc3\xbc");
  EXPECT_EQ(decode("attachment; filename=\"=?utf-8?q?=C3=BC?=\""), "\xc3\xbc");
  EXPECT_EQ(decode("attachment; filename*=broken%zz"), "broken%zz");
  EXPECT_EQ(decode("attachment"), "none");
}

TEST(ContentField, AcceptsMess) {
  const ContentField field = parse_content_field(
      " Text / HTML (old) ; ; Charset = \"utf-8\" (c); =x; a; b=;c=\"unfinished");
  EXPECT_EQ(field.value, "text/html");
  EXPECT_EQ(field.parameters, (Parameters{{"charset", "utf-8"}, {"b", ""}, {"c", "unfinished"}}));
  std::string many = "a/b";
  for (int i = 0; i < 1000; ++i) many += ";x=y";
  EXPECT_EQ(parse_content_field(many).parameters.size(), kMaxParameters);
}

TEST(ContentField, DoesWithoutTheFirstSemicolon) {
  const auto read = [](std::string_view raw) {
    const ContentField field = parse_content_field(raw);
    std::string text = field.value;
    for (const auto& [name, value] : field.parameters) text += "|" + name + "=" + value;
    return text;
  };
  EXPECT_EQ(read("text/html charset=utf-8"), "text/html|charset=utf-8");
  EXPECT_EQ(read("multipart/mixed boundary=\"x y\"; a=b"), "multipart/mixed|boundary=x y|a=b");
  EXPECT_EQ(read("attachment filename=a.pdf"), "attachment|filename=a.pdf");
  EXPECT_EQ(read("text/ plain charset=x"), "text/plain|charset=x");
  EXPECT_EQ(read("text /plain;charset=x"), "text/plain|charset=x");
  EXPECT_EQ(read("text/plain (c) ; charset=x"), "text/plain|charset=x");
}

TEST(Transfer, DecodesBase64Leniently) {
  EXPECT_EQ(decode_transfer("base64", "aGVs\r\nbG8="), "hello");
  EXPECT_EQ(decode_transfer("BASE64", "aGVsbG8"), "hello");
  EXPECT_EQ(decode_transfer("base64", "aGVs!bG8=aGk="), "hellohi");
  EXPECT_EQ(decode_transfer("base64", "a"), "");
}

TEST(Transfer, DecodesQuotedPrintableLeniently) {
  EXPECT_EQ(decode_transfer("quoted-printable", "a=3Db=\r\nc  \r\nd=zz=4"), "a=bc\r\nd=zz=4");
  EXPECT_EQ(decode_transfer("quoted-printable", "a =  \r\nb=e9"), "a b\xe9");
  EXPECT_EQ(decode_transfer("x-unknown", "a=3D"), "a=3D");
}

TEST(Transfer, DoesNotCareHowBytesArrive) {
  for (const std::string encoding : {"base64", "quoted-printable"}) {
    const std::string text = "aGVs bG8=\r\n=41=\r\n =\t\r\n=4=41 \t\r\n==\r\nend \r";
    TransferDecoder decoder(encoding);
    std::string pieces;
    for (const char c : text) decoder.feed(std::string_view(&c, 1), pieces);
    decoder.finish(pieces);
    EXPECT_EQ(pieces, decode_transfer(encoding, text));
  }
}

TEST(Charset, ConvertsToUtf8) {
  EXPECT_EQ(to_utf8("\xfc", "iso-8859-1"), "\xc3\xbc");
  EXPECT_EQ(to_utf8("\x93q\x94", "ISO-8859-1"), "\xe2\x80\x9cq\xe2\x80\x9d");
  EXPECT_EQ(to_utf8("\x82\xa0", "shift_jis"), "\xe3\x81\x82");
  EXPECT_EQ(to_utf8("\x1b$B$\"\x1b(B", "iso-2022-jp"), "\xe3\x81\x82");
  EXPECT_EQ(to_utf8("a\xff", "utf-8"), "a\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("a", "x-no-such"), std::nullopt);
  EXPECT_EQ(guess_utf8("\xe4", "x-no-such"), "\xc3\xa4");
  EXPECT_TRUE(is_known_charset("koi8-r"));
  EXPECT_FALSE(is_known_charset(""));
  EXPECT_FALSE(is_known_charset("utf-8,swaplfnl"));
}

TEST(Charset, FoldsForSearch) {
  EXPECT_EQ(fold_for_search("Stra\xc3\x9f"
                            "e"),
            fold_for_search("STRASSE"));
  EXPECT_EQ(fold_for_search("\xc3\x84"
                            "b"),
            fold_for_search("a\xcc\x88"
                            "B"));
  EXPECT_NE(fold_for_search("a"), fold_for_search("\xc3\xa4"));
}

TEST(Charset, FoldsBlanksAlike) {
  EXPECT_EQ(fold_for_search("Annual\t report"), fold_for_search("annual REPORT"));
  EXPECT_EQ(fold_for_search(" \t"), " ");
  EXPECT_EQ(fold_for_search("\xc3\x84 \t\xc3\x84\t"), fold_for_search("\xc3\xa4 \xc3\xa4 "));
  EXPECT_EQ(fold_for_search("a\r\n b"), "a\r\n b");
}

TEST(Charset, PutsTextsInOrderByTheirKeys) {
  EXPECT_EQ(casemap_key("Lunch_2"), "LUNCH_2");
  EXPECT_EQ(casemap_key("\u00e4"), "A\u0308");
  EXPECT_EQ(casemap_key("\u00c4"), casemap_key("a\u0308"));
  EXPECT_EQ(casemap_key("\uff41"), "A");
  // One character for one: title case is not upper case, and \u00df has neither.
  EXPECT_EQ(casemap_key("\u01c6"), "Dz\u030c");
  EXPECT_EQ(casemap_key("\u00df"), "\u00df");
  EXPECT_LT(casemap_key("zebra"), casemap_key("_"));
  EXPECT_LT(casemap_key("\u00e4rger"), casemap_key("B"));
}

TEST(Charset, CountsCharacters) {
  EXPECT_EQ(first_characters("\xc3\xbc\xc3\xbc", 1), "\xc3\xbc");
  EXPECT_EQ(first_characters("ab", 5), "ab");
  EXPECT_EQ(first_characters("ab", 0), "");
}

}  // namespace
}  // namespace waxwing::mail
