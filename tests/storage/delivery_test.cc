#include <sys/stat.h>

#include <atomic>
#include <future>
#include <thread>

#include "protocols/mail/message.h"
#include "storage/free_space.h"
#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

using DeliveryTest = StoreTest;

class CountingWatcher final : public Watcher {
 public:
  void moved(MailboxId, ModSeq modseq) override {
    ++count;
    last = modseq;
  }
  std::atomic<int> count{0};
  std::atomic<ModSeq> last{0};
};

TEST_F(DeliveryTest, MessageArrivesAsItWasSent) {
  auto delivered = deliver("one");
  ASSERT_TRUE(delivered) << delivered.error().text;
  auto mailbox = inbox();
  EXPECT_EQ(uids(*mailbox), std::vector<Uid>({delivered->at(0).uid}));
  EXPECT_EQ(text(*mailbox, delivered->at(0).uid), message("one"));
  EXPECT_EQ(mailbox->uid_validity(), delivered->at(0).uid_validity);
  EXPECT_EQ(subjects(*mailbox), (std::map<Uid, std::string>{{1, "one"}}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(DeliveryTest, RecipientsShareOneFile) {
  auto text = staged(message("shared"));
  const std::vector<Store::Target> targets = {{.account = kAlice}, {.account = kBob}};
  ASSERT_TRUE(store_->deliver(*text, "Received: here\r\n", targets));
  auto here = files(folder() + "/Maildir/cur"), there = files(folder(kBob) + "/Maildir/cur");
  ASSERT_EQ(here.size(), 1u);
  ASSERT_EQ(there.size(), 1u);
  struct stat file {};
  ASSERT_EQ(::stat((folder() + "/Maildir/cur/" + here[0]).c_str(), &file), 0);
  EXPECT_EQ(file.st_nlink, 2u);
  EXPECT_EQ(this->text(*inbox(kBob), 1), "Received: here\r\n" + message("shared"));
  EXPECT_TRUE(staged_files().empty());
}

TEST_F(DeliveryTest, RecipientsHaveTheirOwnPrefix) {
  auto text = staged(message("m"));
  const std::vector<Store::Target> targets = {{kAlice, "INBOX", "Delivered-To: a\r\n"},
                                              {kBob, "INBOX", "Delivered-To: b\r\n"}};
  ASSERT_TRUE(store_->deliver(*text, "Received: here\r\n", targets));
  EXPECT_EQ(this->text(*inbox(kBob), 1), "Delivered-To: b\r\nReceived: here\r\n" + message("m"));
  std::string header, encoded;
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->read(one, Mailbox::Fields::All, [&](Uid, const Parsed& parsed) {
    header = parsed.header;
    encoded = parsed.message;
    return true;
  }));
  EXPECT_TRUE(header.starts_with("Delivered-To: a\r\nReceived: here\r\nFrom:"));
  auto decoded = mail::decode(encoded);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->header, header);
  EXPECT_EQ(decoded->root.body_offset, header.size());
  EXPECT_EQ(decoded->size, inbox()->view()->total_size());
}

TEST_F(DeliveryTest, MailboxIsMadeWhenItIsMissing) {
  auto text = staged(message("m"));
  const std::vector<Store::Target> targets = {{kAlice, "Lists/one", ""}};
  ASSERT_TRUE(store_->deliver(*text, "", targets));
  EXPECT_EQ(mailbox("Lists/one")->view()->size(), 1u);
}

TEST_F(DeliveryTest, LargeMessageGoesThroughStaging) {
  std::string big = message("big");
  while (big.size() < 3 * Staged::kInMemory) big += std::string(70, 'x') + "\r\n";
  auto staged = store_->stage(big.size());
  ASSERT_TRUE(staged);
  for (std::size_t at = 0; at < big.size(); at += 65536) {
    ASSERT_TRUE((*staged)->append(std::string_view(big).substr(at, 65536)));
  }
  EXPECT_EQ((*staged)->read(10, 20), big.substr(10, 20));
  const std::vector<Store::Target> targets = {{.account = kAlice}};
  ASSERT_TRUE(store_->deliver(**staged, "X: y\r\n", targets));
  EXPECT_EQ(text(*inbox(), 1), "X: y\r\n" + big);
  staged->reset();
  EXPECT_TRUE(staged_files().empty());
}

TEST_F(DeliveryTest, StagedMessageLeavesNothingBehind) {
  {
    auto staged = store_->stage();
    ASSERT_TRUE((*staged)->append(std::string(Staged::kInMemory + 1, 'x')));
    EXPECT_EQ(staged_files().size(), 1u);
  }
  EXPECT_TRUE(staged_files().empty());
}

TEST_F(DeliveryTest, MessageOverTheLimitIsTooLarge) {
  store_.reset();
  options_.message_size = 1000;
  open_store();
  EXPECT_EQ(store_->stage(1001).error().code, Error::Code::TooLarge);
  auto staged = store_->stage();
  ASSERT_TRUE(staged);
  EXPECT_EQ((*staged)->append(std::string(1001, 'x')).error().code, Error::Code::TooLarge);
}

TEST_F(DeliveryTest, NothingIsAcceptedBelowTheFloorOfFreeSpace) {
  store_.reset();
  options_.free_space = 1 << 20;
  open_store();
  disk_.set_free_space((1 << 20) - 1);
  EXPECT_EQ(store_->stage().error().code, Error::Code::NoSpace);
  disk_.set_free_space(1 << 20);
  EXPECT_TRUE(store_->stage());
}

TEST_F(DeliveryTest, FreeSpaceIsAskedForOnceASecondWhileThereIsPlenty) {
  FreeSpace space(disk_, clock_, root_, 1 << 20);
  disk_.set_free_space(8 << 20);
  EXPECT_TRUE(space.check());
  disk_.set_free_space(0);
  EXPECT_TRUE(space.check());
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(space.check().error().code, Error::Code::NoSpace);
  // Near the floor every time.
  disk_.set_free_space(2 << 20);
  EXPECT_TRUE(space.check());
  disk_.set_free_space(0);
  EXPECT_EQ(space.check().error().code, Error::Code::NoSpace);
}

TEST_F(DeliveryTest, WatchersLearnOfIt) {
  auto watcher = std::make_shared<CountingWatcher>();
  auto mailbox = inbox();
  mailbox->watch(watcher);
  ASSERT_TRUE(deliver("one"));
  EXPECT_EQ(watcher->count, 1);
  EXPECT_EQ(watcher->last, mailbox->view()->highest_modseq());
}

TEST_F(DeliveryTest, NobodyLearnsOfAMessageBeforeItsSync) {
  auto mailbox = inbox();
  bool synced = false;
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call != "sync") return;
    synced = true;
    EXPECT_EQ(mailbox->view()->size(), 0u);
    EXPECT_EQ(mailbox->view()->uid_next(), 1u);
  };
  ASSERT_TRUE(deliver("one"));
  EXPECT_TRUE(synced);
  EXPECT_EQ(mailbox->view()->size(), 1u);
}

TEST_F(DeliveryTest, OneSyncIsEnoughWhereTheFileSystemAllows) {
  auto mailbox = inbox();
  auto count = [&] {
    std::map<std::string, int> calls;
    disk_.before = [&](const std::string& call, const std::string&) { ++calls[call]; };
    EXPECT_TRUE(deliver("one"));
    disk_.before = nullptr;
    return calls;
  };
  const auto normal = count();
  EXPECT_EQ(normal, (std::map<std::string, int>{
                        {"open", 1}, {"write", 1}, {"set_time", 1}, {"rename", 1}, {"sync", 1}}));
  mailbox.reset();
  store_->close();
  store_.reset();
  disk_.set_file_system("btrfs");
  open_store();
  inbox();
  EXPECT_EQ(count()["sync_directory"], 1);
}

TEST_F(DeliveryTest, AnotherFileSystemHasItsDirectoriesSynced) {
  store_.reset();
  disk_.set_file_system("btrfs");
  std::vector<std::string> calls;
  disk_.before = [&](const std::string& call, const std::string& path) {
    if (call == "sync_directory" || call == "remove")
      calls.push_back(call + " " + path.substr(path.rfind('/')));
  };
  open_store();
  inbox();
  for (const char* directory : {"/data", "/accounts", "/example.test", "/alice", "/Maildir"}) {
    EXPECT_NE(std::find(calls.begin(), calls.end(), "sync_directory " + std::string(directory)),
              calls.end())
        << directory;
  }
  // What is adopted as a copy is durable under its name before the original goes.
  calls.clear();
  write_file(folder() + "/Maildir/new/1.lf", "Subject: lf\n\nbody\n");
  ASSERT_TRUE(inbox()->refresh());
  EXPECT_EQ(calls, std::vector<std::string>({"sync_directory /cur", "remove /1.lf"}));
}

TEST_F(DeliveryTest, ManyThreadsPublishInUidOrder) {
  auto mailbox = inbox();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    // Whatever version one sees: UIDs ascend, and none appears below UIDNEXT later.
    auto before = mailbox->view();
    while (!done) {
      auto now = mailbox->view();
      const auto difference = View::difference(*before, *now);
      EXPECT_TRUE(difference.expunged.empty());
      if (difference.added > 0) {
        EXPECT_GE((*now)[now->size() - difference.added].uid, before->uid_next());
      }
      before = now;
    }
  });
  std::vector<std::thread> writers;
  std::atomic<int> failures{0};
  for (int t = 0; t < 8; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        auto text = staged(message(std::to_string(t) + "." + std::to_string(i)));
        const std::vector<Store::Target> both = {{.account = kAlice}, {.account = kBob}};
        const std::vector<Store::Target> reversed = {{.account = kBob}, {.account = kAlice}};
        auto delivered = store_->deliver(*text, "", t % 2 ? both : reversed);
        if (!delivered) {
          ++failures;
          continue;
        }
        for (const auto& d : *delivered) {
          // Acknowledged means visible.
          if (!inbox(d.account)->view()->find(d.uid)) ++failures;
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  reader.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(mailbox->view()->size(), 160u);
  EXPECT_EQ(inbox(kBob)->view()->size(), 160u);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

// Nobody is left with closed databases in his hands, and nobody waits for ever.
TEST_F(DeliveryTest, RemovalOfTheAccountWaitsForDeliveriesUnderWay) {
  inbox();
  std::promise<void> two_are_syncing;
  std::atomic<int> syncing{0}, removing{0};
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call != "sync") return;
    if (++syncing == 2) two_are_syncing.set_value();
    while (removing == 0) std::this_thread::yield();
  };
  auto deliver_one = [&](const std::string& subject) {
    auto text = staged(message(subject));
    const std::vector<Store::Target> targets = {{.account = kAlice}};
    return store_->deliver(*text, "", targets).has_value();
  };
  auto first = std::async(std::launch::async, deliver_one, "a");
  auto second = std::async(std::launch::async, deliver_one, "b");
  two_are_syncing.get_future().wait();
  auto removed = std::async(std::launch::async, [&] {
    ++removing;
    return store_->remove_account(kAlice).has_value();
  });
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_TRUE(removed.get());
  EXPECT_FALSE(std::filesystem::exists(folder()));
}

TEST_F(DeliveryTest, FailedSyncMakesTheAccountReadOnly) {
  ASSERT_TRUE(deliver("before"));
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "sync") disk_.fail_call(1);
  };
  EXPECT_FALSE(deliver("lost"));
  disk_.before = nullptr;
  disk_.fail_call(0);
  EXPECT_EQ(deliver("later").error().code, Error::Code::ReadOnly);
  EXPECT_EQ(files(folder() + "/Maildir/cur").size(), 1u);
  EXPECT_EQ(text(*inbox(), 1), message("before"));
  EXPECT_EQ(findings(), std::vector<std::string>());
  EXPECT_TRUE(deliver("after verify"));
}

// An account may be a mount of its own: nothing can be linked or renamed into it from staging/.
TEST_F(DeliveryTest, AnotherFileSystemGetsAFileOfItsOwn) {
  inbox(kBob);
  disk_.before = [&](const std::string& call, const std::string& path) {
    const bool leaves = call == "rename" && path.starts_with(root_ + "/data/staging/");
    if (leaves || call == "link") disk_.fail_call(1, Error::Code::Limit);
  };
  auto text = staged(message("m"));
  const std::vector<Store::Target> targets = {{.account = kAlice}, {.account = kBob}};
  ASSERT_TRUE(store_->deliver(*text, "", targets));
  text.reset();
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->copy(one, *mailbox("Archive")));
  EXPECT_EQ(this->text(*mailbox("Archive"), 1), message("m"));
  for (const char* address : {kAlice, kBob}) {
    EXPECT_EQ(this->text(*inbox(address), 1), message("m"));
    EXPECT_TRUE(files(folder(address) + "/Maildir/tmp").empty());
    EXPECT_EQ(findings(address), std::vector<std::string>());
  }
  EXPECT_TRUE(staged_files().empty());
}

TEST_F(DeliveryTest, FailedSyncOfASecondFileMakesItsAccountReadOnly) {
  inbox(kBob);
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "link") disk_.fail_call(1, Error::Code::Limit);
    if (call == "sync") disk_.fail_call(1);
  };
  auto text = staged(message("m"));
  const std::vector<Store::Target> targets = {{.account = kAlice}, {.account = kBob}};
  EXPECT_FALSE(store_->deliver(*text, "", targets));
  disk_.before = nullptr;
  EXPECT_EQ(deliver("later").error().code, Error::Code::ReadOnly);
  EXPECT_TRUE(files(folder() + "/Maildir/cur").empty());
}

TEST_F(DeliveryTest, FullDiskIsOnlyTemporary) {
  ASSERT_TRUE(deliver("before"));
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "sync") disk_.fail_call(1, Error::Code::NoSpace);
  };
  EXPECT_EQ(deliver("lost").error().code, Error::Code::NoSpace);
  disk_.before = nullptr;
  disk_.fail_call(0);
  EXPECT_TRUE(deliver("later"));
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{1, "before"}, {3, "later"}}));
}

}  // namespace
}  // namespace waxwing
