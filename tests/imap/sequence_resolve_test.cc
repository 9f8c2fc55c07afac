#include <gtest/gtest.h>

#include "protocols/imap/sequence_set.h"

namespace waxwing::imap {
namespace {

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

}  // namespace
}  // namespace waxwing::imap
