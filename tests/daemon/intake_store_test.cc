#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "daemon/intake.h"
#include "daemon/mail_cleaner.h"
#include "daemon/sent_saving.h"
#include "daemon/stores.h"
#include "storage/disk.h"
#include "tests/daemon/house.h"

namespace waxwing {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The newest message of a mailbox, as it lies on the disk; how many there are in `count`.
std::string newest(Store& store, const std::string& account, const std::string& name,
                   std::size_t count) {
  const auto mailbox = store.account(account).value()->mailbox(name).value();
  const auto status = store.account(account).value()->status(name).value();
  EXPECT_EQ(status.messages, count);
  const auto message = mailbox->open(status.uid_next - 1).value();
  std::string text(message.size, '\0');
  EXPECT_EQ(pread(message.file->get(), text.data(), text.size(), 0),
            static_cast<ssize_t>(text.size()));
  return text;
}

TEST(IntakeIntoStore, DeliversToMailboxesOnTheDisk) {
  const test::Folder folder;
  FakeClock clock;
  SystemDisk disk;
  const auto directory = Directory::open(folder.path("directory.sqlite"), clock).value();
  ASSERT_TRUE(directory->add_domain("example.test"));
  for (const char* user : {"alice@example.test", "bob@example.test"}) {
    const std::string hash = "{SHA512-CRYPT}$6$salt$" + std::string(86, 'x');
    ASSERT_TRUE(directory->import_account(user, hash));
  }
  ASSERT_TRUE(directory->add_alias("team@example.test", {"bob@example.test"}));
  Store::Options options;
  options.data_dir = folder.path();
  options.hostname = "mail.example.test";
  const auto store = Store::open(options, disk, clock).value();
  ASSERT_TRUE(store->account("alice@example.test").value()->create("Lists"));

  Settings settings;
  settings.hostname = "mail.example.test";
  const auto queue = test::make_queue(folder, clock);
  MailIntake intake(settings, *store, *directory, *queue, clock);
  smtp::Origin origin;
  origin.helo = "mx.far.example";
  origin.esmtp = true;
  smtp::MailEnvelope envelope;
  envelope.sender = "carol@far.example";
  for (const char* address :
       {"alice@example.test", "team@example.test", "alice+lists@example.test"}) {
    ASSERT_EQ(intake.add_recipient(origin, envelope, {address, {}}).code, 250);
  }
  // Larger than what stays in memory, and with a field that has to go.
  const std::string body = std::string(400'000, 'x') + "\r\n";
  auto staged = intake.stage(0).value();
  ASSERT_TRUE(staged->append("Return-Path: <x@y>\r\nSubject: hi\r\n\r\n"));
  ASSERT_TRUE(staged->append(body));
  const auto findings = intake.examine(origin, envelope, *staged);
  ASSERT_EQ(intake.accept(origin, envelope, std::move(staged), findings).code, 250);

  const auto to_alice = newest(*store, "alice@example.test", "INBOX", 1);
  EXPECT_THAT(to_alice, StartsWith("Return-Path: <carol@far.example>\r\nReceived: from "));
  EXPECT_TRUE(to_alice.ends_with(" +0000\r\nSubject: hi\r\n\r\n" + body));
  EXPECT_THAT(newest(*store, "bob@example.test", "INBOX", 1),
              HasSubstr("Delivered-To: team@example.test\r\n"));
  EXPECT_THAT(newest(*store, "alice@example.test", "Lists", 1),
              HasSubstr("Delivered-To: alice+lists@example.test\r\n"));
  store->close();
}

// alice and bob with mailboxes on the disk.
class MailHabits : public testing::Test {
 protected:
  MailHabits() {
    EXPECT_TRUE(directory_->add_domain("example.test"));
    for (const char* user : {kAlice, "bob@example.test"}) {
      const std::string hash = "{SHA512-CRYPT}$6$salt$" + std::string(86, 'x');
      EXPECT_TRUE(directory_->import_account(user, hash));
    }
    Store::Options options;
    options.data_dir = folder_.path();
    options.hostname = "mail.example.test";
    options.quotas = &quotas_;
    store_ = Store::open(options, disk_, clock_).value();
    origin_.identity = Identity{1, kAlice, PopPolicy::On};
  }
  ~MailHabits() override { store_->close(); }

  static constexpr const char* kAlice = "alice@example.test";
  std::size_t count(const std::string& name) {
    return store_->account(kAlice).value()->mailbox(name).value()->view()->size();
  }
  void put(const std::string& name) {
    auto staged = store_->stage().value();
    EXPECT_TRUE(staged->append("Subject: x\r\n\r\n"));
    staged->finish();
    const Store::Target target{kAlice, name, {}, {}};
    ASSERT_TRUE(store_->deliver(*staged, "", std::span(&target, 1)));
  }

  const test::Folder folder_;
  FakeClock clock_;
  SystemDisk disk_;
  std::unique_ptr<Directory> directory_ =
      Directory::open(folder_.path("directory.sqlite"), clock_).value();
  Stores::AccountQuotas quotas_{*directory_};
  std::unique_ptr<Store> store_;
  smtp::Origin origin_;
};

TEST_F(MailHabits, KeepWhatAUserSendsWithItsBcc) {
  ASSERT_TRUE(directory_->set_saves_sent(kAlice, true));
  Settings settings;
  settings.hostname = "mail.example.test";
  const auto queue = test::make_queue(folder_, clock_);
  MailIntake intake(settings, *store_, *directory_, *queue, clock_);
  SentCopies copies(clock_);
  SentSaving saving(*directory_, *store_, copies);
  intake.save_sent_by(saving);
  const auto send = [&](const smtp::Origin& origin, const std::string& text) {
    smtp::MailEnvelope envelope;
    envelope.sender = kAlice;
    EXPECT_EQ(intake.add_recipient(origin, envelope, {"bob@example.test", {}}).code, 250);
    auto staged = intake.stage(0).value();
    EXPECT_TRUE(staged->append(text));
    const auto findings = intake.examine(origin, envelope, *staged);
    EXPECT_EQ(intake.accept(origin, envelope, std::move(staged), findings).code, 250);
  };
  const std::string text =
      "From: alice@example.test\r\nBcc: bob@example.test\r\nSubject: hi\r\n\r\nhello\r\n";
  send(origin_, text);
  EXPECT_THAT(newest(*store_, kAlice, "Sent", 1), HasSubstr("Bcc: bob@example.test\r\n"));
  EXPECT_THAT(newest(*store_, "bob@example.test", "INBOX", 1), Not(HasSubstr("Bcc")));
  const auto sent = store_->account(kAlice).value()->mailbox("Sent").value()->view();
  EXPECT_TRUE((*sent)[0].flags.has(Flags::kSeen));

  // The same once more by the mail program: without Bcc, or with more of the trace.
  const auto fingerprint = [&](const std::string& uploaded) {
    auto staged = store_->stage().value();
    EXPECT_TRUE(staged->append(uploaded));
    return sent_fingerprint(*staged).value().value();
  };
  EXPECT_TRUE(copies.has_any(kAlice));
  EXPECT_FALSE(copies.take(kAlice, fingerprint(text + "more")));
  EXPECT_FALSE(copies.take("bob@example.test", fingerprint(text)));
  const auto copy = copies.take(
      kAlice, fingerprint("Received: x\r\nFrom: alice@example.test\r\nSubject: hi\r\n\r\nhello"));
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->uid, (*sent)[0].uid);
  EXPECT_FALSE(copies.take(kAlice, fingerprint(text))) << "once";

  send(origin_, text);
  clock_.advance(SentCopies::kKept);
  EXPECT_FALSE(copies.has_any(kAlice)) << "only for some minutes";
  ASSERT_TRUE(directory_->set_quota(kAlice, 1, 0));
  send(origin_, text);
  EXPECT_EQ(count("Sent"), 2u) << "there is no room for a third, but the mail goes";
  ASSERT_TRUE(directory_->set_quota(kAlice, 0, 0));
  ASSERT_TRUE(directory_->set_saves_sent(kAlice, false));
  send(origin_, text);
  EXPECT_EQ(count("Sent"), 2u);
}

TEST_F(MailHabits, RemoveFromTrashAndJunkWhatIsOldThere) {
  ASSERT_TRUE(store_->account(kAlice).value()->create("Trash/Old/Older"));
  ASSERT_TRUE(store_->account(kAlice).value()->create("Trashed"));
  for (const char* name : {"INBOX", "Trash", "Trash/Old/Older", "Trashed", "Junk"}) put(name);
  MailCleaner cleaner(*directory_, *store_, clock_);
  clock_.advance(std::chrono::hours(24 * 10));
  EXPECT_EQ(cleaner.run(), 0u) << "nobody asked for it";
  ASSERT_TRUE(directory_->set_cleaning(kAlice, {30, 0}));
  put("Trash");
  EXPECT_EQ(cleaner.run(), 0u);
  clock_.advance(std::chrono::hours(24 * 20));
  EXPECT_EQ(cleaner.run(), 2u);
  EXPECT_EQ(count("Trash"), 1u) << "it came later";
  EXPECT_EQ(count("Trash/Old/Older"), 0u);
  ASSERT_TRUE(directory_->set_cleaning(kAlice, {0, 1}));
  EXPECT_EQ(cleaner.run(), 1u);
  EXPECT_EQ(count("Junk"), 0u);
  EXPECT_EQ(count("INBOX"), 1u);
  EXPECT_EQ(count("Trashed"), 1u);
}

TEST_F(MailHabits, CountATrashedMessageFromWhenItWasTrashed) {
  put("INBOX");
  clock_.advance(std::chrono::hours(24 * 100));
  const auto account = store_->account(kAlice).value();
  const auto inbox = account->mailbox("INBOX").value();
  const Uid uid = (*inbox->view())[0].uid;
  ASSERT_TRUE(inbox->move(std::span(&uid, 1), *account->mailbox("Trash").value()));
  ASSERT_TRUE(directory_->set_cleaning(kAlice, {30, 30}));
  MailCleaner cleaner(*directory_, *store_, clock_);
  EXPECT_EQ(cleaner.run(), 0u);
  clock_.advance(std::chrono::hours(24 * 30));
  EXPECT_EQ(cleaner.run(), 1u);
}

}  // namespace
}  // namespace waxwing
