#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/store.h"
#include "tests/storage/faulty_disk.h"

namespace waxwing {

// A store in a directory of its own, with accounts made as they are named.
class StoreTest : public ::testing::Test {
 protected:
  static constexpr const char* kAlice = "alice@example.test";
  static constexpr const char* kBob = "bob@example.test";

  void SetUp() override {
    const char* base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    std::string name = std::string(base) + "/waxwing-store-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    disk_.set_file_system("ext4");
    open_store();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(root_);
  }

  void open_store() {
    options_.data_dir = root_ + "/data";
    options_.hostname = "mail.example.test";
    auto store = Store::open(options_, disk_, clock_);
    ASSERT_TRUE(store) << store.error().text;
    store_ = std::move(*store);
  }
  // As after a clean stop.
  void reopen() {
    store_->close();
    store_.reset();
    open_store();
  }
  // With times and hard links, as std::filesystem does not.
  static void copy_tree(const std::string& from, const std::string& to) {
    ASSERT_EQ(std::system(("cp -a '" + from + "' '" + to + "'").c_str()), 0);
  }
  void go_on_with(const std::string& copy) {
    store_.reset();
    std::filesystem::remove_all(root_ + "/data");
    std::filesystem::rename(copy, root_ + "/data");
    open_store();
  }
  // As after kill -9: the new store works on what was on the disk at that moment.
  void crash() {
    const std::string copy = root_ + "/copy";
    copy_tree(root_ + "/data", copy);
    go_on_with(copy);
  }

  std::string folder(const std::string& account = kAlice) const {
    const auto at = account.find('@');
    return root_ + "/data/accounts/" + account.substr(at + 1) + "/" + account.substr(0, at);
  }
  std::vector<std::string> files(const std::string& directory) const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      result.push_back(entry.path().filename().string());
    }
    std::sort(result.begin(), result.end());
    return result;
  }
  // Of messages on their way in.
  std::vector<std::string> staged_files() const {
    std::vector<std::string> result;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(root_ + "/data/staging")) {
      if (!entry.is_directory()) result.push_back(entry.path().filename().string());
    }
    return result;
  }
  static void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static std::string message(const std::string& subject) {
    return "From: a@example.test\r\nSubject: " + subject + "\r\n\r\nbody of " + subject + "\r\n";
  }
  std::unique_ptr<Staged> staged(const std::string& text) {
    auto staged = store_->stage();
    EXPECT_TRUE(staged);
    EXPECT_TRUE((*staged)->append(text));
    (*staged)->finish();
    return std::move(*staged);
  }
  std::shared_ptr<Account> account(const std::string& address = kAlice) {
    auto account = store_->account(address);
    EXPECT_TRUE(account) << account.error().text;
    return *account;
  }
  std::shared_ptr<Mailbox> inbox(const std::string& address = kAlice) {
    return mailbox("INBOX", address);
  }
  std::shared_ptr<Mailbox> mailbox(const std::string& name, const std::string& address = kAlice) {
    auto mailbox = account(address)->mailbox(name);
    EXPECT_TRUE(mailbox) << mailbox.error().text;
    return *mailbox;
  }
  Result<std::vector<Store::Delivered>> deliver(const std::string& subject,
                                                const std::string& address = kAlice) {
    auto text = staged(message(subject));
    const std::vector<Store::Target> targets = {{.account = address}};
    return store_->deliver(*text, "", targets);
  }
  std::string text(Mailbox& mailbox, Uid uid) {
    auto file = mailbox.open(uid);
    if (!file) return "error: " + file.error().text;
    auto bytes = SystemDisk().read(*file->file, 0, file->size);
    return bytes ? *bytes : "error: " + bytes.error().text;
  }
  static std::vector<Uid> uids(const Mailbox& mailbox) {
    std::vector<Uid> result;
    const auto view = mailbox.view();
    for (std::size_t i = 0; i < view->size(); ++i) result.push_back((*view)[i].uid);
    return result;
  }
  // Subject of each message by UID, as the headers in the index tell.
  static std::map<Uid, std::string> subjects(Mailbox& mailbox) {
    std::map<Uid, std::string> result;
    const auto all = uids(mailbox);
    auto done = mailbox.read(all, Mailbox::Fields::Header, [&](Uid uid, const Parsed& parsed) {
      const auto at = parsed.header.find("Subject: ");
      result[uid] = parsed.header.substr(at + 9, parsed.header.find('\r', at) - at - 9);
      return true;
    });
    EXPECT_TRUE(done) << done.error().text;
    return result;
  }
  static FlagChange add_flags(std::uint64_t system, std::vector<std::string> keywords = {}) {
    return {FlagChange::Mode::Add, system, std::move(keywords)};
  }
  std::vector<std::string> findings(const std::string& address = kAlice) {
    auto verdict = store_->verify(address);
    return verdict ? verdict->findings : std::vector<std::string>{verdict.error().text};
  }

  FaultyDisk disk_;
  FakeClock clock_;
  Store::Options options_;
  std::string root_;
  std::unique_ptr<Store> store_;
};

}  // namespace waxwing
