#include "daemon/mbox_name.h"

#include <gtest/gtest.h>

#include <set>

namespace waxwing {
namespace {

using Path = std::vector<std::string>;

std::string repeated(std::string_view text, int times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}

TEST(MboxName, IsTheNameOfTheMailboxWhereThatIsSafe) {
  EXPECT_EQ(mbox_path_of("INBOX"), Path{"INBOX.mbox"});
  EXPECT_EQ(mbox_path_of("Work/Größe 2024"), (Path{"Work", "Größe 2024.mbox"}));
}

TEST(MboxName, LeadsNowhereElse) {
  EXPECT_EQ(mbox_path_of("../../ESCAPED/x"), (Path{"%2E.", "%2E.", "ESCAPED", "x.mbox"}));
  EXPECT_EQ(mbox_path_of("a/./.."), (Path{"a", "%2E", "%2E..mbox"}));
  EXPECT_EQ(mbox_path_of("foo.mbox/bar"), (Path{"foo%2Embox", "bar.mbox"}));
}

TEST(MboxName, ComesBackAndIsSharedByNoTwo) {
  std::set<Path> files, folders;
  for (const std::string& name :
       {std::string("INBOX"), std::string("p"), std::string("zz/../p"), std::string("../p"),
        std::string("foo"), std::string("foo.mbox"), std::string("foo.mbox/bar"),
        std::string("foo.MBOX.mbox/.mbox/x"), std::string("100%"), std::string("100%2E"),
        std::string("%"), std::string(".../%25"), repeated("語", 94), repeated("語", 94) + "/x",
        repeated("%", 300), repeated(".", 300) + "/" + repeated(".", 241),
        repeated("x", 240) + ".mbox", repeated("x", 240) + "%/y", repeated("x", 240) + "/y"}) {
    const auto path = mbox_path_of(name);
    EXPECT_EQ(mailbox_of_mbox_path(path), name);
    EXPECT_TRUE(files.insert(path).second) << name;
    for (std::size_t n = 1; n < path.size(); ++n)
      folders.insert(Path(path.begin(), path.begin() + n));
    for (const auto& piece : path) {
      EXPECT_LE(piece.size(), 255u) << name;
      EXPECT_FALSE(piece.empty() || piece[0] == '.') << name;
    }
  }
  for (const auto& folder : folders) EXPECT_FALSE(files.contains(folder)) << folder.back();
}

TEST(MboxName, OfOthersIsTakenAsItStands) {
  EXPECT_EQ(mailbox_of_mbox_path({"50% off", "a%2Fb%41.mbox"}), "50% off/a%2Fb%41");
  EXPECT_EQ(mailbox_of_mbox_path({"inbox"}), "INBOX");
  EXPECT_EQ(mailbox_of_mbox_path({"x", ".mbox"}), std::nullopt);
  EXPECT_EQ(mailbox_of_mbox_path({"\xff.mbox"}), std::nullopt);
  EXPECT_EQ(mailbox_of_mbox_path({"a%0Ab.mbox"}), std::nullopt);
}

}  // namespace
}  // namespace waxwing
