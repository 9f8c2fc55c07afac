#include "protocols/mail/date.h"

#include <gtest/gtest.h>

namespace waxwing::mail {
namespace {

std::string again(std::string_view text) {
  const auto date = parse_date(text);
  return date ? print_date(date->unix_seconds, date->zone_minutes) : "no date";
}

TEST(Date, ReadsAndPrints) {
  EXPECT_EQ(again("Sun, 22 Nov 2026 23:05:44 +0000"), "Sun, 22 Nov 2026 23:05:44 +0000");
  EXPECT_EQ(again("1 Jan 1970 00:00:00 -0130"), "Thu, 1 Jan 1970 00:00:00 -0130");
  EXPECT_EQ(again("29 Feb 2024 12:00 +0530"), "Thu, 29 Feb 2024 12:00:00 +0530");
  EXPECT_EQ(parse_date("Thu, 01 Jan 1970 01:00:00 +0100")->unix_seconds, 0);
}

TEST(Date, ReadsObsoleteForms) {
  EXPECT_EQ(again("Fri, 21 Nov 97 09:55:06 EST"), "Fri, 21 Nov 1997 09:55:06 -0500");
  EXPECT_EQ(again("21 Nov 26 09:55:06 Z"), "Sat, 21 Nov 2026 09:55:06 +0000");
  EXPECT_EQ(again("Fri, 21 Nov 1997 09(comment): 55 : 06 -0600"), "no date");
  EXPECT_EQ(again("Fri, 21 Nov 1997 09:55:06 -0600 (MDT)"), "Fri, 21 Nov 1997 09:55:06 -0600");
  EXPECT_EQ(again("Fri Nov 21 09:55:06 1997"), "Fri, 21 Nov 1997 09:55:06 +0000");
  EXPECT_EQ(again("21-Nov-1997 09:55:06+0200"), "Fri, 21 Nov 1997 09:55:06 +0200");
  EXPECT_EQ(again("21 November 1997"), "Fri, 21 Nov 1997 00:00:00 +0000");
}

TEST(Date, RefusesNonsense) {
  for (const std::string_view text :
       {"", "x", "31 Feb 2026 10:00:00 +0000", "1 Jan 2026 25:00:00 +0000", "0 Jan 2026", "12 2026",
        "1 Jan 2026 10:00:00 +9999999", "1-- 2-", ":::::", "99999999999999999999 Jan 1"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(Date, MakesTheBestOfABrokenOne) {
  const auto best = [](std::string_view text) {
    const auto date = parse_broken_date(text);
    return date ? print_date(date->unix_seconds, date->zone_minutes) : "no date";
  };
  EXPECT_EQ(best("1 Jan 2026 10:20:30 -0130"), "Thu, 1 Jan 2026 10:20:30 -0130");
  EXPECT_EQ(best("1 Jan 2026 10:00:00 +9999"), "Thu, 1 Jan 2026 10:00:00 +0000");
  EXPECT_EQ(best("1 Jan 2026 25:00:00 +0100"), "Thu, 1 Jan 2026 00:00:00 +0000");
  EXPECT_EQ(best("1 Jan 2026 lunch time"), "Thu, 1 Jan 2026 00:00:00 +0000");
  EXPECT_EQ(best("31 Feb 2026 10:00:00 +0000"), "no date");
  EXPECT_EQ(best("12 2026"), "no date");
  EXPECT_EQ(best(""), "no date");
}

TEST(Date, KnowsTheSendersDay) {
  EXPECT_EQ(parse_date("1 Jan 1970 23:30:00 -0500")->local_day(), 0);
  EXPECT_EQ(parse_date("31 Dec 1969 23:30:00 +0000")->local_day(), -1);
}

}  // namespace
}  // namespace waxwing::mail
