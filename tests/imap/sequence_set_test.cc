#include "protocols/imap/sequence_set.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

std::string normal(std::string_view text, std::uint32_t highest) {
  auto set = SequenceSet::parse(text);
  if (!set) return "bad";
  return SequenceSet(set->normalised(highest)).to_string();
}

View::Version view(std::vector<Uid> uids) {
  std::vector<MessageRow> rows;
  for (Uid uid : uids) {
    MessageRow row;
    row.uid = uid;
    rows.push_back(row);
  }
  return View::make(std::move(rows), uids.empty() ? 1 : uids.back() + 1, 1, {});
}

using Indexes = std::vector<std::size_t>;

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

TEST(SequenceSet, ResolvesUidsPassingOverMissingOnes) {
  auto v = view({2, 3, 7, 9, 20});
  auto resolve = [&](const char* text) { return resolve_uids(*SequenceSet::parse(text), *v); };
  EXPECT_EQ(resolve("1:8"), (Indexes{0, 1, 2}));
  EXPECT_EQ(resolve("30:*"), (Indexes{4}));
  EXPECT_EQ(resolve("9,2,9,4"), (Indexes{0, 3}));
  EXPECT_EQ(resolve("1:4294967295"), (Indexes{0, 1, 2, 3, 4}));
  EXPECT_EQ(resolve("21:40"), Indexes{});
  EXPECT_EQ(resolve_uids(*SequenceSet::parse("1:*"), *view({})), Indexes{});
}

TEST(SequenceSet, RefusesNumbersThatAreNotThere) {
  auto v = view({2, 3, 7});
  auto resolve = [&](const char* text) { return resolve_numbers(*SequenceSet::parse(text), *v); };
  EXPECT_EQ(resolve("*,1"), (Indexes{0, 2}));
  EXPECT_EQ(resolve("3:2"), (Indexes{1, 2}));
  EXPECT_FALSE(resolve("4"));
  EXPECT_FALSE(resolve("2:4"));
  EXPECT_FALSE(resolve_numbers(*SequenceSet::parse("*"), *view({})));
}

TEST(SequenceSet, WritesUidSets) {
  EXPECT_EQ(to_uid_set({}), "");
  EXPECT_EQ(to_uid_set({4}), "4");
  EXPECT_EQ(to_uid_set({1, 2, 3, 7, 9, 10}), "1:3,7,9:10");
}

}  // namespace
}  // namespace waxwing::imap
