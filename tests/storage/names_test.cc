#include <gtest/gtest.h>

#include "storage/file_name.h"
#include "storage/mailbox_name.h"

namespace waxwing {
namespace {

TEST(FileName, ComesBackAsItWasWritten) {
  const std::string text = "1790000000.W1Q2.mail.example.test,S=123,X=17.42:2,FSac";
  const auto name = FileName::parse(text);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->unique, "1790000000.W1Q2.mail.example.test");
  EXPECT_EQ(name->size, 123u);
  EXPECT_EQ(name->uid_validity, 17u);
  EXPECT_EQ(name->uid, 42u);
  EXPECT_TRUE(name->flags.has(Flags::kSeen | Flags::kFlagged));
  EXPECT_TRUE(name->flags.has_keyword(0));
  EXPECT_TRUE(name->flags.has_keyword(2));
  EXPECT_EQ(name->seconds(), 1790000000);
  EXPECT_EQ(name->to_string(), text);
}

TEST(FileName, OfOtherProgramsIsUnderstood) {
  const auto name = FileName::parse("1600000000.M1P2.host,U=7,S=5,W=6:2,SP");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->unique, "1600000000.M1P2.host");
  EXPECT_EQ(name->uid, 0u);
  EXPECT_FALSE(name->uid_validity);
  EXPECT_TRUE(name->flags.has(Flags::kSeen));
  EXPECT_TRUE(FileName::parse("plain"));
  EXPECT_FALSE(FileName::parse(".hidden"));
  EXPECT_FALSE(FileName::parse(",S=1"));
}

TEST(FileName, UidOutsideItsRangeIsNone) {
  EXPECT_EQ(FileName::parse("a,X=1.0")->uid, 0u);
  EXPECT_EQ(FileName::parse("a,X=1.99999999999")->uid, 0u);
  EXPECT_EQ(FileName::parse("a,X=1")->uid, 0u);
}

TEST(UniqueNames, HoldNoSeparatorOfAHostileHostName) {
  UniqueNames names("a/b:c,d");
  const auto one = names.next(from_unix_seconds(5)), two = names.next(from_unix_seconds(5));
  EXPECT_NE(one, two);
  EXPECT_EQ(one.find_first_of("/:,"), std::string::npos);
}

TEST(MailboxName, IsInboxInAnyCase) {
  EXPECT_EQ(canonical_name("inBox"), "INBOX");
  EXPECT_EQ(canonical_name("inbox/a"), "INBOX/a");
  EXPECT_EQ(canonical_name("inboxes"), "inboxes");
}

TEST(MailboxName, IsComposed) {
  EXPECT_EQ(canonical_name("e\xCC\x81"), "\xC3\xA9");
}

TEST(MailboxName, WithoutSenseIsRefused) {
  for (const char* name : {"", "/", "a//b", "/a", "a/", "a\tb", "\xff", "a\x7f"}) {
    EXPECT_FALSE(canonical_name(name)) << name;
  }
}

TEST(MailboxName, BecomesAFolderOfMaildirPlusPlusAndBack) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"Sent", ".Sent"},
      {"Sent/2024", ".Sent.2024"},
      {"a.b", ".a&AC4-b"},
      {"..", ".&AC4ALg-"},
      {"R&D", ".R&-D"},
      {"Entw\xC3\xBCrfe", ".Entw&APw-rfe"},
      {"\xE5\x8F\xB0\xE5\x8C\x97/\xE6\x97\xA5", ".&U,BTFw-.&ZeU-"},
      {"INBOX/x", ".INBOX.x"},
      {"\xF0\x9F\x98\x80", ".&2D3eAA-"},
  };
  for (const auto& [name, folder] : names) {
    EXPECT_EQ(folder_of(name), folder);
    EXPECT_EQ(name_of_folder(folder), name);
  }
  EXPECT_EQ(folder_of("INBOX"), "");
}

TEST(MailboxName, LongerThanTheFileSystemTakesIsAbbreviated) {
  EXPECT_EQ(folder_of(std::string(254, 'a')), "." + std::string(254, 'a'));
  const std::string name(255, 'a');
  const auto folder = folder_of(name);
  ASSERT_TRUE(folder);
  EXPECT_TRUE(is_abbreviated(*folder));
  EXPECT_LE(folder->size(), 255u);
  EXPECT_EQ(folder->find('/'), folder->npos);
  EXPECT_NE(folder_of(name + "/b"), *folder);
  EXPECT_EQ(name_of_folder(*folder), std::nullopt);
  EXPECT_EQ(name_of_mark(*folder, name), name);
  for (const std::string& other : {name + "a", std::string("Sent"), std::string(), name + "\n"}) {
    EXPECT_EQ(name_of_mark(*folder, other), std::nullopt) << other;
  }
}

TEST(MailboxName, HasAThousandOctetsAtMost) {
  EXPECT_TRUE(canonical_name(std::string(1000, 'a')));
  EXPECT_TRUE(folder_of(std::string(1000, 'a')));
  for (const auto& refused :
       {canonical_name(std::string(1001, 'a')), folder_of(std::string(1001, 'a'))}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Error::Code::Limit);
  }
}

TEST(MailboxName, HasAPrefixWhereItIsAnothers) {
  EXPECT_EQ(length_of_prefix("Users/bob@example.test/INBOX"), 23U);
  EXPECT_EQ(length_of_prefix("Shared/Plans/2026"), 7U);
  for (const char* name : {"Users", "Users/bob@example.test", "Userss/b/c", "Sent/2026", ""}) {
    EXPECT_EQ(length_of_prefix(name), 0U) << name;
  }
  const std::string owner(320, 'o');
  EXPECT_EQ(length_of_prefix("Users/" + owner + "/x"), 327U);
  EXPECT_EQ(length_of_prefix("Users/o" + owner + "/x"), 0U);
}

TEST(MailboxName, IsNotReadFromOtherDirectories) {
  for (const char* folder : {"cur", ".", "..", ".INBOX", ".a&b", ".&AAA", ".&AC8-", ".&~0"}) {
    EXPECT_FALSE(name_of_folder(folder)) << folder;
  }
}

}  // namespace
}  // namespace waxwing
