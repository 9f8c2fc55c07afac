#include "config/words.h"

#include <gtest/gtest.h>

namespace waxwing {
namespace {

TEST(ParseSize, KnowsBothKindsOfUnits) {
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("10KB"), 10'000u);
  EXPECT_EQ(parse_size("10 KiB"), 10'240u);
  EXPECT_EQ(parse_size("100MiB"), 100u << 20);
  EXPECT_EQ(parse_size("1G"), 1u << 30);
  for (const char* text : {"", "MiB", "-1", "1.5GiB", "1XB", "9999999999GiB", "1 2"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(ParseDuration, KnowsSecondsToDays) {
  EXPECT_EQ(parse_duration("30"), std::chrono::seconds(30));
  EXPECT_EQ(parse_duration("30s"), std::chrono::seconds(30));
  EXPECT_EQ(parse_duration("5m"), std::chrono::minutes(5));
  EXPECT_EQ(parse_duration("2h"), std::chrono::hours(2));
  EXPECT_EQ(parse_duration("1d"), std::chrono::hours(24));
  EXPECT_FALSE(parse_duration("1w"));
  EXPECT_FALSE(parse_duration("s"));
}

TEST(Nearest, FindsWhatWasMeantOrNothing) {
  const std::vector<std::string> keys = {"certificates", "min_version", "hostname", "port_offset"};
  EXPECT_EQ(nearest("hsotname", keys), "hostname");
  EXPECT_EQ(nearest("Hostname", keys), "hostname");
  EXPECT_EQ(nearest("cert", keys), "certificates");
  EXPECT_EQ(nearest("min-version", keys), "min_version");
  EXPECT_EQ(nearest("zzz", keys), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), keys), "");
}

}  // namespace
}  // namespace waxwing
