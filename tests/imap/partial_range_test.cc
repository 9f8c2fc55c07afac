#include "protocols/imap/partial_range.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

// "begin+size"
std::string of(std::string_view range, std::size_t count) {
  const auto [begin, size] = PartialRange::parse(range)->of(count);
  return std::to_string(begin) + "+" + std::to_string(size);
}

TEST(PartialRange, ReadsAndPrints) {
  for (const std::string_view text :
       {"1:1", "1:500", "500:400", "-1:-100", "-5:-2", "1:4294967295"}) {
    const auto range = PartialRange::parse(text);
    ASSERT_TRUE(range) << text;
    EXPECT_EQ(range->to_string(), text);
  }
  for (const std::string_view text :
       {"", "1", ":", "1:", ":1", "0:1", "1:0", "-1:1", "1:-1", "-0:-1", "1:*", "01:2", "1:2:3",
        "--1:-2", "1:4294967296", "- 1:-2"}) {
    EXPECT_FALSE(PartialRange::parse(text)) << text;
  }
}

TEST(PartialRange, CountsFromEitherEnd) {
  EXPECT_EQ(of("1:3", 10), "0+3");
  EXPECT_EQ(of("3:1", 10), "0+3");
  EXPECT_EQ(of("9:12", 10), "8+2");
  EXPECT_EQ(of("10:10", 10), "9+1");
  EXPECT_EQ(of("11:12", 10), "0+0");
  EXPECT_EQ(of("1:1", 0), "0+0");
  EXPECT_EQ(of("-1:-3", 10), "7+3");
  EXPECT_EQ(of("-3:-2", 10), "7+2");
  EXPECT_EQ(of("-9:-12", 10), "0+2");
  EXPECT_EQ(of("-11:-12", 10), "0+0");
  EXPECT_EQ(of("-1:-4294967295", 10), "0+10");
}

}  // namespace
}  // namespace waxwing::imap
