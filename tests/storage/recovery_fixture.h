#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/storage/store_fixture.h"

namespace waxwing {

// What must survive the loss of an index.
struct Picture {
  std::uint32_t uid_validity = 0;
  Uid uid_next = 0;
  std::vector<std::string> messages, uidls, keywords;
  std::vector<Uid> hidden;
  bool operator==(const Picture&) const = default;
};

class RecoveryTest : public StoreTest {
 protected:
  std::string cur() const { return folder() + "/Maildir/cur"; }
  std::string fresh() const { return folder() + "/Maildir/new"; }

  Picture picture(const std::string& name = "INBOX") {
    auto mailbox = this->mailbox(name);
    Picture picture{mailbox->uid_validity(), mailbox->view()->uid_next(), {}, {}, {}, {}};
    const auto view = mailbox->view();
    for (std::size_t i = 0; i < view->size(); ++i) {
      const auto& row = (*view)[i];
      picture.messages.push_back(std::to_string(row.uid) + " " + std::to_string(row.flags.bits) +
                                 " " + std::to_string(row.size) + " " +
                                 std::to_string(row.internal_date) + " " + text(*mailbox, row.uid));
    }
    const auto all = uids(*mailbox);
    picture.uidls = mailbox->uidls(all).value();
    picture.keywords = view->keywords();
    picture.hidden = mailbox->hidden_from_pop3().value();
    return picture;
  }

  void fill() {
    for (const char* subject : {"a", "b", "c", "d"}) {
      clock_.advance(std::chrono::hours(1));
      ASSERT_TRUE(deliver(subject));
    }
    const std::vector<Uid> second = {2}, third = {3}, fourth = {4};
    ASSERT_TRUE(
        inbox()->change_flags(second, add_flags(Flags::kSeen | Flags::kFlagged, {"one", "two"})));
    ASSERT_TRUE(inbox()->expunge(third, Mailbox::Expunge::Any));
    ASSERT_TRUE(inbox()->hide_from_pop3(fourth));
    ASSERT_TRUE(account()->create("Lists/x"));
    ASSERT_TRUE(inbox()->copy(second, *mailbox("Lists/x")));
  }
  void lose_index() {
    store_->close();
    store_.reset();
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(folder() + "/index.sqlite" + suffix);
    open_store();
  }
  static void damage(const std::string& path, std::size_t from, std::size_t to) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(to - from, '\xff');
  }
  // The only name in cur/ whose file has this text.
  std::string file_of(const std::string& text) {
    std::string found;
    for (const auto& name : files(cur())) {
      if (read_file(cur() + "/" + name) == text) found = name;
    }
    return found;
  }
};

}  // namespace waxwing
