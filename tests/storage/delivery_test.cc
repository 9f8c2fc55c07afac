#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

using DeliveryTest = StoreTest;

TEST_F(DeliveryTest, MessageArrivesAsItWasSent) {
  auto delivered = deliver("one");
  ASSERT_TRUE(delivered) << delivered.error().text;
  auto mailbox = inbox();
  EXPECT_EQ(uids(*mailbox), std::vector<Uid>({delivered->at(0).uid}));
  EXPECT_EQ(text(*mailbox, delivered->at(0).uid), message("one"));
  EXPECT_EQ(mailbox->uid_validity(), delivered->at(0).uid_validity);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

}  // namespace
}  // namespace waxwing
