#include "storage/message_annotations.h"

#include "storage/account_db.h"
#include "storage/sqlite.h"
#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

constexpr Uid kFirst[] = {1};
constexpr Uid kBoth[] = {1, 2};

AnnotationChange own(std::string entry, std::optional<std::string> value) {
  return {std::move(entry), Whose::Private, std::move(value)};
}
AnnotationChange shared(std::string entry, std::optional<std::string> value) {
  return {std::move(entry), Whose::Shared, std::move(value)};
}

class MessageAnnotationsTest : public StoreTest {
 protected:
  // "1 /comment=x /comment(shared)=y", one for each message that has any.
  static std::vector<std::string> read(Mailbox& mailbox, const AnnotationQuery& query = {}) {
    std::vector<std::string> result;
    const auto done = mailbox.read_annotations(
        uids(mailbox), query, [&](Uid uid, std::span<const MessageAnnotation> annotations) {
          std::string line = std::to_string(uid);
          for (const auto& [entry, whose, value] : annotations) {
            line += " " + entry + (whose == Whose::Shared ? "(shared)=" : "=") + value;
          }
          result.push_back(std::move(line));
          return true;
        });
    EXPECT_TRUE(done) << done.error().text;
    return result;
  }
  using Lines = std::vector<std::string>;

  // Of the account as bob or whoever may use it.
  std::shared_ptr<Account> mail_of(const std::string& address) {
    auto mail = store_->mail_of({address, false});
    EXPECT_TRUE(mail);
    return *mail;
  }
  std::shared_ptr<Mailbox> mailbox_as(const std::string& address, const std::string& name) {
    auto mailbox = mail_of(address)->mailbox(name);
    EXPECT_TRUE(mailbox) << mailbox.error().text;
    return *mailbox;
  }
  void share(const std::string& rights, const std::string& with = kBob) {
    ASSERT_TRUE(account()->change_acl("INBOX", with,
                                      {RightsChange::Mode::Replace, *Rights::parse(rights)}));
  }
  std::uint64_t used(const std::string& address = kAlice) {
    const auto usage = account(address)->usage();
    return usage ? usage->bytes : 0;
  }
  static ModSeq modseq(Mailbox& mailbox, Uid uid) {
    const auto view = mailbox.view();
    return (*view)[*view->find(uid)].modseq;
  }
  // Rows that nobody sees.
  std::int64_t rows(const std::string& address = kAlice) {
    auto database = sqlite::Database::open(folder(address) + "/account.sqlite",
                                           sqlite::Database::Synchronous::Full);
    if (!database) return -1;
    return database
        ->integer(
            "SELECT (SELECT count(*) FROM message_annotations)"
            " + (SELECT count(*) FROM annotated)")
        .value_or(-1);
  }
  static void execute(const std::string& path, const char* sql) {
    auto database = sqlite::Database::open(path, sqlite::Database::Synchronous::Full);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute(sql));
  }
};

TEST_F(MessageAnnotationsTest, AreStoredChangedAndRemoved) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(deliver("two"));
  const auto box = inbox();
  const std::string binary("a\0b", 3);
  ASSERT_TRUE(box->annotate(kBoth, std::vector{own("/comment", "mine"), shared("/comment", "ours"),
                                               own("/vendor/x/y", binary)}));
  EXPECT_EQ(read(*box), (Lines{"1 /comment(shared)=ours /comment=mine /vendor/x/y=" + binary,
                               "2 /comment(shared)=ours /comment=mine /vendor/x/y=" + binary}));
  ASSERT_TRUE(
      box->annotate(kFirst, std::vector{own("/comment", std::nullopt), shared("/comment", "yours"),
                                        own("/vendor/x/y", std::nullopt), own("/altsubject", "")}));
  reopen();
  EXPECT_EQ(read(*inbox()), (Lines{"1 /comment(shared)=yours /altsubject=",
                                   "2 /comment(shared)=ours /comment=mine /vendor/x/y=" + binary}));
  AnnotationQuery query;
  query.is_shared = false;
  query.wants = [](std::string_view entry) { return entry == "/comment"; };
  EXPECT_EQ(read(*inbox(), query), Lines{"2 /comment=mine"});
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(MessageAnnotationsTest, ChangesGiveANewModSeqAndNothingElseDoes) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(deliver("two"));
  const auto box = inbox();
  const ModSeq before = box->view()->highest_modseq();
  const auto changed = box->annotate(kFirst, std::vector{own("/comment", "x")});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->changed, std::vector<Uid>{1});
  EXPECT_GT(changed->modseq, before);
  EXPECT_EQ(modseq(*box, 1), changed->modseq);
  EXPECT_LE(modseq(*box, 2), before);
  // What is so already, or is not there, is no change.
  const auto same =
      box->annotate(kFirst, std::vector{own("/comment", "x"), own("/altsubject", std::nullopt)});
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->changed.empty());
  EXPECT_EQ(modseq(*box, 1), changed->modseq);
  // Nor is what somebody has changed meanwhile.
  const auto late = box->annotate(kBoth, std::vector{own("/comment", "y")}, before);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->conflicts, std::vector<Uid>{1});
  EXPECT_EQ(late->changed, std::vector<Uid>{2});
  EXPECT_EQ(read(*box), (Lines{"1 /comment=x", "2 /comment=y"}));
  const ModSeq last = modseq(*box, 2);
  reopen();
  EXPECT_EQ(modseq(*inbox(), 1), changed->modseq);
  EXPECT_EQ(modseq(*inbox(), 2), last);
}

TEST_F(MessageAnnotationsTest, SurviveARebuildAndACrash) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(deliver("two"));
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", "x")}));
  const ModSeq before = modseq(*inbox(), 1);
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment=x"});
  EXPECT_GE(modseq(*inbox(), 1), before);
  EXPECT_EQ(findings(), std::vector<std::string>());
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", "y")}));
  crash();
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment=y"});
}

// As when a power cut takes the newest of the index, which is not synced, and nothing of
// account.sqlite, which is.
TEST_F(MessageAnnotationsTest, AnOlderIndexLearnsWhatWasAnnotatedSince) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(deliver("two"));
  (void)inbox()->refresh();
  store_->close();
  store_.reset();
  copy_tree(folder() + "/index.sqlite", root_ + "/older");
  open_store();
  const auto changed = inbox()->annotate(kFirst, std::vector{own("/comment", "x")});
  ASSERT_TRUE(changed);
  const ModSeq second = modseq(*inbox(), 2);
  store_.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(folder() + "/index.sqlite" + suffix);
  }
  copy_tree(root_ + "/older", folder() + "/index.sqlite");
  // It says that it was left clean, but by another start of the machine.
  execute(folder() + "/index.sqlite", "UPDATE meta SET value='open' WHERE name='state'");
  open_store();
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment=x"});
  EXPECT_EQ(modseq(*inbox(), 1), changed->modseq);
  EXPECT_EQ(modseq(*inbox(), 2), second);
}

TEST_F(MessageAnnotationsTest, GoWithCopiesAndMovesAndAwayWithTheMessage) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(deliver("two"));
  ASSERT_TRUE(deliver("three"));
  const Uid annotated[] = {1, 3};
  ASSERT_TRUE(
      inbox()->annotate(annotated, std::vector{own("/comment", "x"), shared("/comment", "y")}));
  const std::uint64_t size = used();
  ASSERT_TRUE(inbox()->copy(std::vector<Uid>{1, 2, 3}, *mailbox("Archive")));
  EXPECT_EQ(read(*mailbox("Archive")),
            (Lines{"1 /comment(shared)=y /comment=x", "3 /comment(shared)=y /comment=x"}));
  EXPECT_EQ(used(), 2 * size);
  ASSERT_TRUE(inbox()->move(std::vector<Uid>{2, 3}, *mailbox("Trash")));
  EXPECT_EQ(read(*mailbox("Trash")), Lines{"2 /comment(shared)=y /comment=x"});
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment(shared)=y /comment=x"});
  EXPECT_EQ(used(), 2 * size);
  ASSERT_TRUE(inbox()->move(kFirst, *inbox()));
  EXPECT_EQ(read(*inbox()), Lines{"4 /comment(shared)=y /comment=x"});
  ASSERT_TRUE(account()->rename("INBOX", "Old"));
  EXPECT_EQ(read(*mailbox("Old")), Lines{"1 /comment(shared)=y /comment=x"});
  crash();
  EXPECT_EQ(read(*mailbox("Old")), Lines{"1 /comment(shared)=y /comment=x"});
  EXPECT_EQ(read(*mailbox("Trash")), Lines{"2 /comment(shared)=y /comment=x"});
  ASSERT_TRUE(account()->remove("Archive"));
  ASSERT_TRUE(account()->remove("Old"));
  ASSERT_TRUE(mailbox("Trash")->expunge(std::vector<Uid>{1, 2}, Mailbox::Expunge::Any));
  EXPECT_EQ(used(), 0u);
  EXPECT_EQ(rows(), 0);
}

TEST_F(MessageAnnotationsTest, ComeWithAppendedMessagesAndNotFromReplacedOnes) {
  auto one = staged(message("one")), two = staged(message("two"));
  Mailbox::AppendOptions options;
  options.annotations = {own("/comment", "x"), own("/altsubject", std::nullopt),
                         own("/comment", "later"), shared("/1/flags/seen", "1")};
  const std::vector<Mailbox::NewMessage> messages = {{one.get(), options}, {two.get(), {}}};
  ASSERT_TRUE(mailbox("Archive")->append(messages));
  crash();
  EXPECT_EQ(read(*mailbox("Archive")), Lines{"1 /1/flags/seen(shared)=1 /comment=later"});
  auto three = staged(message("three"));
  ASSERT_TRUE(mailbox("Archive")->replace(1, {three.get(), {}}, *mailbox("Archive")));
  EXPECT_EQ(read(*mailbox("Archive")), Lines());
  EXPECT_EQ(rows(), 0);
}

TEST_F(MessageAnnotationsTest, WhatComesToNothingLeavesNothing) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", "x")}));
  const std::int64_t before = rows();
  int appended = 0, copied = 0;
  for (int call = 1;; ++call) {
    reopen();
    const std::size_t messages = mailbox("Archive")->view()->size();
    const auto annotated = read(*mailbox("Archive")).size();
    disk_.fail_call(call);
    auto text = staged(message("new"));
    Mailbox::AppendOptions options;
    options.annotations = {own("/comment", "y")};
    const bool was_appended = mailbox("Archive")->append(*text, options).has_value();
    const bool was_copied = inbox()->copy(kFirst, *mailbox("Archive")).has_value();
    const bool struck = disk_.calls() >= call;
    disk_.fail_call(0);
    appended += was_appended;
    copied += was_copied;
    const std::size_t more = (was_appended ? 1u : 0u) + (was_copied ? 1u : 0u);
    EXPECT_EQ(mailbox("Archive")->view()->size(), messages + more) << call;
    // Every message that is there has its annotation.
    EXPECT_EQ(read(*mailbox("Archive")).size(), annotated + more) << call;
    if (!struck) break;
  }
  EXPECT_GT(appended, 1);
  EXPECT_GT(copied, 1);
  EXPECT_EQ(rows(), before + 2 * static_cast<std::int64_t>(read(*mailbox("Archive")).size()));
}

// The crash comes at every moment of an APPEND and of a COPY.
TEST_F(MessageAnnotationsTest, NoMessageIsSeenWithoutItsAnnotationsAfterACrash) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", "x")}));
  int at = 0, seen = 0;
  for (int call = 1; call < 200; ++call) {
    const std::string copy = root_ + "/copy";
    bool is_copied = false;
    at = 0;
    disk_.before = [&](const std::string&, const std::string&) {
      if (++at != call) return;
      copy_tree(root_ + "/data", copy);
      is_copied = true;
    };
    auto text = staged(message("new"));
    Mailbox::AppendOptions options;
    options.annotations = {own("/comment", "y")};
    ASSERT_TRUE(mailbox("Archive")->append(*text, options));
    ASSERT_TRUE(inbox()->copy(kFirst, *mailbox("Trash")));
    text.reset();
    disk_.before = nullptr;
    if (!is_copied) break;
    go_on_with(copy);
    for (const char* name : {"Archive", "Trash"}) {
      EXPECT_EQ(read(*mailbox(name)).size(), mailbox(name)->view()->size()) << call << " " << name;
    }
    seen += static_cast<int>(mailbox("Archive")->view()->size());
    // Nothing is kept for messages that never came to be: of each a note and a value.
    const auto all =
        read(*inbox()).size() + read(*mailbox("Archive")).size() + read(*mailbox("Trash")).size();
    EXPECT_EQ(rows(), 2 * static_cast<std::int64_t>(all)) << call;
  }
  EXPECT_GT(seen, 0);
}

TEST_F(MessageAnnotationsTest, PrivateOnesAreTheirUsersAlone) {
  ASSERT_TRUE(deliver("one"));
  share("lr");
  const auto bobs = mailbox_as(kBob, "Users/alice@example.test/INBOX");
  ASSERT_TRUE(
      inbox()->annotate(kFirst, std::vector{own("/comment", "a"), shared("/comment", "s")}));
  ASSERT_TRUE(bobs->annotate(kFirst, std::vector{own("/comment", "b")}));
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment(shared)=s /comment=a"});
  EXPECT_EQ(read(*bobs), Lines{"1 /comment(shared)=s /comment=b"});
  EXPECT_EQ(bobs->annotate(kFirst, std::vector{shared("/comment", "t")}).error().code,
            Error::Code::Denied);
  share("lrn");
  ASSERT_TRUE(bobs->annotate(kFirst, std::vector{shared("/comment", "t")}));
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment(shared)=t /comment=a"});
  // A copy has what is everybody's, and what is of the one who makes it.
  ASSERT_TRUE(bobs->copy(kFirst, *mailbox_as(kBob, "Archive")));
  EXPECT_EQ(read(*mailbox("Archive", kBob)), Lines{"1 /comment(shared)=t /comment=b"});
  share("li");
  EXPECT_FALSE(bobs->read_annotations(kFirst, {}, [](Uid, auto) { return true; }));
  // Where he may put messages and not read them, nor annotate for all, neither goes along.
  ASSERT_TRUE(mailbox_as(kBob, "Archive")->copy(kFirst, *bobs));
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment(shared)=t /comment=a"});
  auto text = staged(message("new"));
  Mailbox::AppendOptions options;
  options.annotations = {shared("/comment", "x")};
  EXPECT_EQ(bobs->append(*text, options).error().code, Error::Code::Denied);
}

TEST_F(MessageAnnotationsTest, GoWithTheAccountThatMadeThem) {
  ASSERT_TRUE(deliver("one"));
  // Not by name: nobody would look for him here.
  share("lr", "anyone");
  ASSERT_TRUE(mailbox_as(kBob, "Users/alice@example.test/INBOX")
                  ->annotate(kFirst, std::vector{own("/comment", "b")}));
  ASSERT_TRUE(store_->rename_account(kBob, "robert@example.test"));
  EXPECT_EQ(read(*mailbox_as("robert@example.test", "Users/alice@example.test/INBOX")),
            Lines{"1 /comment=b"});
  EXPECT_EQ(read(*mailbox_as(kBob, "Users/alice@example.test/INBOX")), Lines());
  // Also when who knows whom had to be found out anew.
  store_->close();
  store_.reset();
  std::filesystem::remove(root_ + "/data/shares.sqlite");
  open_store();
  ASSERT_TRUE(store_->remove_account("robert@example.test"));
  EXPECT_EQ(read(*mailbox_as("robert@example.test", "Users/alice@example.test/INBOX")), Lines());
  // The owner's own stay his under another name.
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", "a")}));
  ASSERT_TRUE(store_->rename_account(kAlice, "alina@example.test"));
  EXPECT_EQ(read(*inbox("alina@example.test")), Lines{"1 /comment=a"});
}

TEST_F(MessageAnnotationsTest, AreNoMoreThanAMessageMayHave) {
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(deliver("two"));
  std::vector<AnnotationChange> most;
  for (std::size_t n = 0; n < kMaxMessageAnnotations; ++n) {
    most.push_back(own("/vendor/x/" + std::to_string(n), "v"));
  }
  ASSERT_TRUE(inbox()->annotate(kFirst, most));
  // Those for all, and those of another user, are counted by themselves.
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{shared("/comment", "x")}));
  const auto before = inbox()->view()->highest_modseq();
  EXPECT_EQ(inbox()->annotate(kBoth, std::vector{own("/comment", "x")}).error().code,
            Error::Code::Limit);
  EXPECT_EQ(inbox()->view()->highest_modseq(), before);
  EXPECT_EQ(read(*inbox()).size(), 1u);
  ASSERT_TRUE(inbox()->annotate(
      kFirst, std::vector{own("/comment", "x"), own("/vendor/x/0", std::nullopt)}));
  most.push_back(own("/comment", "x"));
  auto text = staged(message("new"));
  Mailbox::AppendOptions options;
  options.annotations = most;
  EXPECT_EQ(inbox()->append(*text, options).error().code, Error::Code::Limit);
}

class FixedQuota final : public Quotas {
 public:
  Result<QuotaLimits> limits(std::string_view) override { return limits_; }
  QuotaLimits limits_;
};

TEST_F(MessageAnnotationsTest, CountTowardTheQuotaToTheOctet) {
  FixedQuota quota;
  store_.reset();
  options_.quotas = &quota;
  open_store();
  ASSERT_TRUE(deliver("one"));
  const std::uint64_t size = used();
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", std::string(1000, 'x'))}));
  EXPECT_EQ(used(), size + 1008);
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", std::string(500, 'x'))}));
  EXPECT_EQ(used(), size + 508);
  quota.limits_.bytes = size + 600;
  EXPECT_EQ(
      inbox()->annotate(kFirst, std::vector{shared("/comment", std::string(85, 'x'))}).error().code,
      Error::Code::OverQuota);
  EXPECT_EQ(used(), size + 508);
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{shared("/comment", std::string(84, 'x'))}));
  // Less is possible where there is too much.
  quota.limits_.bytes = size;
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", "x")}));
  // Copies count with all they have.
  quota.limits_.bytes = 2 * used() - 1;
  EXPECT_EQ(inbox()->copy(kFirst, *mailbox("Archive")).error().code, Error::Code::OverQuota);
  quota.limits_.bytes = 2 * used();
  ASSERT_TRUE(inbox()->copy(kFirst, *mailbox("Archive")));
  EXPECT_EQ(used(), quota.limits_.bytes);
  auto text = staged(message("new"));
  Mailbox::AppendOptions options;
  options.annotations = {own("/comment", std::string(100, 'x'))};
  quota.limits_.bytes = used() + text->size() + 107;
  EXPECT_EQ(inbox()->append(*text, options).error().code, Error::Code::OverQuota);
  quota.limits_.bytes += 1;
  ASSERT_TRUE(inbox()->append(*text, options));
}

TEST_F(MessageAnnotationsTest, ManyAndLongOnesAreReadInSlices) {
  std::vector<std::unique_ptr<Staged>> texts;
  std::vector<Mailbox::NewMessage> messages;
  for (int n = 0; n < 400; ++n) {
    texts.push_back(staged(message("m")));
    messages.push_back({texts.back().get(), {}});
  }
  ASSERT_TRUE(mailbox("Archive")->append(messages));
  const auto box = mailbox("Archive");
  ASSERT_TRUE(box->annotate(uids(*box), std::vector{own("/comment", std::string(60'000, 'x'))}));
  EXPECT_EQ(read(*box).size(), 400u);
  // In any order, some of them, and no further than somebody wants.
  std::vector<Uid> some = {400, 7, 3, 1000};
  std::vector<Uid> visited;
  ASSERT_TRUE(box->read_annotations(some, {}, [&](Uid uid, auto) {
    visited.push_back(uid);
    return visited.size() < 2;
  }));
  EXPECT_EQ(visited, (std::vector<Uid>{3, 7}));
}

TEST_F(MessageAnnotationsTest, WhoHasTheMailboxOpenLearnsWhichHaveChanged) {
  class Idle final : public Watcher {
   public:
    void moved(MailboxId, ModSeq) override {}
  };
  ASSERT_TRUE(deliver("one"));
  ASSERT_TRUE(deliver("two"));
  share("lrn");
  const auto bobs = mailbox_as(kBob, "Users/alice@example.test/INBOX");
  auto watcher = std::make_shared<Idle>();
  inbox()->watch(watcher);
  const ModSeq start = inbox()->view()->highest_modseq();
  const auto one = inbox()->annotate(
      kBoth,
      std::vector{own("/comment", "a"), shared("/comment", "s"), own("/altsubject", std::nullopt)});
  const auto two = bobs->annotate(kFirst, std::vector{own("/altsubject", "b")});
  ASSERT_TRUE(one && two);
  const auto seen = inbox()->annotated_since(start);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].modseq, one->modseq);
  EXPECT_EQ(*seen[0].uids, (std::vector<Uid>{1, 2}));
  EXPECT_EQ(seen[0].entries, std::vector<std::string>{"/comment"});
  const auto his = bobs->annotated_since(start);
  ASSERT_EQ(his.size(), 2u);
  EXPECT_EQ(his[0].entries, std::vector<std::string>{"/comment"});
  EXPECT_EQ(his[1].entries, std::vector<std::string>{"/altsubject"});
  EXPECT_EQ(bobs->annotated_since(one->modseq).size(), 1u);
  EXPECT_TRUE(bobs->annotated_since(two->modseq).empty());
}

TEST(AnnotationLog, RemembersTheLast) {
  AnnotationLog log;
  const std::vector changes = {shared("/comment", "x")};
  for (ModSeq modseq = 1; modseq <= 10'000; ++modseq) log.note(modseq, {1}, "owner", changes);
  const auto all = log.since(0, "owner");
  ASSERT_FALSE(all.empty());
  EXPECT_LT(all.size(), 10'000u);
  EXPECT_EQ(all.back().modseq, 10'000u);
  EXPECT_EQ(log.since(9'999, "owner").size(), 1u);
  // However many messages one change is of.
  log.note(10'001, std::vector<Uid>(300'000, 1), "owner", changes);
  EXPECT_EQ(log.since(0, "owner").size(), 1u);
}

// What a database of the version before has is there after it.
TEST_F(MessageAnnotationsTest, AnAccountOfBeforeGetsRoomForThem) {
  ASSERT_TRUE(deliver("one"));
  store_->close();
  store_.reset();
  execute(
      folder() + "/account.sqlite",
      "DROP TABLE message_annotations; DROP TABLE annotated; DROP TABLE annotators; DROP TABLE "
      "private_annotations;"
      "DELETE FROM marks WHERE name IN ('annotation_bytes', 'account'); PRAGMA user_version=4;");
  open_store();
  ASSERT_TRUE(inbox()->annotate(kFirst, std::vector{own("/comment", "x")}));
  EXPECT_EQ(read(*inbox()), Lines{"1 /comment=x"});
}

}  // namespace
}  // namespace waxwing
