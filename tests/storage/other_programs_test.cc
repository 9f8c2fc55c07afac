#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "storage/file_name.h"
#include "tests/storage/recovery_fixture.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

// What other programs do to the files of a Maildir.
class OtherProgramsTest : public RecoveryTest {};

TEST_F(OtherProgramsTest, FileInNewIsAdoptedWithCrlf) {
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

TEST_F(OtherProgramsTest, WatchedMailboxNoticesNewMailByItself) {
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

TEST_F(OtherProgramsTest, AdoptionThatWasCutOffMakesNoSecondMessage) {
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

TEST_F(OtherProgramsTest, FileThatIsStillWrittenWaits) {
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
TEST_F(OtherProgramsTest, FileOfAnotherUserIsTakenWhenItWasLeftAlone) {
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

TEST_F(OtherProgramsTest, BadFilesHoldUpNobody) {
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

TEST_F(OtherProgramsTest, FullDiskLeavesStraysForLater) {
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

TEST_F(OtherProgramsTest, BothNamesOfAFileThatIsRenamedAreOneMessage) {
  ASSERT_TRUE(deliver("a"));
  auto mailbox = inbox();
  const std::string name = files(cur())[0];
  fs::create_hard_link(cur() + "/" + name, cur() + "/" + name + "S");
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(mailbox->refresh());
  EXPECT_EQ(uids(*mailbox), std::vector<Uid>({1}));
}

TEST_F(OtherProgramsTest, CopyUnderTheSameUniquePartIsNoMove) {
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
TEST_F(OtherProgramsTest, AdoptedCopyOfAMessageGetsAUniquePartOfItsOwn) {
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

TEST_F(OtherProgramsTest, FlagsOfOtherProgramsWin) {
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

TEST_F(OtherProgramsTest, RemovalByOtherProgramsIsNoticed) {
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

TEST_F(OtherProgramsTest, RenamedFileIsFoundWhenItIsOpened) {
  ASSERT_TRUE(deliver("a"));
  const std::string name = files(cur())[0];
  auto mailbox = inbox();
  fs::rename(cur() + "/" + name, cur() + "/" + name + "S");
  EXPECT_EQ(text(*mailbox, 1), message("a"));
  EXPECT_TRUE((*mailbox->view())[0].flags.has(Flags::kSeen));
}

TEST_F(OtherProgramsTest, FolderOfAnotherProgramBecomesAMailbox) {
  inbox();
  for (const char* part : {"", "/cur", "/new", "/tmp"}) {
    fs::create_directory(folder() + "/Maildir/.From&AOk-" + part);
  }
  write_file(folder() + "/Maildir/.From&AOk-/cur/1.x:2,", message("m"));
  crash();
  ASSERT_TRUE(mailbox("From\xC3\xA9")->refresh());
  EXPECT_EQ(mailbox("From\xC3\xA9")->view()->size(), 1u);
}

TEST_F(OtherProgramsTest, FolderIsNoticedWhileTheServerRunsAndAfterACleanStop) {
  const auto make = [&](const std::string& name) {
    for (const char* part : {"", "/cur", "/new", "/tmp"}) {
      fs::create_directory(folder() + "/Maildir/." + name + part);
    }
    write_file(folder() + "/Maildir/." + name + "/cur/1.x:2,", message("m"));
  };
  const auto is_listed = [&](const std::string& name) {
    const auto all = account()->mailboxes();
    return std::ranges::count(*all, name, &MailboxInfo::name) == 1;
  };
  // By what works in the background.
  const auto has_message = [&](const std::string& name) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < patience) {
      if (account()->status(name)->messages == 1) return true;
      std::this_thread::yield();
    }
    return false;
  };
  inbox();
  ASSERT_TRUE(account()->create("Own/Folder"));
  make("Live");
  EXPECT_TRUE(is_listed("Live"));
  EXPECT_TRUE(has_message("Live"));
  make("Later");
  EXPECT_TRUE(is_listed("Later"));
  store_->close();
  store_.reset();
  make("Meanwhile");
  open_store();
  EXPECT_TRUE(mailbox("Meanwhile"));
  EXPECT_TRUE(is_listed("Live"));
  EXPECT_TRUE(is_listed("Own/Folder"));
}

TEST_F(OtherProgramsTest, TwoFoldersOfOneNameLockNobodyOut) {
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

}  // namespace
}  // namespace waxwing
