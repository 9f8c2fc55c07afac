#include "protocols/imap/writer.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "protocols/imap/body_structure_text.h"
#include "protocols/imap/envelope_text.h"
#include "protocols/mail/message.h"

namespace waxwing::imap {
namespace {

TEST(Writer, ChoosesBetweenQuotedAndLiteral) {
  using namespace std::string_literals;
  EXPECT_EQ(to_string(""), "\"\"");
  EXPECT_EQ(to_string("a \"b\" \\c"), "\"a \\\"b\\\" \\\\c\"");
  EXPECT_EQ(to_string("a\r\nb"), "{4}\r\na\r\nb");
  EXPECT_EQ(to_string("\u00e4"), "{2}\r\n\u00e4");
  EXPECT_EQ(to_string("a\0b"s), "\"ab\"");
  EXPECT_EQ(to_string(std::string(2000, 'x')), "{2000}\r\n" + std::string(2000, 'x'));
  EXPECT_EQ(to_nstring(std::nullopt), "NIL");
  EXPECT_EQ(to_nstring("NIL"), "\"NIL\"");
  EXPECT_EQ(to_astring("Subject"), "Subject");
  EXPECT_EQ(to_astring("nil"), "\"nil\"");
  EXPECT_EQ(to_astring("a b"), "\"a b\"");
}

TEST(Writer, WritesMailboxNames) {
  EXPECT_EQ(to_mailbox("INBOX", NameEncoding::ModifiedUtf7), "INBOX");
  EXPECT_EQ(to_mailbox("a b", NameEncoding::ModifiedUtf7), "\"a b\"");
  EXPECT_EQ(to_mailbox("\u00e4 b", NameEncoding::ModifiedUtf7), "\"&AOQ- b\"");
  EXPECT_EQ(to_mailbox("\u00e4", NameEncoding::Utf8), "\"\u00e4\"");
}

TEST(Writer, WritesFlags) {
  Flags flags{Flags::kSeen | Flags::kDraft | 1ull << (Flags::kFirstKeyword + 1)};
  EXPECT_EQ(to_flag_list(flags, {"a", "$Junk"}, Recent::Yes), "(\\Seen \\Draft \\Recent $Junk)");
  EXPECT_EQ(to_flag_list({}, {}, Recent::No), "()");
}

TEST(Writer, WritesDates) {
  EXPECT_EQ(to_date_time(837'596'665), "\"17-Jul-1996 09:44:25 +0000\"");
  EXPECT_EQ(to_date_time(0), "\" 1-Jan-1970 00:00:00 +0000\"");
  EXPECT_EQ(to_date_time(-1), "\"31-Dec-1969 23:59:59 +0000\"");
  EXPECT_EQ(to_date_time(INT64_MAX).size(), 28u);
}

// The example of RFC 9051 section 8.
TEST(Envelope, IsAsInTheStandard) {
  auto message = mail::parse(
      "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
      "From: Terry Gray <gray@cac.washington.edu>\r\n"
      "Subject: IMAP4rev2 WG mtg summary and minutes\r\n"
      "To: imap@cac.washington.edu\r\n"
      "Cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
      "Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\nHello\r\n");
  EXPECT_EQ(envelope_text(message.envelope),
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" "
            "\"IMAP4rev2 WG mtg summary and minutes\" "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((NIL NIL \"imap\" \"cac.washington.edu\")) "
            "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
            "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
            "\"<B27397-0100000@cac.washington.edu>\")");
}

TEST(Envelope, OfAnEmptyMessageIsNil) {
  EXPECT_EQ(envelope_text({}), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
}

TEST(Envelope, WritesGroups) {
  mail::Envelope envelope;
  envelope.to = {{"", "friends", ""}, {"A \"B\"", "a", "example.test"}, {}};
  EXPECT_NE(envelope_text(envelope).find("((NIL NIL \"friends\" NIL)"
                                         "(\"A \\\"B\\\"\" NIL \"a\" \"example.test\")"
                                         "(NIL NIL NIL NIL))"),
            std::string::npos);
}

// The examples of RFC 9051 section 7.5.2; words compare ignoring case there.
TEST(BodyStructure, IsAsInTheStandard) {
  mail::Part text;
  text.parameters = {{"charset", "US-ASCII"}};
  text.body_size = 1152;
  text.lines = 23;
  mail::Part diff;
  diff.parameters = {{"charset", "US-ASCII"}, {"name", "cc.diff"}};
  diff.id = "<960723163407.20117h@cac.washington.edu>";
  diff.description = "Compiler diff";
  diff.encoding = "base64";
  diff.body_size = 4554;
  diff.lines = 73;
  EXPECT_EQ(to_upper(body_structure_text(text, Detail::Basic, Revision::Rev1)),
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23)");
  mail::Part mixed;
  mixed.type = "multipart";
  mixed.subtype = "mixed";
  mixed.parts.push_back(std::move(text));
  mixed.parts.push_back(std::move(diff));
  EXPECT_EQ(to_upper(body_structure_text(mixed, Detail::Basic, Revision::Rev1)),
            to_upper("((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23)"
                     "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") "
                     "\"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" "
                     "\"BASE64\" 4554 73) \"MIXED\")"));
}

TEST(BodyStructure, HasExtensions) {
  mail::Part part;
  part.type = "image";
  part.subtype = "png";
  part.encoding = "base64";
  part.body_size = 10;
  part.disposition = "attachment";
  part.disposition_parameters = {{"filename", "a b.png"}};
  part.languages = {"en", "de"};
  part.location = "http://x.test/";
  part.md5 = "abc";
  EXPECT_EQ(body_structure_text(part, Detail::Extended, Revision::Rev1),
            "(\"image\" \"png\" NIL NIL NIL \"base64\" 10 \"abc\" "
            "(\"attachment\" (\"filename\" \"a b.png\")) (\"en\" \"de\") \"http://x.test/\")");
  EXPECT_EQ(body_structure_text(part, Detail::Basic, Revision::Rev1),
            "(\"image\" \"png\" NIL NIL NIL \"base64\" 10)");
}

TEST(BodyStructure, DescribesEnclosedMessages) {
  auto message = mail::parse(
      "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: text/html\r\n\r\nx\r\n");
  EXPECT_EQ(body_structure_text(message.root, Detail::Extended, Revision::Rev1),
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" " +
                std::to_string(message.root.body_size) +
                " (NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL) "
                "(\"text\" \"html\" NIL NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL) 4 NIL NIL NIL NIL)");
}

TEST(BodyStructure, HasTheInsideOfMessageGlobalInImap4rev2Alone) {
  const auto message =
      mail::parse("Content-Type: message/global\r\n\r\nSubject: x\r\n\r\nbody\r\n");
  EXPECT_EQ(body_structure_text(message.root, Detail::Basic, Revision::Rev1),
            "(\"message\" \"global\" NIL NIL NIL \"7bit\" 20)");
  EXPECT_EQ(body_structure_text(message.root, Detail::Basic, Revision::Rev2),
            "(\"message\" \"global\" NIL NIL NIL \"7bit\" 20 "
            "(NIL \"x\" NIL NIL NIL NIL NIL NIL NIL NIL) "
            "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 6 1) 3)");
}

TEST(BodyStructure, NeverIsWithoutABody) {
  mail::Part empty;
  empty.type = "multipart";
  empty.subtype = "mixed";
  EXPECT_EQ(body_structure_text(empty, Detail::Basic, Revision::Rev1),
            "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0) \"mixed\")");
}

}  // namespace
}  // namespace waxwing::imap
