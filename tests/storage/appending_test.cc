#include <sys/stat.h>

#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

class AppendingTest : public StoreTest {
 protected:
  Result<std::vector<Uid>> append(const std::string& name, const std::vector<std::string>& subjects,
                                  const Mailbox::AppendOptions& options = {}) {
    std::vector<std::unique_ptr<Staged>> staged_messages;
    std::vector<Mailbox::NewMessage> messages;
    for (const auto& subject : subjects) {
      staged_messages.push_back(staged(message(subject)));
      messages.push_back({staged_messages.back().get(), options});
    }
    return mailbox(name)->append(messages);
  }
  Result<Uid> replace(Uid uid, const std::string& subject, Mailbox& from, Mailbox& to) {
    auto text = staged(message(subject));
    return from.replace(uid, {text.get(), {}}, to);
  }
};

TEST_F(AppendingTest, SeveralGetUidsInTheirOrder) {
  const auto uids = append("Archive", {"one", "two", "three"});
  ASSERT_TRUE(uids) << uids.error().text;
  EXPECT_EQ(*uids, (std::vector<Uid>{1, 2, 3}));
  reopen();
  EXPECT_EQ(subjects(*mailbox("Archive")),
            (std::map<Uid, std::string>{{1, "one"}, {2, "two"}, {3, "three"}}));
  EXPECT_TRUE(staged_files().empty());
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(AppendingTest, SeveralBecomeVisibleAtOnce) {
  const auto before = mailbox("Archive")->view();
  class Counting final : public Watcher {
   public:
    void moved(MailboxId, ModSeq) override { ++count; }
    int count = 0;
  };
  auto watcher = std::make_shared<Counting>();
  mailbox("Archive")->watch(watcher);
  ASSERT_TRUE(append("Archive", {"one", "two", "three"}));
  EXPECT_EQ(watcher->count, 1);
  EXPECT_EQ(before->size(), 0u);
  EXPECT_EQ(mailbox("Archive")->view()->size(), 3u);
}

TEST_F(AppendingTest, KeywordsThatDoNotAllFitAreNotMade) {
  std::vector<std::string> many;
  for (int n = 0; n < Flags::kMaxKeywords; ++n) many.push_back("k" + std::to_string(n));
  auto one = staged(message("one")), two = staged(message("two"));
  const std::vector<Mailbox::NewMessage> messages = {
      {one.get(), {{FlagChange::Mode::Replace, 0, many}, {}}},
      {two.get(), {{FlagChange::Mode::Replace, 0, {"more"}}, {}}}};
  EXPECT_EQ(mailbox("Archive")->append(messages).error().code, Error::Code::Limit);
  EXPECT_TRUE(mailbox("Archive")->view()->keywords().empty());
  EXPECT_EQ(mailbox("Archive")->view()->size(), 0u);
  one.reset();
  two.reset();
  EXPECT_TRUE(staged_files().empty());
}

TEST_F(AppendingTest, WhatIsPutAwayKeepsNoMemoryAndNoFileOpen) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = open_files();
  std::vector<std::unique_ptr<Staged>> away;
  std::vector<Mailbox::NewMessage> messages;
  for (int n = 0; n < 50; ++n) {
    // Some were in memory, some in a file, and of some the header is too much to keep.
    std::string text = message("number " + std::to_string(n));
    if (n % 3 == 1) text += std::string(300'000, 'x');
    if (n % 3 == 2) text = "X-Long: " + std::string(20'000, 'x') + "\r\n" + text;
    away.push_back(staged(text));
    ASSERT_TRUE(away.back()->put_away());
    EXPECT_FALSE(away.back()->fits_in_memory(1));
    messages.push_back({away.back().get(), {}});
  }
  EXPECT_EQ(open_files(), before);
  EXPECT_EQ(staged_files().size(), 50u);
  ASSERT_TRUE(mailbox("Archive")->append(messages));
  EXPECT_TRUE(staged_files().empty());
  const auto all = subjects(*mailbox("Archive"));
  ASSERT_EQ(all.size(), 50u);
  EXPECT_EQ(all.at(1), "number 0");
  EXPECT_EQ(all.at(3), "number 2");
  EXPECT_EQ(all.at(50), "number 49");
}

TEST_F(AppendingTest, WhatIsPutAwayAndNotDeliveredIsRemoved) {
  auto text = staged(message("one"));
  ASSERT_TRUE(text->put_away());
  EXPECT_EQ(staged_files().size(), 1u);
  text.reset();
  EXPECT_TRUE(staged_files().empty());
}

TEST_F(AppendingTest, AnotherFileSystemGetsACopy) {
  int copied = 0;
  for (int call = 1;; ++call) {
    // A sync that fails makes an account read-only until then.
    reopen();
    const std::size_t before = mailbox("Archive")->view()->size();
    disk_.fail_call(call, Error::Code::Limit, FaultyDisk::Then::Recovered);
    const auto uids = append("Archive", {"one", "two"});
    const bool struck = disk_.calls() >= call;
    const bool is_rename = disk_.failed().starts_with("rename");
    disk_.fail_call(0);
    EXPECT_EQ(mailbox("Archive")->view()->size(), before + (uids ? 2 : 0)) << call;
    EXPECT_TRUE(staged_files().empty());
    if (!struck) break;
    if (!uids || !is_rename) continue;
    ++copied;
    EXPECT_EQ(text(*mailbox("Archive"), uids->at(0)), message("one"));
    EXPECT_EQ(text(*mailbox("Archive"), uids->at(1)), message("two"));
  }
  EXPECT_EQ(copied, 2);
}

TEST_F(AppendingTest, ReplacingIsOneChange) {
  for (const char* subject : {"one", "two", "three"}) ASSERT_TRUE(deliver(subject));
  auto box = inbox();
  const auto before = box->view();
  class Sizes final : public Watcher {
   public:
    explicit Sizes(Mailbox& mailbox) : mailbox_(mailbox) {}
    void moved(MailboxId, ModSeq) override { seen.push_back(mailbox_.view()->size()); }
    std::vector<std::size_t> seen;

   private:
    Mailbox& mailbox_;
  };
  auto sizes = std::make_shared<Sizes>(*box);
  box->watch(sizes);
  const auto uid = replace(2, "new", *box, *box);
  ASSERT_TRUE(uid) << uid.error().text;
  EXPECT_EQ(*uid, 4u);
  EXPECT_EQ(sizes->seen, (std::vector<std::size_t>{3}));
  EXPECT_EQ(subjects(*box), (std::map<Uid, std::string>{{1, "one"}, {3, "three"}, {4, "new"}}));
  EXPECT_EQ(files(folder() + "/Maildir/cur").size(), 3u);
  const auto usage = account()->usage();
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->messages, 3u);
  EXPECT_EQ(box->expunged_since(before->highest_modseq())->value(), std::vector<Uid>{2});
  crash();
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{1, "one"}, {3, "three"}, {4, "new"}}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(AppendingTest, ReplacingMayChangeTheMailbox) {
  for (const char* subject : {"one", "two"}) ASSERT_TRUE(deliver(subject));
  ASSERT_EQ(replace(1, "sent", *inbox(), *mailbox("Sent")), 1u);
  EXPECT_EQ(subjects(*inbox()), (std::map<Uid, std::string>{{2, "two"}}));
  EXPECT_EQ(subjects(*mailbox("Sent")), (std::map<Uid, std::string>{{1, "sent"}}));
}

TEST_F(AppendingTest, WhatIsGoneIsNotReplaced) {
  ASSERT_TRUE(deliver("one"));
  auto box = inbox();
  const std::vector<Uid> first = {1};
  ASSERT_TRUE(box->expunge(first, Mailbox::Expunge::Any));
  EXPECT_EQ(replace(1, "new", *box, *box).error().code, Error::Code::Cancelled);
  EXPECT_EQ(replace(1, "new", *box, *mailbox("Sent")).error().code, Error::Code::Cancelled);
  EXPECT_EQ(box->view()->size(), 0u);
  EXPECT_EQ(mailbox("Sent")->view()->size(), 0u);
  EXPECT_TRUE(files(folder() + "/Maildir/cur").empty());
  EXPECT_TRUE(staged_files().empty());
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(AppendingTest, AFullAccountTakesAllOrNothingAndReplaces) {
  class Limits final : public Quotas {
   public:
    Result<QuotaLimits> limits(std::string_view) override { return now; }
    QuotaLimits now;
  } limits;
  options_.quotas = &limits;
  reopen();
  ASSERT_TRUE(deliver("one"));
  limits.now.messages = 2;
  EXPECT_EQ(append("Archive", {"two", "three"}).error().code, Error::Code::OverQuota);
  EXPECT_EQ(mailbox("Archive")->view()->size(), 0u);
  ASSERT_TRUE(append("Archive", {"two"}));
  // What leaves makes room for what comes.
  EXPECT_EQ(append("Archive", {"three"}).error().code, Error::Code::OverQuota);
  EXPECT_EQ(replace(1, "three", *mailbox("Archive"), *mailbox("Archive")), 2u);
  limits.now = {.bytes = account()->usage()->bytes, .messages = 0};
  EXPECT_EQ(replace(2, "four.", *mailbox("Archive"), *inbox()), 2u);
  EXPECT_EQ(replace(2, "a longer subject", *inbox(), *inbox()).error().code,
            Error::Code::OverQuota);
  EXPECT_EQ(inbox()->view()->size(), 2u);
  store_->close();
  store_.reset();
}

TEST_F(AppendingTest, ReplacesIntoAnotherAccountAsAMoveDoes) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(replace(1, "new", *inbox(), *inbox(kBob)));
  EXPECT_EQ(inbox()->view()->size(), 0u);
  EXPECT_EQ(inbox(kBob)->view()->size(), 1u);
  // What is gone meanwhile is not replaced there either.
  EXPECT_EQ(replace(1, "new", *inbox(), *inbox(kBob)).error().code, Error::Code::Cancelled);
  EXPECT_EQ(inbox(kBob)->view()->size(), 1u);
}

}  // namespace
}  // namespace waxwing
