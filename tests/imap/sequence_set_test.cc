#include "protocols/imap/sequence_set.h"

#include <gtest/gtest.h>

#include "protocols/imap/set_of_uids.h"

namespace waxwing::imap {
namespace {

std::string normal(std::string_view text, std::uint32_t highest) {
  auto set = SequenceSet::parse(text);
  if (!set) return "bad";
  return SequenceSet(set->normalised(highest)).to_string();
}

TEST(SequenceSet, KeepsWhatWasWritten) {
  for (const char* text : {"1", "*", "1:*", "*:4,5:7", "4:2", "2,4:7,9,12:*", "4294967295", "$"}) {
    auto set = SequenceSet::parse(text);
    ASSERT_TRUE(set) << text;
    EXPECT_EQ(set->to_string(), text);
  }
}

TEST(SequenceSet, RefusesWhatIsNone) {
  for (const char* text : {"", "0", "01", "1,", ",1", "1:", ":1", "1:2:3", "4294967296", "-1", "1 ",
                           "**", "$,1", "1,$", "0:1", "a"}) {
    EXPECT_FALSE(SequenceSet::parse(text)) << text;
  }
}

// The examples of RFC 9051 section 9.
TEST(SequenceSet, Normalises) {
  EXPECT_EQ(normal("2,4:7,9,12:*", 15), "2,4:7,9,12:15");
  EXPECT_EQ(normal("*:4,5:7", 10), "4:10");
  EXPECT_EQ(normal("4:2", 10), "2:4");
  EXPECT_EQ(normal("3291:*", 7), "7:3291");
  EXPECT_EQ(normal("1:4294967295,5", 7), "1:4294967295");
  EXPECT_EQ(normal("1,2,3,7", 9), "1:3,7");
  EXPECT_EQ(normal("1:*,3", 0), "3");
}

TEST(SequenceSet, TakesUidsOutOfRanges) {
  const auto left = [](std::string_view text, std::vector<Uid> uids) {
    return without(*SequenceSet::parse(text), uids).to_string();
  };
  EXPECT_EQ(left("1:9", {}), "1:9");
  EXPECT_EQ(left("1:9", {1, 5, 9}), "2:4,6:8");
  EXPECT_EQ(left("1:3,7,9:12", {2, 3, 4, 7, 8, 12, 13}), "1,9:11");
  EXPECT_EQ(left("5", {5}), "");
  EXPECT_EQ(left("4294967294:4294967295", {4294967295}), "4294967294");
}

TEST(SequenceSet, PutsOneBehindTheOther) {
  const auto both = [](std::vector<Uid> first, std::vector<Uid> second) {
    return joined(set_of(first), set_of(second)).to_string();
  };
  EXPECT_EQ(both({}, {1, 2}), "1:2");
  EXPECT_EQ(both({1, 2}, {}), "1:2");
  EXPECT_EQ(both({1, 2}, {3, 5}), "1:3,5");
  EXPECT_EQ(both({1, 4}, {6}), "1,4,6");
}

TEST(SequenceSet, WritesUidSets) {
  EXPECT_EQ(to_uid_set({}), "");
  EXPECT_EQ(to_uid_set({4}), "4");
  EXPECT_EQ(to_uid_set({1, 2, 3, 7, 9, 10}), "1:3,7,9:10");
  EXPECT_EQ(to_uid_set({9, 3, 4, 2, 1, 1}), "9,3:4,2,1,1");
}

}  // namespace
}  // namespace waxwing::imap
