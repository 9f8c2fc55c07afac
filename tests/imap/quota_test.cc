// RFC 9208

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class QuotaCommands : public testing::Test {
 protected:
  SessionWorld world;
  std::unique_ptr<SessionWorld::Client> client = world.sign_in();
};

TEST_F(QuotaCommands, AnAccountWithoutLimitsHasNoRoot) {
  EXPECT_EQ(client->say("a GETQUOTAROOT INBOX"), "* QUOTAROOT INBOX\r\na OK There is no limit\r\n");
  EXPECT_THAT(client->say("b GETQUOTA alice@example.test"), StartsWith("b NO [NONEXISTENT] "));
}

TEST_F(QuotaCommands, OneRootIsForAllMailboxes) {
  world.limits = {.bytes = 10'000, .messages = 5};
  world.deliver(std::string(1500, 'x'));
  EXPECT_THAT(client->say("a GETQUOTAROOT \"not there yet\""),
              StartsWith("* QUOTAROOT \"not there yet\" alice@example.test\r\n"
                         "* QUOTA alice@example.test (STORAGE 2 10 MESSAGE 1 5)\r\na OK"));
  world.limits.bytes = 0;
  EXPECT_THAT(client->say("b GETQUOTA alice@example.test"),
              StartsWith("* QUOTA alice@example.test (MESSAGE 1 5)\r\nb OK"));
  EXPECT_THAT(client->say("c GETQUOTA bob@example.test"), StartsWith("c NO [NONEXISTENT] "));
}

TEST_F(QuotaCommands, NothingMoreComesIntoAFullAccount) {
  world.limits = {.bytes = 0, .messages = 2};
  world.deliver("Subject: one\r\n\r\n");
  world.deliver("Subject: two\r\n\r\n");
  client->say("a SELECT INBOX");
  EXPECT_THAT(client->say("b COPY 1 Archive"), StartsWith("b NO [OVERQUOTA] "));
  EXPECT_THAT(client->send("c APPEND INBOX {5+}\r\nhello\r\n"), StartsWith("c NO [OVERQUOTA] "));
  // What is moved takes no more room than before.
  EXPECT_THAT(client->say("d MOVE 1 Archive"), HasSubstr("d OK Moved"));
  EXPECT_THAT(client->say("e MOVE 1 INBOX"), HasSubstr("e OK Moved"));
  EXPECT_EQ(world.mailbox()->view()->size(), 1u);
}

TEST_F(QuotaCommands, StatusTellsWhatExpungeWouldFree) {
  world.deliver(std::string(1500, 'x'));
  world.deliver(std::string(1500, 'x'));
  client->say("a SELECT INBOX");
  client->say("b STORE 2 +FLAGS (\\Deleted)");
  EXPECT_THAT(client->say("c STATUS INBOX (DELETED DELETED-STORAGE)"),
              StartsWith("* STATUS INBOX (DELETED 1 DELETED-STORAGE 2)\r\n"));
}

}  // namespace
}  // namespace waxwing::imap
