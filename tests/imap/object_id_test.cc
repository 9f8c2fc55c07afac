#include "protocols/imap/object_id.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

TEST(ThreadId, IsOneForAMessageAndAllAnswersToIt) {
  const std::string root = thread_id("Message-ID: <first@example.test>\r\n\r\n");
  EXPECT_EQ(root.size(), 25u);
  EXPECT_EQ(thread_id("Message-ID: <b@x>\r\nIn-Reply-To: <first@example.test>\r\n\r\n"), root);
  EXPECT_EQ(thread_id("Message-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\n"
                      "References: <first@example.test>\r\n <b@x>\r\n\r\n"),
            root);
  EXPECT_NE(thread_id("Message-ID: <b@x>\r\n\r\n"), root);
}

TEST(ThreadId, IsEmptyWhereTheHeaderTellsNone) {
  EXPECT_EQ(thread_id("Subject: x\r\n\r\n"), "");
  EXPECT_EQ(thread_id("Message-ID: none\r\nReferences: <unclosed\r\n\r\n"), "");
}

TEST(MailboxIds, AreObjectIds) {
  EXPECT_EQ(mailbox_id(MailboxId{7}, 1790000000), "F7-1790000000");
}

}  // namespace
}  // namespace waxwing::imap
