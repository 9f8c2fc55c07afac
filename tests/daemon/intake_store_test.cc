#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "daemon/intake.h"
#include "storage/disk.h"
#include "tests/daemon/house.h"

namespace waxwing {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
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

}  // namespace
}  // namespace waxwing
