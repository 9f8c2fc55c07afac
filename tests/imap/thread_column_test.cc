#include "protocols/imap/thread_column.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

ThreadMember member_of(std::string_view header, std::int64_t arrived = 7,
                       Collation collation = Collation::UnicodeCasemap) {
  ThreadMember member;
  read_thread_value(thread_value(FirstFields(header), collation), arrived, member);
  return member;
}

TEST(ThreadColumn, GivesEqualTextsEqualHashes) {
  const auto first = member_of("Message-ID: <a@x>\r\nSubject: Lunch\r\n\r\n");
  const auto reply = member_of(
      "Message-ID: <b@x>\r\nReferences: <0@x> <\"a\"@x>\r\nIn-Reply-To: <c@x>\r\n"
      "Subject: Re: LUNCH\r\nDate: 1 Jan 1970 00:01:40 +0000\r\n\r\n");
  EXPECT_FALSE(first.is_reply);
  EXPECT_EQ(first.sent, 7);
  EXPECT_TRUE(first.references.empty());
  EXPECT_TRUE(reply.is_reply);
  EXPECT_EQ(reply.sent, 100);
  EXPECT_EQ(reply.arrived, 7);
  EXPECT_EQ(reply.subject, first.subject);
  ASSERT_EQ(reply.references.size(), 2);
  EXPECT_EQ(reply.references[1], first.id);
  EXPECT_NE(reply.references[0], first.id);
  EXPECT_NE(reply.id, first.id);
  EXPECT_NE(member_of("Subject: LUNCH\r\n\r\n").subject,
            member_of("Subject: Dinner\r\n\r\n").subject);
}

TEST(ThreadColumn, HasNoHashOfNoText) {
  const auto member = member_of("Subject: Re:\r\nMessage-ID: none\r\nReferences: none\r\n\r\n");
  EXPECT_EQ(member.subject, 0);
  EXPECT_EQ(member.id, 0);
  EXPECT_TRUE(member.references.empty());
}

TEST(ThreadColumn, TakesWhatIsNoValueForAMessageThatSaysNothing) {
  ThreadMember member =
      member_of("Message-ID: <b@x>\r\nReferences: <a@x>\r\nSubject: Re: b\r\n\r\n");
  for (const std::string& value : {std::string(), std::string(24, '\1')}) {
    read_thread_value(value, 9, member);
    EXPECT_EQ(member.sent, 9);
    EXPECT_EQ(member.arrived, 9);
    EXPECT_EQ(member.id, 0);
    EXPECT_EQ(member.subject, 0);
    EXPECT_FALSE(member.is_reply);
    EXPECT_TRUE(member.references.empty());
  }
  // A word that is cut off is none.
  std::string value = thread_value(FirstFields("References: <a@x> <b@x>\r\n\r\n"), {});
  value.pop_back();
  read_thread_value(value, 9, member);
  EXPECT_EQ(member.references.size(), 1);
}

}  // namespace
}  // namespace waxwing::imap
