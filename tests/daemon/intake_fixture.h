#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/intake.h"
#include "tests/daemon/house.h"
#include "tests/daemon/memory_store.h"

namespace waxwing {

// example.test with alice, bob, mallory who is disabled, and some aliases.
class IntakeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new test::Folder;
    static FakeClock clock;
    directory_ = Directory::open(folder_->path("directory.sqlite"), clock).value().release();
    ASSERT_TRUE(directory_->add_domain("example.test"));
    for (const char* user : {"alice@example.test", "bob@example.test", "mallory@example.test"}) {
      // A hash that is there already: nobody signs in here, so no test pays for argon2.
      ASSERT_TRUE(
          directory_->import_account(user, "{SHA512-CRYPT}$6$salt$" + std::string(86, 'x')));
    }
    ASSERT_TRUE(directory_->disable_account("mallory@example.test"));
    ASSERT_TRUE(directory_->add_alias("sales@example.test", {"alice@example.test"}));
    ASSERT_TRUE(
        directory_->add_alias("team@example.test", {"alice@example.test", "bob@example.test"}));
    ASSERT_TRUE(
        directory_->add_alias("away@example.test", {"bob@example.test", "bob@far.example"}));
    ASSERT_TRUE(directory_->add_alias("gone@example.test", {"bob@far.example"}));
  }
  static void TearDownTestSuite() {
    delete directory_;
    delete folder_;
  }

  IntakeTest() {
    settings_.hostname = "mail.example.test";
    stranger_.peer.session_id = "s1";
    stranger_.peer.address = IpAddress::v4({192, 0, 2, 7});
    stranger_.peer.local_address = IpAddress::v4({192, 0, 2, 1});
    stranger_.helo = "mx.far.example";
    stranger_.esmtp = true;
    alice_ = stranger_;
    alice_.tls_version = "TLSv1.3";
    alice_.tls_cipher = "TLS_AES_128_GCM_SHA256";
    alice_.identity = Identity{1, "alice@example.test", PopPolicy::On};
    store_.mailboxes["alice@example.test"] = {
        {{1}, "INBOX"}, {{2}, "Lists"}, {{3}, "Sent", SpecialUse::Sent}};
  }

  MailIntake& intake() {
    if (!intake_)
      intake_ = std::make_unique<MailIntake>(settings_, store_, *directory_, *queue_, clock_);
    return *intake_;
  }
  std::string sender(const smtp::Origin& origin, const std::string& address) {
    smtp::MailEnvelope envelope;
    envelope.sender = address;
    return shown(intake().check_sender(origin, envelope));
  }
  std::string recipient(const smtp::Origin& origin, const std::string& address) {
    smtp::MailEnvelope envelope;
    const auto reply = intake().add_recipient(origin, envelope, {address, {}});
    EXPECT_EQ(envelope.recipients.size(), reply.code == 250 ? 1u : 0u);
    return shown(reply);
  }
  // What the reply to the end of data is when `meanwhile` happened after RCPT.
  std::string send_while(const std::vector<std::string>& to,
                         const std::function<void()>& meanwhile) {
    smtp::MailEnvelope envelope;
    for (const auto& address : to) {
      EXPECT_EQ(intake().add_recipient(stranger_, envelope, {address, {}}).code, 250) << address;
    }
    auto staged = intake().stage(0);
    EXPECT_TRUE((*staged)->append("Subject: x\r\n\r\n"));
    meanwhile();
    return shown(accept(stranger_, envelope, std::move(*staged)));
  }
  smtp::Reply send(const smtp::Origin& origin, const std::string& from,
                   const std::vector<std::string>& to, std::string_view text) {
    smtp::MailEnvelope envelope;
    envelope.sender = from;
    for (const auto& address : to) {
      EXPECT_EQ(intake().add_recipient(origin, envelope, {address, {}}).code, 250) << address;
    }
    auto staged = intake().stage(0);
    EXPECT_TRUE((*staged)->append(text));
    return accept(origin, envelope, std::move(*staged));
  }
  smtp::Reply accept(const smtp::Origin& origin, const smtp::MailEnvelope& envelope,
                     std::unique_ptr<Staged> message) {
    const auto findings = intake().examine(origin, envelope, *message);
    return intake().accept(origin, envelope, std::move(message), findings);
  }
  static std::string shown(const smtp::Reply& reply) {
    return std::to_string(reply.code) + " " + reply.enhanced;
  }

  static inline test::Folder* folder_ = nullptr;
  static inline Directory* directory_ = nullptr;
  test::Folder queue_folder_;
  std::unique_ptr<Queue> queue_ = test::make_queue(queue_folder_, clock_);
  FakeClock clock_;
  Settings settings_;
  test::MemoryStore store_;
  smtp::Origin stranger_, alice_;
  std::unique_ptr<MailIntake> intake_;
};

}  // namespace waxwing
