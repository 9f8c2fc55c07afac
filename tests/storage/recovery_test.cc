#include <sys/stat.h>

#include <future>

#include "storage/file_name.h"
#include "storage/sqlite.h"
#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

// What must survive the loss of an index.
struct Picture {
  std::uint32_t uid_validity = 0;
  Uid uid_next = 0;
  std::vector<std::string> messages, uidls, keywords;
  std::vector<Uid> hidden;
  bool operator==(const Picture&) const = default;
};

class RecoveryTest : public StoreTest {
 protected:
  std::string cur() const { return folder() + "/Maildir/cur"; }
  std::string fresh() const { return folder() + "/Maildir/new"; }

  Picture picture(const std::string& name = "INBOX") {
    auto mailbox = this->mailbox(name);
    Picture picture{mailbox->uid_validity(), mailbox->view()->uid_next(), {}, {}, {}, {}};
    const auto view = mailbox->view();
    for (std::size_t i = 0; i < view->size(); ++i) {
      const auto& row = (*view)[i];
      picture.messages.push_back(std::to_string(row.uid) + " " + std::to_string(row.flags.bits) +
                                 " " + std::to_string(row.size) + " " +
                                 std::to_string(row.internal_date) + " " + text(*mailbox, row.uid));
    }
    const auto all = uids(*mailbox);
    picture.uidls = mailbox->uidls(all).value();
    picture.keywords = view->keywords();
    picture.hidden = mailbox->hidden_from_pop3().value();
    return picture;
  }

  void fill() {
    for (const char* subject : {"a", "b", "c", "d"}) {
      clock_.advance(std::chrono::hours(1));
      ASSERT_TRUE(deliver(subject));
    }
    const std::vector<Uid> second = {2}, third = {3}, fourth = {4};
    ASSERT_TRUE(
        inbox()->change_flags(second, add_flags(Flags::kSeen | Flags::kFlagged, {"one", "two"})));
    ASSERT_TRUE(inbox()->expunge(third, Mailbox::Expunge::Any));
    ASSERT_TRUE(inbox()->hide_from_pop3(fourth));
    ASSERT_TRUE(account()->create("Lists/x"));
    ASSERT_TRUE(inbox()->copy(second, *mailbox("Lists/x")));
  }
  void lose_index() {
    store_->close();
    store_.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(folder() + "/index.sqlite" + suffix);
    open_store();
  }
  static void damage(const std::string& path, std::size_t from, std::size_t to) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(to - from, '\xff');
  }
  // The only name in cur/ whose file has this text.
  std::string file_of(const std::string& text) {
    std::string found;
    for (const auto& name : files(cur())) {
      if (read_file(cur() + "/" + name) == text) found = name;
    }
    return found;
  }
};

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

TEST_F(RecoveryTest, FileInNewIsAdoptedWithCrlf) {
  auto mailbox = inbox();
  write_file(fresh() + "/1600000000.M1.host", "Subject: hi\n\nbody\nends");
  write_file(fresh() + "/1600000001.M2.host", message("crlf"));
  ASSERT_TRUE(mailbox->refresh());
  ASSERT_EQ(mailbox->view()->size(), 2u);
  EXPECT_TRUE(files(fresh()).empty());
  const std::string converted = "Subject: hi\r\n\r\nbody\r\nends";
  EXPECT_EQ(std::set<std::string>({text(*mailbox, 1), text(*mailbox, 2)}),
            std::set<std::string>({converted, message("crlf")}));
  EXPECT_EQ(mailbox->view()->total_size(), converted.size() + message("crlf").size());
  EXPECT_EQ(findings(), std::vector<std::string>());
  const auto before = picture();
  lose_index();
  EXPECT_EQ(picture(), before);
}

TEST_F(RecoveryTest, WatchedMailboxNoticesNewMailByItself) {
  class Waiting final : public Watcher {
   public:
    void moved(MailboxId, ModSeq) override {
      if (!told_.exchange(true)) moved_.set_value();
    }
    std::atomic<bool> told_{false};
    std::promise<void> moved_;
  };
  auto watcher = std::make_shared<Waiting>();
  auto mailbox = inbox();
  mailbox->watch(watcher);
  write_file(folder() + "/Maildir/tmp/1600000000.M1.host", message("m"));
  fs::rename(folder() + "/Maildir/tmp/1600000000.M1.host", fresh() + "/1600000000.M1.host");
  // The watch may begin after the file came: then the next one tells.
  auto moved = watcher->moved_.get_future();
  for (int i = 2; moved.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready;
       ++i) {
    ASSERT_LT(i, 100);
    const std::string name = "1600000000.M" + std::to_string(i) + ".host";
    write_file(folder() + "/Maildir/tmp/" + name, message("m"));
    fs::rename(folder() + "/Maildir/tmp/" + name, fresh() + "/" + name);
  }
  EXPECT_GE(mailbox->view()->size(), 1u);
}

TEST_F(RecoveryTest, AdoptionThatWasCutOffMakesNoSecondMessage) {
  auto mailbox = inbox();
  const std::string original = "Subject: hi\n\nbody\n";
  write_file(fresh() + "/1600000000.M1.host", original);
  ASSERT_TRUE(mailbox->refresh());
  // The removal of the original was lost.
  write_file(fresh() + "/1600000000.M1.host", original);
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(mailbox->view()->size(), 1u);
  EXPECT_TRUE(files(fresh()).empty());
}

TEST_F(RecoveryTest, FileThatIsStillWrittenWaits) {
  auto mailbox = inbox();
  for (const std::string& path : {fresh() + "/1600000000.M1.host", cur() + "/2.x:2,"}) {
    const std::size_t before = mailbox->view()->size();
    std::ofstream file(path, std::ios::binary);
    file << "Subject: hi\n\nfirst\n" << std::flush;
    clock_.advance(std::chrono::minutes(1));
    ASSERT_TRUE(mailbox->refresh());
    EXPECT_EQ(mailbox->view()->size(), before);
    EXPECT_TRUE(fs::exists(path));
    file << "second\n";
    file.close();
    clock_.advance(std::chrono::minutes(1));
    ASSERT_TRUE(mailbox->refresh());
    ASSERT_EQ(mailbox->view()->size(), before + 1);
    EXPECT_EQ(text(*mailbox, uids(*mailbox).back()), "Subject: hi\r\n\r\nfirst\r\nsecond\r\n");
    EXPECT_FALSE(fs::exists(path));
  }
}

// The system does not tell who writes: what changed a moment ago waits.
TEST_F(RecoveryTest, FileOfAnotherUserIsTakenWhenItWasLeftAlone) {
  auto mailbox = inbox();
  const std::string path = fresh() + "/1600000000.M1.host";
  write_file(path, message("m"));
  const auto now = std::chrono::seconds(unix_seconds(clock_.now()));
  const std::string touch = "touch -d @" + std::to_string(now.count()) + " '" + path + "'";
  ASSERT_EQ(std::system(touch.c_str()), 0);
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "is_being_written") disk_.fail_call(1);
  };
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(mailbox->view()->size(), 0u);
  clock_.advance(std::chrono::seconds(6));
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(mailbox->view()->size(), 1u);
}

TEST_F(RecoveryTest, BadFilesHoldUpNobody) {
  auto mailbox = inbox();
  ASSERT_EQ(::mkfifo((fresh() + "/0.fifo").c_str(), 0600), 0);
  write_file(root_ + "/secret", message("secret"));
  fs::create_symlink(root_ + "/secret", fresh() + "/0.symlink");
  write_file(fresh() + "/0.unreadable", message("u"));
  write_file(fresh() + "/1.good", message("good"));
  disk_.before = [&](const std::string& call, const std::string& path) {
    if (call == "open" && path.ends_with("0.unreadable")) disk_.fail_call(1);
  };
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(subjects(*mailbox), (std::map<Uid, std::string>{{1, "good"}}));
  EXPECT_EQ(files(fresh()).size(), 3u);
  disk_.before = nullptr;
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(subjects(*mailbox), (std::map<Uid, std::string>{{1, "good"}, {2, "u"}}));
}

TEST_F(RecoveryTest, FullDiskLeavesStraysForLater) {
  auto mailbox = inbox();
  write_file(fresh() + "/1.lf", "Subject: lf\n\nbody\n");
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "write") disk_.fail_call(1, Error::Code::NoSpace);
  };
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(mailbox->view()->size(), 0u);
  disk_.before = nullptr;
  EXPECT_TRUE(staged_files().empty());
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(subjects(*mailbox), (std::map<Uid, std::string>{{1, "lf"}}));
}

TEST_F(RecoveryTest, BothNamesOfAFileThatIsRenamedAreOneMessage) {
  ASSERT_TRUE(deliver("a"));
  auto mailbox = inbox();
  const std::string name = files(cur())[0];
  fs::create_hard_link(cur() + "/" + name, cur() + "/" + name + "S");
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(uids(*mailbox), std::vector<Uid>({1}));
}

TEST_F(RecoveryTest, CopyUnderTheSameUniquePartIsNoMove) {
  ASSERT_TRUE(deliver("a"));
  auto there = staged(message("there"));
  ASSERT_TRUE(mailbox("Archive")->append(*there, {}));
  auto name = FileName::parse(files(cur())[0]);
  ASSERT_TRUE(name);
  name->uid_validity = mailbox("Archive")->uid_validity();
  name->uid = 50;  // reserved, and lost in the crash
  write_file(folder() + "/Maildir/.Archive/cur/" + name->to_string(), message("b"));
  crash();
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{1, "a"}}));
  EXPECT_EQ(subjects(*mailbox("Archive")), (std::map<Uid, std::string>{{1, "there"}, {50, "b"}}));
}

// Else the unique part in two folders would look like a MOVE that was cut off.
TEST_F(RecoveryTest, AdoptedCopyOfAMessageGetsAUniquePartOfItsOwn) {
  ASSERT_TRUE(deliver("a"));
  const std::string name = files(cur())[0];
  mailbox("Archive");
  fs::copy(cur() + "/" + name, folder() + "/Maildir/.Archive/cur/" + name);
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(mailbox("Archive")->refresh());
  EXPECT_EQ(subjects(*mailbox("Archive")), (std::map<Uid, std::string>{{1, "a"}}));
  EXPECT_NE(FileName::parse(files(folder() + "/Maildir/.Archive/cur")[0])->unique,
            FileName::parse(name)->unique);
}

TEST_F(RecoveryTest, FlagsOfOtherProgramsWin) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(Flags::kFlagged, {"x"})));
  reopen();
  auto mailbox = inbox();
  ASSERT_TRUE(mailbox->refresh());
  const std::string name = files(cur())[0];
  ASSERT_TRUE(name.ends_with(":2,Fa"));
  // Not settled yet, and not touched by the other program: stays.
  ASSERT_TRUE(mailbox->change_flags(one, add_flags(Flags::kAnswered)));
  fs::rename(cur() + "/" + name, cur() + "/" + name.substr(0, name.size() - 2) + "SP");
  clock_.advance(std::chrono::minutes(1));
  const ModSeq before = mailbox->view()->highest_modseq();
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ((*mailbox->view())[0].flags, Flags{Flags::kSeen | Flags::kAnswered});
  EXPECT_GT(mailbox->view()->highest_modseq(), before);
  EXPECT_EQ(text(*mailbox, 1), message("a"));
  reopen();
  EXPECT_TRUE(files(cur())[0].ends_with(":2,RS"));
}

TEST_F(RecoveryTest, RemovalByOtherProgramsIsNoticed) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  auto mailbox = inbox();
  const std::string name = file_of(message("a"));
  fs::rename(cur() + "/" + name, root_ + "/away");
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(uids(*mailbox), std::vector<Uid>({2}));
  // And when it comes back it is a message again, under a new UID.
  fs::rename(root_ + "/away", cur() + "/" + name);
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(subjects(*mailbox), (std::map<Uid, std::string>{{2, "b"}, {3, "a"}}));
}

TEST_F(RecoveryTest, RenamedFileIsFoundWhenItIsOpened) {
  ASSERT_TRUE(deliver("a"));
  const std::string name = files(cur())[0];
  auto mailbox = inbox();
  fs::rename(cur() + "/" + name, cur() + "/" + name + "S");
  EXPECT_EQ(text(*mailbox, 1), message("a"));
  EXPECT_TRUE((*mailbox->view())[0].flags.has(Flags::kSeen));
}

TEST_F(RecoveryTest, FolderOfAnotherProgramBecomesAMailbox) {
  inbox();
  for (const char* part : {"", "/cur", "/new", "/tmp"}) {
    fs::create_directory(folder() + "/Maildir/.From&AOk-" + part);
  }
  write_file(folder() + "/Maildir/.From&AOk-/cur/1.x:2,", message("m"));
  crash();
  ASSERT_TRUE(mailbox("From\xC3\xA9")->refresh());
  EXPECT_EQ(mailbox("From\xC3\xA9")->view()->size(), 1u);
}

TEST_F(RecoveryTest, TwoFoldersOfOneNameLockNobodyOut) {
  inbox();
  // One letter, composed and decomposed.
  for (const char* name : {".From&AOk-", ".Frome&AwE-"}) {
    for (const char* part : {"", "/cur", "/new", "/tmp"}) {
      fs::create_directory(folder() + "/Maildir/" + name + part);
    }
  }
  crash();
  ASSERT_TRUE(deliver("a"));
  EXPECT_TRUE(account()->mailbox("From\xC3\xA9"));
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
