#include "protocols/imap/message_url.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

MessageUrl message_url(std::string_view text, std::string_view selected = "") {
  const auto parsed = parse_message_url(text, selected);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(MessageUrl());
}

TEST(MessageUrl, NamesAMessage) {
  const auto whole = message_url("/INBOX;UIDVALIDITY=385759045/;UID=20");
  EXPECT_EQ(whole.mailbox, "INBOX");
  EXPECT_EQ(whole.uid_validity, 385'759'045u);
  EXPECT_EQ(whole.uid, 20u);
  EXPECT_EQ(whole.section, Section());
  EXPECT_FALSE(whole.partial);
  EXPECT_FALSE(message_url("/Drafts/;UID=3002").uid_validity);
  EXPECT_EQ(message_url("/Drafts/;uid=3002").mailbox, "Drafts");
  EXPECT_EQ(message_url("/a:b/c%3Bd/;UID=1").mailbox, "a:b/c;d");
  EXPECT_EQ(message_url("/Gr%C3%B6%C3%9Fe/;UID=1").mailbox, "Gr\u00f6\u00dfe");
}

TEST(MessageUrl, NamesAPart) {
  EXPECT_EQ(message_url("/x/;UID=1/;SECTION=1.2").section.part, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(message_url("/x/;UID=1/;section=HEADER").section.kind, Section::Kind::Header);
  EXPECT_EQ(message_url("/x/;UID=1/;section=1.mime").section.kind, Section::Kind::Mime);
  const auto fields = message_url("/x/;UID=1/;SECTION=HEADER.FIELDS%20(Subject%20To)").section;
  EXPECT_EQ(fields.fields, (std::vector<std::string>{"Subject", "To"}));
  EXPECT_EQ(message_url("/x/;UID=1/;SECTION=TEXT/;PARTIAL=5.10").partial, (Partial{5, 10}));
  EXPECT_EQ(message_url("/x/;UID=1/;PARTIAL=5").partial, (Partial{5, INT64_MAX}));
}

TEST(MessageUrl, IsRelativeToTheSelectedMailbox) {
  EXPECT_EQ(message_url(";UID=20/;SECTION=1", "Lists/work").mailbox, "Lists/work");
  EXPECT_EQ(message_url("/;UID=20", "Lists/work").mailbox, "Lists/work");
  EXPECT_EQ(message_url("home/;UID=20", "Lists/work").mailbox, "Lists/home");
  EXPECT_EQ(message_url("Sent/;UID=20", "INBOX").mailbox, "Sent");
  EXPECT_EQ(message_url("/Sent/;UID=20", "Lists/work").mailbox, "Sent");
  EXPECT_FALSE(parse_message_url(";UID=20", ""));
}

TEST(MessageUrl, RefusesWhatNamesNoMessageHere) {
  for (const char* text : {"",
                           "/",
                           "/INBOX",
                           "/INBOX;UIDVALIDITY=1",
                           "/INBOX/;UID=0",
                           "/INBOX/;UID=",
                           "/INBOX/;UID=x",
                           "/INBOX/;UID=4294967296",
                           "/INBOX/;UID=1:2",
                           "/INBOX/;UID=1/",
                           "/INBOX;UIDVALIDITY=0/;UID=1",
                           "/INBOX;UIDVALIDITY=x/;UID=1",
                           "/INBOX/;UID=1/;SECTION=FROB",
                           "/INBOX/;UID=1/;SECTION=1 2",
                           "/INBOX/;UID=1/;SECTION=%",
                           "/INBOX/;UID=1/;PARTIAL=1.0",
                           "/INBOX/;UID=1/;PARTIAL=x",
                           "/%zz/;UID=1",
                           "/INBOX;URLAUTH=x/;UID=1",
                           "/INBOX/;UID=1;URLAUTH=anonymous",
                           "imap://mail.example.test/INBOX/;UID=1",
                           "//mail.example.test/INBOX/;UID=1",
                           "http:/INBOX/;UID=1"}) {
    EXPECT_FALSE(parse_message_url(text, "INBOX")) << text;
  }
  EXPECT_FALSE(parse_message_url("/" + std::string(10'000, 'x') + "/;UID=1", "INBOX"));
}

}  // namespace
}  // namespace waxwing::imap
