#include "storage/mailbox_name.h"
#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

// Changes of directories that were cut off or that the disk refused.
class TreeTest : public StoreTest {
 protected:
  // Every rename of this directory fails.
  void refuse_renames_of(const std::string& folder) {
    disk_.before = [this, folder](const std::string& call, const std::string& path) {
      if (call == "rename" && path.ends_with(folder)) disk_.fail_call(1);
    };
  }
  void append(const std::string& subject, const std::string& name) {
    auto text = staged(message(subject));
    ASSERT_TRUE(mailbox(name)->append(*text, {}));
  }
  bool is_there(const std::string& name) { return account()->mailbox(name).has_value(); }
};

TEST_F(TreeTest, RemovalThatWasCutOffSparesTheNextOfThatName) {
  ASSERT_TRUE(account()->create("x"));
  ASSERT_TRUE(account()->create("y"));
  append("old", "x");
  refuse_renames_of("/.x");
  ASSERT_TRUE(account()->remove("x"));
  disk_.before = nullptr;
  ASSERT_TRUE(account()->create("x"));
  append("new", "x");
  ASSERT_TRUE(account()->remove("y"));
  EXPECT_EQ(subjects(*mailbox("x")), (std::map<Uid, std::string>{{1, "new"}}));
  crash();
  EXPECT_EQ(subjects(*mailbox("x")), (std::map<Uid, std::string>{{1, "new"}}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(TreeTest, RemovalThatCannotBeFinishedLocksNobodyOut) {
  ASSERT_TRUE(account()->create("x"));
  append("old", "x");
  refuse_renames_of("/.x");
  ASSERT_TRUE(account()->remove("x"));
  EXPECT_EQ(account()->create("x").error().code, Error::Code::Temporary);
  crash();
  ASSERT_TRUE(deliver("a"));
  EXPECT_FALSE(is_there("x"));
  disk_.before = nullptr;
  ASSERT_TRUE(account()->create("x"));
  EXPECT_EQ(mailbox("x")->view()->size(), 0u);
}

TEST_F(TreeTest, RemovedMailIsDeleted) {
  ASSERT_TRUE(account()->create("x"));
  append("old", "x");
  ASSERT_TRUE(account()->remove("x"));
  EXPECT_FALSE(fs::exists(folder() + "/Maildir/.x"));
  EXPECT_TRUE(files(folder() + "/removed").empty());
}

TEST_F(TreeTest, RenameThatCannotBeFinishedKeepsTheMail) {
  ASSERT_TRUE(account()->create("a"));
  append("m", "a");
  disk_.before = [&](const std::string& call, const std::string& path) {
    if (call == "rename" && path.ends_with("/.a")) {
      copy_tree(root_ + "/data", root_ + "/moment");
      disk_.before = nullptr;
    }
  };
  ASSERT_TRUE(account()->rename("a", "z"));
  refuse_renames_of("/.a");
  go_on_with(root_ + "/moment");
  EXPECT_EQ(subjects(*mailbox("z")), (std::map<Uid, std::string>{{1, "m"}}));
  EXPECT_EQ(text(*mailbox("z"), 1), message("m"));
  EXPECT_FALSE(is_there("a"));
  disk_.before = nullptr;
  // Its directory is taken, the name alone is not.
  EXPECT_EQ(account()->create("a").error().code, Error::Code::AlreadyExists);
  ASSERT_TRUE(account()->rename("z", "a"));
  crash();
  EXPECT_EQ(subjects(*mailbox("a")), (std::map<Uid, std::string>{{1, "m"}}));
  EXPECT_EQ(findings(), std::vector<std::string>());
}

// Neither whole nor back: the account is read-only, and the directories follow at the next use.
TEST_F(TreeTest, RenameThatStoppedHalfWayEndsAtTheNewNames) {
  ASSERT_TRUE(account()->create("a/b"));
  append("m", "a/b");
  disk_.before = [&](const std::string& call, const std::string& path) {
    if (call == "rename" && (path.ends_with("/.a.b") || path.ends_with("/.z"))) disk_.fail_call(1);
  };
  EXPECT_FALSE(account()->rename("a", "z"));
  EXPECT_EQ(text(*mailbox("z/b"), 1), message("m"));
  disk_.before = nullptr;
  crash();
  EXPECT_EQ(subjects(*mailbox("z/b")), (std::map<Uid, std::string>{{1, "m"}}));
  EXPECT_TRUE(fs::exists(folder() + "/Maildir/.z.b"));
}

// Far longer than a file name can be: four levels of sixty letters.
std::string long_name() {
  std::string level;
  for (int i = 0; i < 60; ++i) level += "\u65e5";
  return level + "/" + level + "/" + level + "/" + level;
}

TEST_F(TreeTest, NamesAreAsLongAsPeopleLike) {
  const std::string name = long_name();
  ASSERT_TRUE(account()->create(name));
  append("m", name);
  crash();
  EXPECT_EQ(subjects(*mailbox(name)), (std::map<Uid, std::string>{{1, "m"}}));
  ASSERT_TRUE(account()->create("Plans/Old"));
  append("n", "Plans/Old");
  ASSERT_TRUE(account()->rename("Plans", name + "/Plans"));
  ASSERT_TRUE(account()->rename(name, "Short"));
  EXPECT_EQ(subjects(*mailbox("Short")), (std::map<Uid, std::string>{{1, "m"}}));
  EXPECT_EQ(subjects(*mailbox("Short/Plans/Old")), (std::map<Uid, std::string>{{1, "n"}}));
  EXPECT_TRUE(fs::exists(folder() + "/Maildir/.Short.Plans.Old"));
  EXPECT_EQ(account()->rename("Short", std::string(995, 'x')).error().code, Error::Code::Limit);
  EXPECT_EQ(findings(), std::vector<std::string>());
  // Nothing is left of the directory of the old name.
  ASSERT_TRUE(account()->create(name));
  EXPECT_EQ(mailbox(name)->view()->size(), 0u);
}

TEST_F(TreeTest, LongNamesComeBackFromTheMaildirAlone) {
  const std::string before = long_name() + "/before", after = long_name() + "/after";
  ASSERT_TRUE(account()->create(before));
  append("m", before);
  ASSERT_TRUE(account()->rename(before, after));
  store_->close();
  store_.reset();
  for (const char* name : {"/account.sqlite", "/index.sqlite"}) {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(folder() + name + suffix);
  }
  open_store();
  ASSERT_TRUE(mailbox(after)->refresh());
  EXPECT_EQ(subjects(*mailbox(after)), (std::map<Uid, std::string>{{1, "m"}}));
  EXPECT_FALSE(is_there(before));
}

// A copy of a Maildir brings marks that belong elsewhere.
TEST_F(TreeTest, AbbreviatedFolderOfAnotherNameIsNoMailbox) {
  ASSERT_TRUE(account());
  const std::string path = folder() + "/Maildir/" + folder_of(long_name()).value();
  for (const char* part : {"", "/cur", "/new", "/tmp"}) fs::create_directory(path + part);
  for (const std::string& text : {std::string(), std::string("../../x"), long_name() + "x"}) {
    write_file(path + "/maildirfolder", text);
    crash();
    EXPECT_EQ(account()->mailboxes()->size(), 6u) << text;
  }
  write_file(path + "/maildirfolder", long_name());
  crash();
  EXPECT_TRUE(is_there(long_name()));
}

}  // namespace
}  // namespace waxwing
