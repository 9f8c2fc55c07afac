#include <gmock/gmock.h>

#include <bit>

#include "storage/keywords.h"
#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

using MailboxTest = StoreTest;

std::vector<std::string> names(Account& account) {
  std::vector<std::string> result;
  const auto infos = account.mailboxes();
  for (const auto& info : *infos) result.push_back(info.name);
  return result;
}

TEST_F(MailboxTest, NewAccountHasWhatClientsExpect) {
  EXPECT_EQ(names(*account()),
            std::vector<std::string>({"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"}));
  const auto infos = account()->mailboxes();
  for (const auto& info : *infos) EXPECT_TRUE(info.subscribed && info.exists) << info.name;
  EXPECT_EQ(account()->special(SpecialUse::Sent), "Sent");
  EXPECT_EQ(account()->special(SpecialUse::All).error().code, Error::Code::NotFound);
}

TEST_F(MailboxTest, AppendKeepsFlagsAndDate) {
  const std::int64_t begun = unix_seconds(SystemClock().now());
  auto text = staged(message("draft"));
  Mailbox::AppendOptions options;
  options.flags = add_flags(Flags::kSeen | Flags::kDraft, {"$Label1", "work"});
  options.internal_date = from_unix_seconds(1'600'000'000);
  ASSERT_EQ(mailbox("Drafts")->append(*text, options), 1u);
  for (int round = 0; round < 2; ++round) {
    const auto view = mailbox("Drafts")->view();
    ASSERT_EQ(view->size(), 1u);
    EXPECT_EQ((*view)[0].internal_date, 1'600'000'000);
    // After a rebuild it is when the file came into its folder, by the machine's clock.
    const auto saved = (*view)[0].save_date;
    EXPECT_TRUE(round == 0 ? saved == unix_seconds(clock_.now()) : saved >= begun) << saved;
    EXPECT_TRUE((*view)[0].flags.has(Flags::kSeen | Flags::kDraft));
    EXPECT_EQ(view->keywords(), std::vector<std::string>({"$Label1", "work"}));
    EXPECT_TRUE((*view)[0].flags.has_keyword(1));
    ASSERT_TRUE(store_->rebuild(kAlice));
  }
}

TEST_F(MailboxTest, FlagsChangeByTheirRules) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  auto mailbox = inbox();
  const std::vector<Uid> both = {1, 2, 77}, first = {1};
  auto changed = mailbox->change_flags(first, add_flags(Flags::kSeen, {"Red"}));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->changed, first);
  const ModSeq before = changed->modseq - 1;
  changed = mailbox->change_flags(both, add_flags(Flags::kFlagged, {"rED"}), before);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->changed, std::vector<Uid>({2}));
  EXPECT_EQ(changed->conflicts, first);
  EXPECT_EQ(mailbox->view()->keywords(), std::vector<std::string>({"Red"}));
  changed = mailbox->change_flags(both, {FlagChange::Mode::Replace, Flags::kDeleted, {}});
  EXPECT_EQ(changed->changed, std::vector<Uid>({1, 2}));
  EXPECT_EQ((*mailbox->view())[0].flags, Flags{Flags::kDeleted});
  changed = mailbox->change_flags(both, {FlagChange::Mode::Remove, Flags::kDeleted, {"unknown"}});
  EXPECT_EQ((*mailbox->view())[1].flags, Flags{});
  EXPECT_EQ(mailbox->view()->highest_modseq(), changed->modseq);
  changed = mailbox->change_flags(both, {FlagChange::Mode::Remove, Flags::kDeleted, {}});
  EXPECT_TRUE(changed->changed.empty());
}

TEST_F(MailboxTest, MoreKeywordsThanAMessageCanHaveAreALimit) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  std::vector<std::string> keywords;
  for (std::size_t i = 0; i + 1 < kMostOtherKeywords; ++i) {
    keywords.push_back("k" + std::to_string(i));
  }
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(0, keywords)));
  // All of them or none.
  EXPECT_EQ(inbox()->change_flags(one, add_flags(0, {"last", "one more"})).error().code,
            Error::Code::Limit);
  EXPECT_EQ(inbox()->view()->keywords().size(), keywords.size());
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(0, {"last", "LAST"})));
  EXPECT_EQ(inbox()->change_flags(one, add_flags(0, {"one more"})).error().code,
            Error::Code::Limit);
  // Those without a letter survive the index, too.
  const Flags flags = (*inbox()->view())[0].flags;
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ((*inbox()->view())[0].flags, flags);
}

TEST_F(MailboxTest, KeywordsThatProgramsLookForAlwaysFit) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  std::vector<std::string> keywords;
  for (std::size_t i = 0; i < kMostOtherKeywords; ++i) keywords.push_back("k" + std::to_string(i));
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(0, keywords)));
  ASSERT_TRUE(
      inbox()->change_flags(one, add_flags(0, {"$junk", "$NotJunk", "$MDNSent", "$Forwarded"})));
  EXPECT_EQ(inbox()->change_flags(one, add_flags(0, {"one.more"})).error().code,
            Error::Code::Limit);
}

TEST_F(MailboxTest, KeywordsOfNoMessageMakeRoomWhenTheMailboxIsOpenedNext) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  const std::vector<Uid> one = {1}, two = {2};
  const auto add = [&](const std::vector<Uid>& uids, const std::string& keyword) {
    return inbox()->change_flags(uids, add_flags(0, {keyword})).has_value();
  };
  for (std::size_t i = 0; i < kMostOtherKeywords; ++i) {
    const std::string keyword = "k" + std::to_string(i);
    ASSERT_TRUE(add(one, keyword));
    // 5 has a letter in the name of the file, 40 is in account.sqlite.
    if (i == 5 || i == 40) continue;
    ASSERT_TRUE(inbox()->change_flags(one, {FlagChange::Mode::Remove, 0, {keyword}}));
  }
  EXPECT_FALSE(add(two, "new"));
  reopen();
  EXPECT_EQ(count_keywords(inbox()->view()->keywords()), 2u);
  for (std::size_t i = 0; i + 2 < kMostOtherKeywords; ++i) {
    ASSERT_TRUE(add(two, "n" + std::to_string(i))) << i;
  }
  EXPECT_FALSE(add(two, "one.more"));
  const Flags first = (*inbox()->view())[0].flags, second = (*inbox()->view())[1].flags;
  reopen();
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ((*inbox()->view())[0].flags, first);
  EXPECT_EQ((*inbox()->view())[1].flags, second);
  const auto keywords = inbox()->view()->keywords();
  EXPECT_TRUE(first.has_keyword(static_cast<int>(find_keyword(keywords, "k5"))));
  EXPECT_TRUE(first.has_keyword(static_cast<int>(find_keyword(keywords, "k40"))));
  EXPECT_EQ(std::popcount(first.bits), 2);
  EXPECT_TRUE(second.has_keyword(static_cast<int>(find_keyword(keywords, "n0"))));
}

// What a crash left in a name would come back as another keyword.
TEST_F(MailboxTest, KeywordThatANameStillHasMakesNoRoom) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  std::vector<std::string> keywords;
  for (std::size_t i = 0; i < kMostOtherKeywords; ++i) keywords.push_back("k" + std::to_string(i));
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(0, keywords)));
  reopen();
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "rename") disk_.fail_call(1);
  };
  ASSERT_TRUE(inbox()->change_flags(one, {FlagChange::Mode::Remove, 0, keywords}));
  crash();
  EXPECT_GE(count_keywords(inbox()->view()->keywords()), 26u);
  EXPECT_EQ((*inbox()->view())[0].flags.bits, 0u);
}

TEST_F(MailboxTest, KeywordIsNotLongerThanClientsReadInALine) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  EXPECT_TRUE(inbox()->change_flags(one, add_flags(0, {std::string(kMaxKeyword, 'k')})));
  EXPECT_EQ(
      inbox()->change_flags(one, add_flags(0, {std::string(kMaxKeyword + 1, 'k')})).error().code,
      Error::Code::Limit);
}

TEST_F(MailboxTest, ChangeThatMeetsNoMessageMakesNoKeyword) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1}, none = {9};
  const auto outcome = inbox()->change_flags(one, add_flags(0, {"failed"}), ModSeq{1});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->conflicts, one);
  ASSERT_TRUE(inbox()->change_flags(none, add_flags(0, {"failed"})));
  EXPECT_TRUE(inbox()->view()->keywords().empty());
}

TEST_F(MailboxTest, CopyLeavesKeywordsBehindThatDoNotFit) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  std::vector<std::string> keywords;
  for (std::size_t i = 0; i < kMostOtherKeywords; ++i) keywords.push_back("k" + std::to_string(i));
  auto full = staged(message("full"));
  ASSERT_TRUE(mailbox("Archive")->append(*full, {add_flags(0, keywords), {}}));
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(Flags::kSeen, {"k7", "own"})));
  ASSERT_TRUE(inbox()->copy(one, *mailbox("Archive")));
  const auto view = mailbox("Archive")->view();
  Flags expected{Flags::kSeen};
  expected.bits |= std::uint64_t{1} << (Flags::kFirstKeyword + 7);
  EXPECT_EQ((*view)[1].flags, expected);
}

TEST_F(MailboxTest, FlagsSettleInFileNames) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(Flags::kSeen | Flags::kAnswered, {"x", "y"})));
  EXPECT_TRUE(files(folder() + "/Maildir/cur")[0].ends_with(":2,"));
  EXPECT_EQ(text(*inbox(), 1), message("a"));
  reopen();
  EXPECT_TRUE(files(folder() + "/Maildir/cur")[0].ends_with(":2,RSab"));
  EXPECT_EQ(text(*inbox(), 1), message("a"));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(MailboxTest, ExpungeTakesOnlyWhatIsDeleted) {
  for (const char* subject : {"a", "b", "c"}) ASSERT_TRUE(deliver(subject));
  auto mailbox = inbox();
  auto opened = mailbox->open(2);
  ASSERT_TRUE(opened);
  const std::vector<Uid> all = {3, 2, 1, 2}, second = {2};
  const ModSeq before = mailbox->view()->highest_modseq();
  ASSERT_TRUE(mailbox->change_flags(second, add_flags(Flags::kDeleted)));
  EXPECT_EQ(mailbox->expunge(all, Mailbox::Expunge::Deleted), std::vector<Uid>({2}));
  EXPECT_EQ(uids(*mailbox), std::vector<Uid>({1, 3}));
  EXPECT_EQ(files(folder() + "/Maildir/cur").size(), 2u);
  // Who has it open reads on.
  EXPECT_EQ(SystemDisk().read(*opened->file, 0, opened->size), message("b"));
  EXPECT_EQ(mailbox->open(2).error().code, Error::Code::NotFound);
  EXPECT_EQ(mailbox->expunged_since(before).value(), std::optional(std::vector<Uid>({2})));
  EXPECT_EQ(mailbox->expunged_since(mailbox->view()->highest_modseq()).value(),
            std::optional(std::vector<Uid>()));
  EXPECT_EQ(mailbox->expunge(all, Mailbox::Expunge::Any), std::vector<Uid>({1, 3}));
  EXPECT_EQ(findings(), std::vector<std::string>());
  ASSERT_TRUE(deliver("d"));
  EXPECT_EQ(uids(*mailbox), std::vector<Uid>({4}));
}

TEST_F(MailboxTest, CopyKeepsWhatBelongsToTheMessage) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  const std::vector<Uid> both = {1, 2}, second = {2};
  ASSERT_TRUE(inbox()->change_flags(second, add_flags(Flags::kSeen, {"x"})));
  const std::vector<Uid> none = {9};
  auto text = staged(message("there"));
  ASSERT_TRUE(mailbox("Archive")->append(*text, {add_flags(0, {"y"}), {}}));
  auto copied = inbox()->copy(both, *mailbox("Archive"));
  ASSERT_TRUE(copied) << copied.error().text;
  EXPECT_EQ(copied->uid_validity, mailbox("Archive")->uid_validity());
  EXPECT_EQ(copied->uids, (std::vector<std::pair<Uid, Uid>>{{1, 2}, {2, 3}}));
  EXPECT_EQ(subjects(*mailbox("Archive")),
            (std::map<Uid, std::string>{{1, "there"}, {2, "a"}, {3, "b"}}));
  const auto view = mailbox("Archive")->view();
  EXPECT_EQ(view->keywords(), std::vector<std::string>({"y", "x"}));
  EXPECT_TRUE((*view)[2].flags.has_keyword(1) && (*view)[2].flags.has(Flags::kSeen));
  EXPECT_TRUE(inbox()->copy(none, *mailbox("Archive"))->uids.empty());
  EXPECT_EQ(findings(), std::vector<std::string>());
  // Into another account, and into itself.
  EXPECT_TRUE(inbox()->copy(both, *inbox(kBob)));
  EXPECT_EQ(this->text(*inbox(kBob), 2), message("b"));
  EXPECT_TRUE(inbox()->copy(both, *inbox()));
  EXPECT_EQ(inbox()->view()->size(), 4u);
}

TEST_F(MailboxTest, AnImportedMailboxKeepsItsNumbers) {
  const auto old = inbox();
  auto imported = account()->import_mailbox("INBOX", 1'275'660'208);
  ASSERT_TRUE(imported) << imported.error().text;
  EXPECT_TRUE(old->is_gone());
  const auto put = [&](Uid uid) {
    auto text = staged(message("imported"));
    Mailbox::AppendOptions options;
    options.uid = uid;
    return (*imported)->append(*text, options);
  };
  EXPECT_EQ(put(7), 7u);
  EXPECT_EQ(put(5000), 5000u);
  EXPECT_EQ(put(5000).error().code, Error::Code::Invalid);
  EXPECT_EQ(put(12).error().code, Error::Code::Invalid);
  const std::vector<std::pair<Uid, std::string>> uidls = {{7, "old-7"}};
  ASSERT_TRUE((*imported)->set_uidls(uidls));
  ASSERT_TRUE(deliver("later"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(inbox()->uid_validity(), 1'275'660'208u);
    EXPECT_EQ(subjects(*inbox()),
              (std::map<Uid, std::string>{{7, "imported"}, {5000, "imported"}, {5001, "later"}}));
    const std::vector<Uid> both = {7, 5000};
    EXPECT_EQ(inbox()->uidls(both), (std::vector<std::string>{"old-7", "1275660208.5000"}));
    ASSERT_TRUE(store_->rebuild(kAlice));
  }
  // The same again goes on there; another one cannot be, and a new mailbox gets a newer number.
  EXPECT_TRUE(account()->import_mailbox("INBOX", 1'275'660'208));
  EXPECT_EQ(account()->import_mailbox("INBOX", 5).error().code, Error::Code::AlreadyExists);
  EXPECT_TRUE(account()->import_mailbox("New/Deep", 4'000'000'000));
  EXPECT_GT((*account()->create("Newer"))->uid_validity(), 4'000'000'000u);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(MailboxTest, CopiesOfAMessageHaveOneEmailId) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  const std::vector<Uid> both = {1, 2, 77}, first = {1}, second = {2};
  const auto ids = inbox()->email_ids(both);
  ASSERT_TRUE(ids);
  EXPECT_NE((*ids)[0], (*ids)[1]);
  EXPECT_EQ((*ids)[2], "");
  ASSERT_TRUE(inbox()->copy(first, *mailbox("Archive")));
  ASSERT_TRUE(mailbox("Archive")->copy(first, *mailbox("Archive")));
  ASSERT_TRUE(inbox()->move(second, *mailbox("Trash")));
  ASSERT_TRUE(mailbox("Archive")->move(second, *mailbox("Junk")));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ((*mailbox("Archive")->email_ids(first))[0], (*ids)[0]);
    EXPECT_EQ((*mailbox("Junk")->email_ids(first))[0], (*ids)[0]);
    EXPECT_EQ((*mailbox("Trash")->email_ids(first))[0], (*ids)[1]);
    const std::vector<std::string> wanted = {(*ids)[1], (*ids)[0], "nobody's"};
    const auto found = mailbox("Junk")->find_email_ids(wanted);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, (std::vector<std::vector<Uid>>{{}, {1}, {}}));
    ASSERT_TRUE(store_->rebuild(kAlice));
  }
}

TEST_F(MailboxTest, AWatcherOfTheAccountHearsOfAllItsMailboxes) {
  class Ear final : public Watcher {
   public:
    void moved(MailboxId mailbox, ModSeq) override { heard.push_back(mailbox); }
    std::vector<MailboxId> heard;
  };
  auto ear = std::make_shared<Ear>();
  const auto alice = account();
  alice->watch(ear);
  ASSERT_TRUE(deliver("a"));
  EXPECT_EQ(ear->heard, std::vector<MailboxId>({inbox()->id()}));
  ear->heard.clear();
  ASSERT_TRUE(alice->create("Work"));
  ASSERT_TRUE(alice->rename("Work", "Play"));
  ASSERT_TRUE(alice->unsubscribe("Play"));
  EXPECT_EQ(ear->heard, std::vector<MailboxId>(3, kMailboxNames));
  ear->heard.clear();
  const std::vector<Uid> first = {1};
  ASSERT_TRUE(inbox()->move(first, *mailbox("Play")));
  EXPECT_THAT(ear->heard, testing::UnorderedElementsAre(inbox()->id(), mailbox("Play")->id()));
  const std::weak_ptr<Ear> gone = ear;
  ear.reset();
  EXPECT_TRUE(gone.expired());
  ASSERT_TRUE(deliver("b"));
}

TEST_F(MailboxTest, MoveLeavesNothingBehind) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  const std::vector<Uid> first = {1}, second = {2};
  const ModSeq before = inbox()->view()->highest_modseq();
  auto moved = inbox()->move(first, *mailbox("Trash"));
  ASSERT_TRUE(moved) << moved.error().text;
  EXPECT_EQ(uids(*inbox()), second);
  EXPECT_EQ(subjects(*mailbox("Trash")), (std::map<Uid, std::string>{{1, "a"}}));
  EXPECT_EQ(files(folder() + "/Maildir/cur").size(), 1u);
  EXPECT_EQ(inbox()->expunged_since(before).value(), std::optional(first));
  ASSERT_TRUE(inbox()->move(second, *inbox(kBob)));
  EXPECT_EQ(inbox()->view()->size(), 0u);
  EXPECT_EQ(text(*inbox(kBob), 1), message("b"));
  EXPECT_EQ(findings(), std::vector<std::string>());
  const auto usage = account()->usage();
  EXPECT_EQ(usage->messages, 1u);
  EXPECT_EQ(usage->bytes, message("a").size());
}

TEST_F(MailboxTest, CopiesAndMovesTakeParsedFieldsAlong) {
  for (const char* subject : {"a", "b"}) ASSERT_TRUE(deliver(subject));
  const std::vector<Uid> first = {1}, second = {2}, both = {1, 2};
  ASSERT_TRUE(inbox()->copy(first, *mailbox("Archive")));
  ASSERT_TRUE(inbox()->move(second, *mailbox("Archive")));
  // From the index alone.
  disk_.before = [&](const std::string& call, const std::string&) {
    if (call == "open") disk_.fail_call(1);
  };
  std::vector<std::string> encoded;
  ASSERT_TRUE(mailbox("Archive")->read(both, Mailbox::Fields::All, [&](Uid, const Parsed& parsed) {
    encoded.push_back(parsed.header + parsed.message);
    return true;
  }));
  ASSERT_EQ(encoded.size(), 2u);
  EXPECT_NE(encoded[0].find("Subject: a"), std::string::npos);
  EXPECT_NE(encoded[1].find("Subject: b"), std::string::npos);
}

TEST_F(MailboxTest, MoveOfManyFindsThemAll) {
  ASSERT_TRUE(deliver("m"));
  const std::vector<Uid> one = {1};
  std::vector<Uid> all = one;
  // Each copy doubles the mailbox; links have a limit of their own, and it is far away.
  while (all.size() < 1500) {
    ASSERT_TRUE(inbox()->copy(all, *inbox()));
    all = uids(*inbox());
  }
  ASSERT_TRUE(inbox()->move(all, *mailbox("Trash")));
  EXPECT_EQ(inbox()->view()->size(), 0u);
  EXPECT_EQ(mailbox("Trash")->view()->size(), all.size());
  EXPECT_EQ(findings(), std::vector<std::string>());
  reopen();
  EXPECT_TRUE(files(folder() + "/Maildir/cur").empty());
}

TEST_F(MailboxTest, RecentIsClaimedOnce) {
  ASSERT_TRUE(deliver("a"));
  EXPECT_EQ(account()->status("INBOX")->recent, 1u);
  EXPECT_EQ(inbox()->recent(Mailbox::Recent::Peek), 1u);
  EXPECT_EQ(inbox()->recent(Mailbox::Recent::Claim), 1u);
  EXPECT_EQ(inbox()->recent(Mailbox::Recent::Claim), 2u);
  EXPECT_EQ(account()->status("INBOX")->recent, 0u);
}

TEST_F(MailboxTest, StatusCounts) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(deliver("b"));
  const std::vector<Uid> one = {1};
  ASSERT_TRUE(inbox()->change_flags(one, add_flags(Flags::kSeen | Flags::kDeleted)));
  const auto status = account()->status("inbox");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->messages, 2u);
  EXPECT_EQ(status->unseen, 1u);
  EXPECT_EQ(status->deleted, 1u);
  EXPECT_EQ(status->uid_next, 3u);
  EXPECT_EQ(status->size, message("a").size() + message("b").size());
  EXPECT_EQ(status->highest_modseq, inbox()->view()->highest_modseq());
}

TEST_F(MailboxTest, CreateMakesTheLevelsAbove) {
  ASSERT_TRUE(account()->create("a/b.c/d"));
  EXPECT_EQ(account()->create("a/b.c/d").error().code, Error::Code::AlreadyExists);
  EXPECT_TRUE(account()->mailbox("a/b.c"));
  EXPECT_TRUE(std::filesystem::exists(folder() + "/Maildir/.a.b&AC4-c.d/cur"));
  EXPECT_EQ(account()->create(std::string(1001, 'x')).error().code, Error::Code::Limit);
  EXPECT_EQ(account()->create("a//b").error().code, Error::Code::Invalid);
}

TEST_F(MailboxTest, RemovedMailboxIsGoneForEverybody) {
  ASSERT_TRUE(account()->create("a/b"));
  auto held = mailbox("a");
  const auto validity = held->uid_validity();
  EXPECT_EQ(account()->remove("INBOX").error().code, Error::Code::Denied);
  ASSERT_TRUE(account()->remove("a"));
  EXPECT_TRUE(held->is_gone());
  auto text = staged(message("m"));
  EXPECT_EQ(held->append(*text, {}).error().code, Error::Code::NotFound);
  const auto infos = account()->mailboxes();
  const auto level =
      std::find_if(infos->begin(), infos->end(), [](auto& i) { return i.name == "a"; });
  ASSERT_NE(level, infos->end());
  EXPECT_FALSE(level->exists);
  EXPECT_TRUE(level->has_children);
  EXPECT_FALSE(std::filesystem::exists(folder() + "/Maildir/.a"));
  ASSERT_TRUE(account()->create("a"));
  EXPECT_GT(mailbox("a")->uid_validity(), validity);
}

TEST_F(MailboxTest, RenameTakesInferiorsAlong) {
  ASSERT_TRUE(account()->create("a/b/c"));
  auto text = staged(message("m"));
  auto held = mailbox("a/b");
  ASSERT_TRUE(held->append(*text, {}));
  EXPECT_EQ(account()->rename("a", "a/b/x").error().code, Error::Code::Invalid);
  EXPECT_EQ(account()->rename("a", "Sent").error().code, Error::Code::AlreadyExists);
  EXPECT_EQ(account()->rename("zz", "y").error().code, Error::Code::NotFound);
  ASSERT_TRUE(account()->rename("a", "Trash/z"));
  EXPECT_EQ(names(*account()),
            std::vector<std::string>({"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash",
                                      "Trash/z", "Trash/z/b", "Trash/z/b/c"}));
  EXPECT_EQ(held->name(), "Trash/z/b");
  EXPECT_EQ(this->text(*held, 1), message("m"));
  const auto validity = held->uid_validity();
  held.reset();
  reopen();
  EXPECT_EQ(mailbox("Trash/z/b")->uid_validity(), validity);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(MailboxTest, RenamedInboxStaysEmpty) {
  ASSERT_TRUE(deliver("a"));
  ASSERT_TRUE(account()->rename("INBOX", "old"));
  EXPECT_EQ(inbox()->view()->size(), 0u);
  EXPECT_EQ(subjects(*mailbox("old")), (std::map<Uid, std::string>{{1, "a"}}));
}

TEST_F(MailboxTest, SubscriptionNeedsNoMailbox) {
  ASSERT_TRUE(account()->subscribe("later"));
  ASSERT_TRUE(account()->unsubscribe("Junk"));
  const auto infos = account()->mailboxes();
  for (const auto& info : *infos) {
    EXPECT_EQ(info.subscribed, info.name != "Junk") << info.name;
    EXPECT_EQ(info.exists, info.name != "later") << info.name;
  }
}

TEST_F(MailboxTest, PopIdsAreStable) {
  ASSERT_TRUE(deliver("a"));
  const std::vector<Uid> one = {1};
  const auto before = inbox()->uidls(one);
  EXPECT_EQ(before->at(0), std::to_string(inbox()->uid_validity()) + ".1");
  ASSERT_TRUE(inbox()->hide_from_pop3(one));
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ(inbox()->uidls(one).value(), before.value());
  EXPECT_EQ(inbox()->hidden_from_pop3(), one);
}

TEST_F(MailboxTest, IdleAccountsCloseTheirDatabases) {
  store_->close();
  store_.reset();
  options_.open_accounts = 2;
  open_store();
  auto held = inbox("u0@example.test");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(deliver("m", "u" + std::to_string(i) + "@example.test"));
  int open = 0;
  for (const auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const auto target = std::filesystem::read_symlink(fd.path(), ignored).string();
    open += target.starts_with(root_) && target.ends_with("index.sqlite");
  }
  EXPECT_LE(open, 2);
  EXPECT_EQ(text(*held, 1), message("m"));
  ASSERT_TRUE(deliver("n", "u0@example.test"));
  EXPECT_EQ(held->view()->size(), 2u);
}

TEST_F(MailboxTest, AccountMovesAndGoes) {
  ASSERT_TRUE(deliver("a"));
  auto held = inbox();
  ASSERT_TRUE(store_->rename_account(kAlice, "al@example.test"));
  EXPECT_TRUE(held->is_gone());
  EXPECT_EQ(text(*inbox("al@example.test"), 1), message("a"));
  ASSERT_TRUE(store_->remove_account("al@example.test"));
  EXPECT_FALSE(std::filesystem::exists(folder("al@example.test")));
  EXPECT_EQ(inbox("al@example.test")->view()->size(), 0u);
}

TEST_F(MailboxTest, AccountThatCouldNotGoIsThereStill) {
  ASSERT_TRUE(deliver("a"));
  disk_.before = [&](const std::string& call, const std::string& path) {
    if (call == "rename" && path == folder()) disk_.fail_call(1);
  };
  EXPECT_FALSE(store_->remove_account(kAlice));
  EXPECT_FALSE(store_->rename_account(kAlice, "carol@example.test"));
  disk_.before = nullptr;
  ASSERT_TRUE(deliver("b"));
  EXPECT_EQ(uids(*inbox()), std::vector<Uid>({1, 2}));
}

TEST_F(MailboxTest, ManyHeadersComeInOrder) {
  auto mailbox = inbox();
  std::vector<Uid> all;
  for (int i = 0; i < 600; ++i) {
    auto text = staged(message(std::to_string(i)));
    all.push_back(*mailbox->append(*text, {}));
  }
  const std::vector<Uid> few = {all[10], all[300], all[599]};
  std::vector<Uid> seen;
  auto note = [&](Uid uid, const Parsed&) {
    seen.push_back(uid);
    return seen.size() != 500;
  };
  ASSERT_TRUE(mailbox->read(few, Mailbox::Fields::Header, note));
  EXPECT_EQ(seen, few);
  seen.clear();
  ASSERT_TRUE(mailbox->read(all, Mailbox::Fields::All, note));
  EXPECT_EQ(seen, std::vector<Uid>(all.begin(), all.begin() + 500));
}

}  // namespace
}  // namespace waxwing
