#include "protocols/imap/append_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/types.h"

namespace waxwing::imap {
namespace {

using testing::StartsWith;

// What becomes of each literal of a command: "text", "other" or the error; and what was understood.
struct Read {
  std::vector<std::string> literals;
  AppendReader reader;
};
Read read(std::string_view wire) {
  Read result;
  Framer framer(Framer::kSignedIn);
  Input input;
  input.append(wire);
  for (;;) {
    const Framed framed = framer.next(input);
    if (framed.kind == Framed::Kind::Data) continue;
    if (framed.kind != Framed::Kind::Literal) return result;
    const auto literal = result.reader.announced(framer.so_far());
    if (!literal) {
      result.literals.push_back(literal.error().text);
      return result;
    }
    const bool is_text = *literal == AppendReader::Literal::Text;
    result.literals.push_back(is_text ? "text" : "other");
    (void)(is_text ? framer.accept_staged() : framer.accept_in_memory());
  }
}
using Literals = std::vector<std::string>;

TEST(AppendReader, TellsMessagesFromMailboxNames) {
  EXPECT_EQ(read("a APPEND Sent {10}\r\n").literals, Literals{"text"});
  EXPECT_EQ(read("a APPEND {4}\r\n").literals, Literals{"other"});
  EXPECT_EQ(read("a append {4+}\r\nSent {10}\r\n").literals, (Literals{"other", "text"}));
  EXPECT_EQ(read("a REPLACE 4 {4+}\r\nSent {10}\r\n").literals, (Literals{"other", "text"}));
  EXPECT_EQ(read("a APPEND Sent {1+}\r\nx {1+}\r\ny {5}\r\n").literals,
            (Literals{"text", "text", "text"}));
}

TEST(AppendReader, KnowsWhatStandsBeforeEachMessage) {
  const auto append =
      read(
          "a APPEND {4+}\r\nSent (\\Seen) \" 1-Feb-2020 00:00:00 +0000\" {2+}\r\nhi ($x) ~{10}\r\n")
          .reader.append();
  EXPECT_EQ(append.mailbox, "Sent");
  ASSERT_EQ(append.messages.size(), 2u);
  EXPECT_EQ(append.messages[0].flags.system, Flags::kSeen);
  EXPECT_EQ(unix_seconds(*append.messages[0].internal_date), 1'580'515'200);
  EXPECT_FALSE(append.messages[0].parts.at(0).is_binary);
  EXPECT_EQ(append.messages[1].flags.keywords, std::vector<std::string>{"$x"});
  EXPECT_FALSE(append.messages[1].internal_date);
  EXPECT_EQ(append.messages[1].parts.at(0).size, 10u);
  EXPECT_TRUE(append.messages[1].parts.at(0).is_binary);
}

TEST(AppendReader, KnowsWhatIsReplaced) {
  const auto by_uid = read("a UID REPLACE 27 Drafts {10}\r\n").reader;
  EXPECT_EQ(by_uid.replaced()->to_string(), "27");
  EXPECT_EQ(by_uid.numbering(), Numbering::Uid);
  const auto last = read("a REPLACE * Drafts {10}\r\n").reader;
  EXPECT_EQ(last.replaced()->to_string(), "*");
  EXPECT_EQ(last.numbering(), Numbering::Sequence);
  EXPECT_FALSE(read("a APPEND Drafts {10}\r\n").reader.replaced());
}

// RFC 5257 section 4.7
TEST(AppendReader, TellsTextsFromAnnotations) {
  const auto result = read(
      "a APPEND x (\\Seen) ANNOTATION ({8+}\r\n/comment ({10+}\r\nvalue.priv {3+}\r\nabc "
      "value.shared NIL) /altsubject (value.priv \"x\")) {2+}\r\nhi ANNOTATION (/comment "
      "(value.shared ~{1+}\r\ny)) CATENATE (TEXT {1+}\r\nz URL {2}\r\n");
  EXPECT_EQ(result.literals,
            (Literals{"other", "other", "other", "text", "other", "text", "other"}));
  const Append& append = result.reader.append();
  ASSERT_EQ(append.messages.size(), 2u);
  EXPECT_EQ(append.messages[0].annotations,
            (std::vector<AnnotationChange>{{"/comment", Whose::Private, "abc"},
                                           {"/comment", Whose::Shared, std::nullopt},
                                           {"/altsubject", Whose::Private, "x"}}));
  EXPECT_EQ(append.messages[1].annotations,
            (std::vector<AnnotationChange>{{"/comment", Whose::Shared, "y"}}));
  EXPECT_TRUE(append.messages[1].is_catenated);
  EXPECT_THAT(read("a APPEND x ANNOTATION (/other (value.priv {3}\r\n").literals,
              testing::ElementsAre(StartsWith("APPEND: An entry is")));
  EXPECT_THAT(read("a APPEND x ANNOTATION (/comment (value {3}\r\n").literals,
              testing::ElementsAre(StartsWith("APPEND: What can be stored")));
}

TEST(AppendReader, TellsTextsFromUrls) {
  EXPECT_EQ(read("a APPEND x CATENATE (URL /a/;UID=1 TEXT {5+}\r\nhello URL {8+}\r\n/a/;UID= "
                 "UTF8 (~{2+}\r\nhi) TEXT ~{4}\r\n")
                .literals,
            (Literals{"text", "other", "text", "text"}));
  EXPECT_EQ(
      read("a APPEND x UTF8 (~{2+}\r\nhi) (\\Seen) CATENATE (TEXT {1+}\r\nx) {5}\r\n").literals,
      (Literals{"text", "text", "text"}));
  EXPECT_EQ(read("a REPLACE 1 {1+}\r\nx CATENATE (URL {1+}\r\na TEXT {5}\r\n").literals,
            (Literals{"other", "other", "text"}));
}

TEST(AppendReader, TellsAMistakeBeforeTheMessageComes) {
  const auto error = [](std::string_view wire) { return read(wire).literals.back(); };
  EXPECT_THAT(error("a APPEND x y {4}\r\n"), StartsWith("APPEND: Expected"));
  EXPECT_THAT(error("a APPEND x (a{4}\r\n"), StartsWith("APPEND: Expected"));
  EXPECT_THAT(error("a APPEND x \"yesterday\" {4}\r\n"), StartsWith("APPEND: Expected"));
  EXPECT_THAT(error("a APPEND x {4+}\r\nmail{4}\r\n"), StartsWith("APPEND: Expected a space"));
  EXPECT_THAT(error("a APPEND x {4+}\r\nmail  {4}\r\n"),
              StartsWith("APPEND: Expected the message"));
  EXPECT_THAT(error("a APPEND x CATENATE {4}\r\n"), StartsWith("APPEND: Expected"));
  EXPECT_THAT(error("a APPEND x CATENATE ({4}\r\n"), StartsWith("APPEND: CATENATE takes"));
  EXPECT_THAT(error("a APPEND x CATENATE (FROB {4}\r\n"), StartsWith("APPEND: CATENATE takes"));
  EXPECT_THAT(error("a APPEND x CATENATE (TEXT {1+}\r\nx{4}\r\n"),
              StartsWith("APPEND: Expected a space"));
  EXPECT_THAT(error("a APPEND x UTF8 {4}\r\n"), StartsWith("APPEND: Expected"));
  EXPECT_THAT(error("a APPEND x UTF8 ({4}\r\n"), StartsWith("APPEND: Behind UTF8"));
  EXPECT_THAT(error("a APPEND x UTF8 (~{1+}\r\nx {4}\r\n"), StartsWith("APPEND: Expected"));
  EXPECT_THAT(error("a REPLACE 1:2 x {4}\r\n"), StartsWith("REPLACE: Expected a space"));
  EXPECT_THAT(error("a REPLACE 0 x {4}\r\n"), StartsWith("REPLACE: Expected a number"));
  EXPECT_EQ(error("a UID REPLACE 1 x {4+}\r\nmail {4}\r\n"),
            "UID REPLACE: REPLACE takes one message");
}

}  // namespace
}  // namespace waxwing::imap
