#include "storage/file_name.h"
#include "storage/sqlite.h"
#include "tests/storage/recovery_fixture.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

TEST_F(RecoveryTest, LossOfTheIndexChangesNothing) {
  fill();
  const auto inbox = picture(), list = picture("Lists/x");
  const ModSeq modseq = this->inbox()->view()->highest_modseq();
  lose_index();
  EXPECT_EQ(picture(), inbox);
  EXPECT_EQ(picture("Lists/x"), list);
  EXPECT_GT(this->inbox()->view()->highest_modseq(), modseq);
  EXPECT_EQ(this->inbox()->expunged_since(modseq).value(), std::nullopt);
  EXPECT_EQ(findings(), std::vector<std::string>());
  EXPECT_EQ(subjects(*this->inbox()), (std::map<Uid, std::string>{{1, "a"}, {2, "b"}, {4, "d"}}));
  ASSERT_TRUE(deliver("e"));
  EXPECT_EQ(uids(*this->inbox()), std::vector<Uid>({1, 2, 4, 5}));
}

TEST_F(RecoveryTest, RebuildChangesNothingUnderRunningSessions) {
  fill();
  auto held = inbox();
  const auto before = held->view();
  const auto inbox = picture();
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ(picture(), inbox);
  const auto difference = View::difference(*before, *held->view());
  EXPECT_TRUE(difference.expunged.empty());
  EXPECT_EQ(difference.added, 0u);
}

TEST_F(RecoveryTest, RebuildBringsBackNothingThatIsBeingExpunged) {
  ASSERT_TRUE(deliver("a"));
  auto mailbox = inbox();
  const std::vector<Uid> one = {1};
  bool asked = false;
  disk_.before = [&](const std::string& call, const std::string& path) {
    if (asked || call != "remove" || !path.starts_with(cur())) return;
    asked = true;
    EXPECT_EQ(store_->rebuild(kAlice).error().code, Error::Code::Temporary);
  };
  ASSERT_TRUE(mailbox->expunge(one, Mailbox::Expunge::Any));
  EXPECT_TRUE(asked);
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ(mailbox->view()->size(), 0u);
}

TEST_F(RecoveryTest, RebuildKeepsTheIndexWhenFlagsAreOnlyThere) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(Flags::kSeen)));
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "rename") disk_.fail_call(1);
  };
  EXPECT_FALSE(store_->rebuild(kAlice));
  disk_.before = nullptr;
  EXPECT_EQ((*inbox()->view())[0].flags, Flags{Flags::kSeen});
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ((*inbox()->view())[0].flags, Flags{Flags::kSeen});
}

TEST_F(RecoveryTest, FlagsThatSettledInPartAreNoForeignChange) {
  for (const char* subject : {"a", "b"}) ASSERT_TRUE(deliver(subject));
  const std::vector<Uid> one = {1}, both = {1, 2};
  ASSERT_TRUE(inbox()->change_flags(both, add_flags(Flags::kSeen)));
  int renames = 0;
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "rename" && ++renames == 2) disk_.fail_call(1);
  };
  EXPECT_FALSE(store_->rebuild(kAlice));
  disk_.before = nullptr;
  const FlagChange unseen{FlagChange::Mode::Remove, Flags::kSeen, {}};
  ASSERT_TRUE(inbox()->change_flags(one, unseen));
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(inbox()->refresh());
  EXPECT_EQ((*inbox()->view())[0].flags, Flags{});
  EXPECT_EQ((*inbox()->view())[1].flags, Flags{Flags::kSeen});
}

TEST_F(RecoveryTest, DamagedIndexIsMadeAgain) {
  fill();
  const auto inbox = picture();
  store_->close();
  store_.reset();
  write_file(folder() + "/index.sqlite",
             "no database at all, but long enough to look like one" + std::string(4096, 'x'));
  open_store();
  EXPECT_EQ(picture(), inbox);
}

TEST_F(RecoveryTest, DamagedPagesOfTheIndexLockNobodyOut) {
  fill();
  const auto inbox = picture();
  store_->close();
  store_.reset();
  const std::string index = folder() + "/index.sqlite";
  damage(index, 4096, fs::file_size(index));
  open_store();
  EXPECT_EQ(picture(), inbox);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(RecoveryTest, IndexThatIsDamagedInUseIsRebuilt) {
  fill();
  store_->close();
  store_.reset();
  const std::string index = folder() + "/index.sqlite";
  const auto page = sqlite::Database::open(index, sqlite::Database::Synchronous::Normal)
                        ->integer("SELECT rootpage FROM sqlite_master WHERE name='by_base'");
  ASSERT_TRUE(page);
  damage(index, static_cast<std::size_t>(*page - 1) * 4096, static_cast<std::size_t>(*page) * 4096);
  open_store();
  auto held = this->inbox();
  // Delivered all the same: the message is durable.
  ASSERT_TRUE(deliver("e"));
  EXPECT_EQ(text(*held, 5), message("e"));
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ(subjects(*this->inbox()),
            (std::map<Uid, std::string>{{1, "a"}, {2, "b"}, {4, "d"}, {5, "e"}}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(RecoveryTest, KilledServerLosesNothing) {
  fill();
  const auto inbox = picture(), list = picture("Lists/x");
  crash();
  auto after = picture();
  EXPECT_GE(after.uid_next, inbox.uid_next);
  after.uid_next = inbox.uid_next;
  EXPECT_EQ(after, inbox);
  EXPECT_EQ(picture("Lists/x").messages, list.messages);
  ASSERT_TRUE(deliver("e"));
  EXPECT_GE(uids(*this->inbox()).back(), inbox.uid_next);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(RecoveryTest, MessageBetweenItsSyncAndItsRowIsThereOnce) {
  ASSERT_TRUE(deliver("a"));
  bool crashed = false;
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call != "sync" || crashed) return;
    crashed = true;
    copy_tree(root_ + "/data", root_ + "/moment");
  };
  ASSERT_TRUE(deliver("b"));
  disk_.before = nullptr;
  go_on_with(root_ + "/moment");
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{1, "a"}, {2, "b"}}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(RecoveryTest, IncompleteFileGoesToLostAndFound) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  store_->close();
  store_.reset();
  const std::string half = file_of(message("b"));
  fs::resize_file(cur() + "/" + half, 5);
  fs::remove(folder() + "/index.sqlite");
  open_store();
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>({1}));
  EXPECT_EQ(files(folder() + "/lost+found"), std::vector<std::string>({half}));
}

// ext4 may write down the size of a file before its bytes.
TEST_F(RecoveryTest, FileWhoseBytesWereNeverWrittenGoesToLostAndFound) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  store_->close();
  store_.reset();
  const std::string hollow = file_of(message("b"));
  const auto size = fs::file_size(cur() + "/" + hollow);
  fs::resize_file(cur() + "/" + hollow, 0);
  fs::resize_file(cur() + "/" + hollow, size);
  fs::remove(folder() + "/index.sqlite");
  open_store();
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>({1}));
  EXPECT_EQ(files(folder() + "/lost+found"), std::vector<std::string>({hollow}));
}

TEST_F(RecoveryTest, RowWithoutFileIsExpunged) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  fs::remove(cur() + "/" + file_of(message("a")));
  crash();
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>({2}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(RecoveryTest, ExpungedMessageDoesNotComeBack) {
  ASSERT_TRUE(deliver("a"));
  const std::string name = file_of(message("a"));
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->expunge(one, Mailbox::Expunge::Any));
  // The unlink was lost, the commit was not.
  write_file(cur() + "/" + name, message("a"));
  crash();
  EXPECT_EQ(inbox()->view()->size(), 0u);
  EXPECT_TRUE(files(cur()).empty());
}

TEST_F(RecoveryTest, UnfinishedMoveEndsAtItsTarget) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  disk_.before = [&](const std::string& call, const std::string& path) {
    // Between the link and the commit.
    if (call == "sync_directory" && path.ends_with(".Trash/cur")) {
      copy_tree(root_ + "/data", root_ + "/moment");
    }
  };
  ASSERT_TRUE(inbox()->move(one, *mailbox("Trash")));
  disk_.before = nullptr;
  for (bool with_index : {true, false}) {
    copy_tree(root_ + "/moment", root_ + "/now");
    if (!with_index) {
      for (const char* suffix : {"", "-wal", "-shm"}) {
        fs::remove(root_ + "/now/accounts/example.test/alice/index.sqlite" + suffix);
      }
    }
    go_on_with(root_ + "/now");
    EXPECT_EQ(inbox()->view()->size() + mailbox("Trash")->view()->size(), 1u);
    if (with_index) {
      EXPECT_EQ(subjects(*mailbox("Trash")), (std::map<Uid, std::string>{{1, "a"}}));
    }
    EXPECT_EQ(findings(), std::vector<std::string>());
  }
}

TEST_F(RecoveryTest, DoubledUidGetsAFreshOne) {
  ASSERT_TRUE(deliver("a"));
  auto name = FileName::parse(file_of(message("a")));
  store_->close();
  store_.reset();
  name->unique = "1.other.host";
  name->size = message("b").size();
  write_file(cur() + "/" + name->to_string(), message("b"));
  open_store();
  ASSERT_TRUE(inbox()->refresh());
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{1, "a"}, {2, "b"}}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(RecoveryTest, UidOfAnotherMailboxMeansNothing) {
  inbox();
  write_file(cur() + "/1.x.host,S=" + std::to_string(message("b").size()) + ",X=99.7:2,S",
             message("b"));
  ASSERT_TRUE(inbox()->refresh());
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{1, "b"}}));
  EXPECT_TRUE((*inbox()->view())[0].flags.has(Flags::kSeen));
}

TEST_F(RecoveryTest, RenameThatWasCutOffIsFinished) {
  ASSERT_TRUE(account()->create("a/b"));
  auto text = staged(message("m"));
  ASSERT_TRUE(mailbox("a/b")->append(*text, {}));
  const auto before = picture("a/b");
  int renames = 0;
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "rename" && ++renames == 2) {
      copy_tree(root_ + "/data", root_ + "/moment");
    }
  };
  ASSERT_TRUE(account()->rename("a", "z"));
  disk_.before = nullptr;
  ASSERT_EQ(renames, 2);
  go_on_with(root_ + "/moment");
  EXPECT_EQ(account()->mailbox("a/b").error().code, Error::Code::NotFound);
  EXPECT_EQ(picture("z/b").messages, before.messages);
  EXPECT_EQ(picture("z/b").uid_validity, before.uid_validity);
}

TEST_F(RecoveryTest, OlderAccountDatabaseReusesNoNumber) {
  ASSERT_TRUE(deliver("a"));
  store_->close();
  store_.reset();
  fs::copy(folder() + "/account.sqlite", root_ + "/backup");
  open_store();
  for (const char* subject : {"b", "c"}) ASSERT_TRUE(deliver(subject));
  const std::vector<Uid> third = {3};
  ASSERT_TRUE(inbox()->expunge(third, Mailbox::Expunge::Any));
  const ModSeq newest = inbox()->view()->highest_modseq();
  store_->close();
  store_.reset();
  fs::copy(root_ + "/backup", folder() + "/account.sqlite", fs::copy_options::overwrite_existing);
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(folder() + "/account.sqlite" + suffix);
  open_store();
  ASSERT_TRUE(deliver("d"));
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{1, "a"}, {2, "b"}, {4, "d"}}));
  EXPECT_GT(inbox()->view()->highest_modseq(), newest);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(RecoveryTest, FirstChangeAfterARecoveryHasANumberOfItsOwn) {
  ASSERT_TRUE(deliver("a"));
  crash();
  const ModSeq known = inbox()->view()->highest_modseq();
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->expunge(one, Mailbox::Expunge::Any));
  EXPECT_GT(inbox()->view()->highest_modseq(), known);
  EXPECT_EQ(inbox()->expunged_since(known).value(), std::optional(one));
}

TEST_F(RecoveryTest, MoveLeavesTheModSequenceThatARestartFinds) {
  for (const char* subject : {"a", "b"}) ASSERT_TRUE(deliver(subject));
  const std::vector<Uid> both = {1, 2};
  ASSERT_TRUE(inbox()->move(both, *mailbox("Trash")));
  const ModSeq inbox = this->inbox()->view()->highest_modseq();
  const ModSeq trash = mailbox("Trash")->view()->highest_modseq();
  reopen();
  EXPECT_EQ(this->inbox()->view()->highest_modseq(), inbox);
  EXPECT_EQ(mailbox("Trash")->view()->highest_modseq(), trash);
}

TEST_F(RecoveryTest, VerifySaysWhatIsWrong) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  fs::remove(cur() + "/" + file_of(message("a")));
  fs::resize_file(cur() + "/" + file_of(message("b")), 3);
  write_file(cur() + "/foreign", "x");
  EXPECT_EQ(findings().size(), 4u);  // a file of another size has another date as well
}

}  // namespace
}  // namespace waxwing
