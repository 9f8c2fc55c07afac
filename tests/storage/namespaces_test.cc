#include <algorithm>
#include <filesystem>

#include "storage/acl.h"
#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

const User kOwner{"alice@example.test"};
const User kGuest{"bob@example.test"};
const User kAdministrator{"root@example.test", true};
const User kStranger{"eve@elsewhere.test"};

RightsChange give(const char* letters) {
  return {RightsChange::Mode::Replace, *Rights::parse(letters)};
}

Acl acl(std::initializer_list<std::pair<const char*, const char*>> entries) {
  Acl result;
  for (const auto& [identifier, letters] : entries)
    result.emplace(identifier, *Rights::parse(letters));
  return result;
}

TEST(RightsTest, AreLettersAndTheOldNamesForThem) {
  EXPECT_EQ(Rights::parse("lr")->letters(), "lr");
  EXPECT_EQ(Rights::parse("rl")->letters(), "lr");
  EXPECT_EQ(Rights::parse("c")->letters(), "kxc");
  EXPECT_EQ(Rights::parse("d")->letters(), "ted");
  EXPECT_EQ(Rights::parse("e")->letters(), "ed");
  EXPECT_EQ(Rights::all().letters(), "lrswipkxteancd");
  for (const char* wrong : {"L", "q", "l r", "l0", "+l"})
    EXPECT_FALSE(Rights::parse(wrong)) << wrong;
}

TEST(AclTest, AddsUpAndSubtractsAtTheEnd) {
  const auto rights = [](const User& user, const char* owner, const Acl& list) {
    return rights_of(user, owner, list).letters();
  };
  const auto list = acl({{"bob@example.test", "lr"}, {"anyone", "ls"}, {"-bob@example.test", "s"}});
  EXPECT_EQ(rights(kOwner, "alice@example.test", {}), Rights::all().letters());
  EXPECT_EQ(rights(kGuest, "alice@example.test", list), "lr");
  EXPECT_EQ(rights(kStranger, "alice@example.test", list), "");
  EXPECT_EQ(rights({"carol@example.test"}, "alice@example.test", list), "ls");
  EXPECT_EQ(rights(kStranger, "alice@example.test", acl({{"eve@elsewhere.test", "l"}})), "l");
  EXPECT_EQ(
      rights(kGuest, "alice@example.test", acl({{"bob@example.test", "lr"}, {"-anyone", "r"}})),
      "l");
  // An administrator has the domain's mailboxes, and nobody's own.
  EXPECT_EQ(rights(kAdministrator, "@example.test", {}), Rights::all().letters());
  EXPECT_EQ(rights(kAdministrator, "alice@example.test", {}), "");
  EXPECT_EQ(rights(kAdministrator, "@elsewhere.test", {}), "");
}

TEST(AclTest, KnowsItsIdentifiers) {
  EXPECT_EQ(canonical_identifier("Bob@Example.TEST").value(), "bob@example.test");
  EXPECT_EQ(canonical_identifier("-Bob@example.test").value(), "-bob@example.test");
  EXPECT_EQ(canonical_identifier("-anyone").value(), "-anyone");
  for (const char* wrong : {"", "-", "bob", "Anyone", "@example.test", "a b@example.test"})
    EXPECT_FALSE(canonical_identifier(wrong)) << wrong;
}

class NamespacesTest : public StoreTest {
 protected:
  std::shared_ptr<Account> mail_of(const User& user) { return *store_->mail_of(user); }
  std::vector<std::string> names(Account& account) {
    std::vector<std::string> result;
    const auto all = account.mailboxes();
    for (const auto& info : *all)
      if (info.name.starts_with("Users/") || info.name.starts_with("Shared/"))
        result.push_back(info.name + (info.exists ? "" : " -"));
    return result;
  }
};

using Names = std::vector<std::string>;

TEST_F(NamespacesTest, ShowsWhatIsSharedAndForgetsItWithTheRight) {
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  EXPECT_EQ(names(*bob), Names());
  ASSERT_TRUE(alice->change_acl("Sent", "bob@example.test", give("lr")));
  EXPECT_EQ(names(*bob), Names({"Users/alice@example.test -", "Users/alice@example.test/Sent"}));
  EXPECT_TRUE(bob->mailbox("Users/alice@example.test/Sent"));
  ASSERT_TRUE(alice->change_acl("Sent", "bob@example.test", give("")));
  EXPECT_EQ(names(*bob), Names());
  EXPECT_EQ(bob->mailbox("Users/alice@example.test/Sent").error().code, Error::Code::NotFound);
}

TEST_F(NamespacesTest, RightsSurviveARestartARebuildAndALostListOfShares) {
  ASSERT_TRUE(mail_of(kOwner)->change_acl("Sent", "bob@example.test", give("lr")));
  const Names seen{"Users/alice@example.test -", "Users/alice@example.test/Sent"};
  reopen();
  EXPECT_EQ(names(*mail_of(kGuest)), seen);
  ASSERT_TRUE(store_->rebuild("alice@example.test"));
  EXPECT_EQ(names(*mail_of(kGuest)), seen);
  store_->close();
  store_.reset();
  for (const char* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(root_ + "/data/shares.sqlite" + suffix);
  open_store();
  EXPECT_EQ(names(*mail_of(kGuest)), seen);
  store_->close();
  store_.reset();
  write_file(root_ + "/data/shares.sqlite", std::string(8192, 'x'));
  open_store();
  EXPECT_EQ(names(*mail_of(kGuest)), seen);
}

TEST_F(NamespacesTest, WhoGetsAnAddressThatWasFreedGetsNothingOfTheOneBefore) {
  const auto alice = mail_of(kOwner);
  (void)mail_of(kGuest);
  ASSERT_TRUE(alice->change_acl("Sent", "bob@example.test", give("lr")));
  ASSERT_TRUE(store_->remove_account("bob@example.test"));
  EXPECT_EQ(names(*mail_of(kGuest)), Names());
  EXPECT_TRUE(alice->acl("Sent")->empty());
  // An owner that is gone is no owner.
  ASSERT_TRUE(alice->change_acl("Sent", "bob@example.test", give("lr")));
  ASSERT_TRUE(store_->remove_account("alice@example.test"));
  EXPECT_EQ(names(*mail_of(kGuest)), Names());
}

TEST_F(NamespacesTest, RightsFollowARenamedAccountOnBothSides) {
  (void)mail_of(kGuest);
  ASSERT_TRUE(mail_of(kOwner)->change_acl("Sent", "bob@example.test", give("lr")));
  ASSERT_TRUE(store_->rename_account("bob@example.test", "robert@example.test"));
  const User robert{"robert@example.test"};
  EXPECT_EQ(names(*mail_of(kGuest)), Names());
  EXPECT_EQ(names(*mail_of(robert)),
            Names({"Users/alice@example.test -", "Users/alice@example.test/Sent"}));
  ASSERT_TRUE(store_->rename_account("alice@example.test", "alicia@example.test"));
  EXPECT_EQ(names(*mail_of(robert)),
            Names({"Users/alicia@example.test -", "Users/alicia@example.test/Sent"}));
}

TEST_F(NamespacesTest, PrivateAnnotationsStayWithTheMailboxAndTheUser) {
  const char* kEntry = "/private/comment";
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  ASSERT_TRUE(alice->change_acl("Sent", "bob@example.test", give("lr")));
  const std::string name = "Users/alice@example.test/Sent";
  const auto before = bob->last_annotated();
  ASSERT_TRUE(alice->annotate("Sent", {{kEntry, "of alice"}}));
  ASSERT_TRUE(bob->annotate(name, {{kEntry, "of bob"}}));
  // His other sessions hear of it under the name that he knows.
  const auto news = bob->annotated_since(before);
  ASSERT_EQ(news.size(), 1);
  EXPECT_EQ(news[0].mailbox, name);

  store_->close();
  store_.reset();
  open_store();
  ASSERT_TRUE(store_->rebuild("alice@example.test"));
  ASSERT_TRUE(store_->rebuild("bob@example.test"));
  EXPECT_EQ(mail_of(kGuest)->annotations(name).value()[kEntry], "of bob");
  EXPECT_EQ(mail_of(kOwner)->annotations("Sent").value()[kEntry], "of alice");
  ASSERT_TRUE(store_->rename_account("alice@example.test", "alicia@example.test"));
  EXPECT_EQ(mail_of(kGuest)->annotations("Users/alicia@example.test/Sent").value()[kEntry],
            "of bob");
  // The next account of that address has other mailboxes.
  ASSERT_TRUE(mail_of(kOwner)->change_acl("Sent", "bob@example.test", give("lr")));
  EXPECT_FALSE(mail_of(kGuest)->annotations(name).value().contains(kEntry));
}

TEST_F(NamespacesTest, PrivateAnnotationsOfAnothersMailboxCountAgainstTheUser) {
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  ASSERT_TRUE(alice->change_acl("Sent", "bob@example.test", give("lr")));
  const std::string name = "Users/alice@example.test/Sent";
  Account::AnnotationChanges many;
  for (std::size_t i = 0; i <= Account::kMaxAnnotations; ++i) {
    many.emplace("/private/vendor/" + std::to_string(i), "x");
  }
  EXPECT_EQ(bob->annotate(name, many).error().code, Error::Code::Limit);
  EXPECT_TRUE(bob->annotations(name)->empty());
  many.erase(many.begin());
  EXPECT_TRUE(bob->annotate(name, many));
  EXPECT_TRUE(alice->annotate("Sent", many));
}

TEST_F(NamespacesTest, AnOwnMailboxOfSuchANameStaysWhereItWas) {
  const auto plain = *store_->account("bob@example.test");
  ASSERT_TRUE(plain->create("Shared/Old"));
  const auto bob = mail_of(kGuest);
  EXPECT_EQ(bob->mailbox("Shared/Old").value()->name(), "Shared/Old");
  EXPECT_EQ(names(*bob), Names({"Shared/Old"}));
  EXPECT_EQ(bob->create("Shared/New").error().code, Error::Code::Denied);
  ASSERT_TRUE(bob->rename("Shared/Old", "Mine"));
  EXPECT_TRUE(bob->mailbox("Mine"));
}

TEST_F(NamespacesTest, IdsOfDifferentAccountsDiffer) {
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  ASSERT_TRUE(alice->change_acl("Sent", "bob@example.test", give("lr")));
  const auto theirs = bob->mailbox("Users/alice@example.test/Sent").value();
  const auto own = bob->mailbox("Sent").value();
  EXPECT_NE(theirs->id(), own->id());
  EXPECT_EQ(bob->status("Users/alice@example.test/Sent")->id, theirs->id());
  reopen();
  EXPECT_EQ(mail_of(kGuest)->status("Users/alice@example.test/Sent")->id, theirs->id());
}

TEST_F(NamespacesTest, MessagesMoveBetweenAccountsAsFarAsTheRightsGo) {
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  ASSERT_TRUE(alice->change_acl("Archive", "bob@example.test", give("lri")));
  const auto theirs = bob->mailbox("Users/alice@example.test/Archive").value();
  const auto inbox = bob->mailbox("INBOX").value();
  const auto message = staged("a: b\r\n\r\n");
  const auto uid = inbox->append(
      *message, {{FlagChange::Mode::Replace, Flags::kSeen | Flags::kFlagged, {"work"}}, {}, {}});
  ASSERT_TRUE(uid);
  // In, without the flags, and not out again.
  ASSERT_TRUE(inbox->move(std::span(&*uid, 1), *theirs));
  EXPECT_EQ(inbox->view()->size(), 0u);
  ASSERT_EQ(theirs->view()->size(), 1u);
  EXPECT_EQ((*theirs->view())[0].flags.bits, 0u);
  const Uid there = (*theirs->view())[0].uid;
  EXPECT_EQ(theirs->move(std::span(&there, 1), *inbox).error().code, Error::Code::Denied);
  EXPECT_EQ(theirs->expunge(std::span(&there, 1), Mailbox::Expunge::Any).error().code,
            Error::Code::Denied);
  EXPECT_TRUE(theirs->copy(std::span(&there, 1), *inbox));
  // REPLACE across accounts: the new one there, the old one gone here.
  const auto draft = staged("c: d\r\n\r\n");
  const Uid old = (*inbox->view())[0].uid;
  ASSERT_TRUE(inbox->replace(old, {draft.get(), {}}, *theirs));
  EXPECT_EQ(inbox->view()->size(), 0u);
  EXPECT_EQ(theirs->view()->size(), 2u);
}

struct Ear final : Watcher {
  void moved(MailboxId mailbox, ModSeq) override { heard.push_back(mailbox); }
  std::vector<MailboxId> heard;
};

TEST_F(NamespacesTest, AWatcherIsToldOfOthersMailboxesUnderTheirIds) {
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  ASSERT_TRUE(alice->change_acl("INBOX", "bob@example.test", give("lr")));
  const auto ear = std::make_shared<Ear>();
  bob->watch(ear);
  const auto message = staged("a: b\r\n\r\n");
  ASSERT_TRUE(alice->mailbox("INBOX").value()->append(*message, {}));
  const auto id = bob->mailbox("Users/alice@example.test/INBOX").value()->id();
  EXPECT_EQ(std::ranges::count(ear->heard, id), 1);
}

TEST_F(NamespacesTest, AWatcherIsToldWhenSomebodyBeginsToShare) {
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  const auto ear = std::make_shared<Ear>();
  bob->watch(ear);
  ASSERT_TRUE(alice->change_acl("INBOX", "bob@example.test", give("lr")));
  EXPECT_EQ(std::ranges::count(ear->heard, kMailboxNames), 1);
  // Having looked, he hears of what happens there.
  ASSERT_TRUE(bob->mailboxes());
  const auto message = staged("a: b\r\n\r\n");
  ASSERT_TRUE(alice->mailbox("INBOX").value()->append(*message, {}));
  const auto id = bob->mailbox("Users/alice@example.test/INBOX").value()->id();
  EXPECT_EQ(std::ranges::count(ear->heard, id), 1);
}

// (mailbox, entry) of what came after a change.
using Told = std::vector<std::pair<std::string, std::string>>;
Told told(Account& account, std::uint64_t since) {
  Told found;
  for (const auto& change : account.annotated_since(since)) {
    EXPECT_GT(change.number, since);
    since = change.number;
    found.emplace_back(change.mailbox, change.entry);
  }
  return found;
}

TEST_F(NamespacesTest, AnnotationsOfOthersAreToldToWhoMaySeeThem) {
  const User root{"root@example.test", true};
  ASSERT_TRUE(store_->mail_of(root));
  const auto alice = mail_of(kOwner), bob = mail_of(kGuest);
  for (const char* name : {"Sent", "Drafts"}) {
    ASSERT_TRUE(alice->change_acl(name, "bob@example.test", give(name[0] == 'S' ? "lr" : "l")));
  }
  const auto ear = std::make_shared<Ear>();
  bob->watch(ear);
  const auto before = bob->last_annotated();
  for (const char* name : {"Sent", "Drafts", "Junk", ""}) {
    ASSERT_TRUE(alice->annotate(name, {{"/private/comment", "x"}}));
  }
  EXPECT_EQ(told(*bob, before), Told());
  for (const char* name : {"Sent", "Drafts", "Junk"}) {
    ASSERT_TRUE(alice->annotate(name, {{"/shared/comment", "x"}}));
  }
  ASSERT_TRUE(bob->annotate("Sent", {{"/shared/comment", "x"}}));
  ASSERT_TRUE(store_->mail_of(root).value()->annotate("", {{"/shared/comment", "x"}}));
  EXPECT_EQ(told(*bob, before), (Told{{"Users/alice@example.test/Sent", "/shared/comment"},
                                      {"Sent", "/shared/comment"},
                                      {"", "/shared/comment"}}));
  EXPECT_EQ(told(*bob, bob->last_annotated()), Told());
  EXPECT_GE(std::ranges::count(ear->heard, kAnnotations), 3);
}

}  // namespace
}  // namespace waxwing
