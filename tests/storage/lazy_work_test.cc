#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

// What is left for later must not show, whatever happens meanwhile.
class LazyWorkTest : public StoreTest {
 protected:
  static constexpr Uid kMany = 300;

  void fill() {
    for (Uid uid = 1; uid <= kMany; ++uid) ASSERT_TRUE(deliver(std::to_string(uid)));
  }
  void expunge_all() {
    auto mailbox = inbox();
    const auto all = uids(*mailbox);
    ASSERT_EQ(mailbox->expunge(all, Mailbox::Expunge::Any)->size(), all.size());
    EXPECT_EQ(mailbox->view()->size(), 0u);
  }
  std::size_t files_in_cur() const { return files(folder() + "/Maildir/cur").size(); }
};

TEST_F(LazyWorkTest, MessagesAreReadBeforeTheIndexHasThem) {
  for (Uid uid = 1; uid <= 3; ++uid) {
    ASSERT_TRUE(deliver("a" + std::to_string(uid)));
    EXPECT_EQ(subjects(*inbox()).size(), uid);
    EXPECT_EQ(text(*inbox(), uid), message("a" + std::to_string(uid)));
  }
  ASSERT_TRUE(deliver("a4"));
  const std::vector<Uid> fourth = {4};
  EXPECT_EQ(inbox()->change_flags(fourth, add_flags(Flags::kSeen))->changed, fourth);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

// Names of the next messages are read with the first ones.
TEST_F(LazyWorkTest, MessagesThatAreOpenedInOrderAreThoseThatAreThere) {
  fill();
  auto mailbox = inbox();
  ASSERT_EQ(subjects(*mailbox).size(), kMany);  // the index has them all
  const auto expect = [&](Uid uid) {
    EXPECT_EQ(text(*mailbox, uid), message(std::to_string(uid)));
  };
  for (Uid uid = 1; uid <= 4; ++uid) expect(uid);
  // From now on 6 has another name, and 7 none.
  const std::string cur = folder() + "/Maildir/cur/";
  for (const auto& file : files(cur)) {
    if (file.ends_with(".6:2,")) std::filesystem::rename(cur + file, cur + file + "S");
  }
  const std::vector<Uid> seventh = {7};
  ASSERT_TRUE(mailbox->expunge(seventh, Mailbox::Expunge::Any));
  expect(5);
  expect(6);
  EXPECT_EQ(mailbox->open(7).error().code, Error::Code::NotFound);
  for (Uid uid = 8; uid <= kMany; ++uid) expect(uid);
  ASSERT_TRUE(deliver(std::to_string(kMany + 1)));
  expect(kMany + 1);
  for (Uid uid : {40u, 3u, 41u, 200u}) expect(uid);
}

TEST_F(LazyWorkTest, ACrashBeforeTheIndexIsWrittenLosesNothing) {
  fill();
  crash();
  ASSERT_EQ(uids(*inbox()).size(), kMany);
  const auto after = subjects(*inbox());
  for (Uid uid = 1; uid <= kMany; ++uid) EXPECT_EQ(after.at(uid), std::to_string(uid));
  EXPECT_EQ(findings(), std::vector<std::string>());
  ASSERT_TRUE(deliver("next"));
  EXPECT_GT(uids(*inbox()).back(), kMany);
}

TEST_F(LazyWorkTest, FilesOfManyExpungedMessagesAreGoneAfterAStop) {
  fill();
  expunge_all();
  reopen();
  EXPECT_EQ(files_in_cur(), 0u);
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>());
}

TEST_F(LazyWorkTest, ExpungedMessagesDoNotComeBackAfterACrash) {
  fill();
  expunge_all();
  crash();
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>());
  ASSERT_TRUE(inbox()->refresh());
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>());
  EXPECT_EQ(files_in_cur(), 0u);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(LazyWorkTest, ExpungedMessagesDoNotComeBackWithANewIndex) {
  fill();
  expunge_all();
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>());
  EXPECT_EQ(files_in_cur(), 0u);
}

TEST_F(LazyWorkTest, FilesOfARenamedMailboxAreFound) {
  ASSERT_TRUE(account()->create("Old"));
  fill();
  const auto all = uids(*inbox());
  ASSERT_TRUE(inbox()->move(all, *mailbox("Old")));
  auto old = mailbox("Old");
  const auto moved = uids(*old);
  ASSERT_EQ(old->expunge(moved, Mailbox::Expunge::Any)->size(), moved.size());
  ASSERT_TRUE(account()->rename("Old", "New"));
  reopen();
  EXPECT_EQ(files(folder() + "/Maildir/.New/cur"), std::vector<std::string>());
  EXPECT_EQ(files_in_cur(), 0u);
}

}  // namespace
}  // namespace waxwing
