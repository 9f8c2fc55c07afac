#include "protocols/imap/base_subject.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

std::string base(std::string_view subject) {
  return base_subject(subject).text;
}
bool is_reply(std::string_view subject) {
  return base_subject(subject).is_reply;
}

TEST(BaseSubject, DecodesAndJoinsBlanks) {
  EXPECT_EQ(base("Lunch"), "Lunch");
  EXPECT_EQ(base("  Lunch\t on\r\n   Friday  "), "Lunch on Friday");
  EXPECT_EQ(base("=?utf-8?q?Re=3A_Gr=C3=B6=C3=9Fe?="), "Gr\u00f6\u00dfe");
  EXPECT_EQ(base(""), "");
  EXPECT_EQ(base(" \t "), "");
}

TEST(BaseSubject, TakesRepliesAndForwardsAway) {
  for (const std::string_view subject :
       {"Re: Lunch", "RE:Lunch", "re :Lunch", "Fwd: Lunch", "Fw: Lunch", "fwd[7]: Lunch",
        "Re [7] : Lunch", "re: Fw: RE: Lunch", "Lunch (fwd)", "Lunch(FWD) (fwd) ", "[fwd: Lunch]",
        "[Fwd: [fwd: Lunch]]", "Re: [fwd: Re: Lunch (fwd)] (fwd)", "[list] Re: Lunch",
        "[list][x] Re: [list] Lunch", "Re:[list]Lunch", "[fwd: [list] Lunch]"}) {
    EXPECT_EQ(base(subject), "Lunch") << subject;
    EXPECT_TRUE(is_reply(subject)) << subject;
  }
}

TEST(BaseSubject, LeavesWhatOnlyLooksLikeOne) {
  for (const std::string_view subject :
       {"Really", "Re", "Re Lunch", "Fwdx: Lunch", "Re[7 Lunch", "(fwd) Lunch", "Forward: Lunch",
        "Aw: Lunch", "Lunch fwd)", "[fwd: Lunch", "Re[a[b]]: Lunch"}) {
    EXPECT_EQ(base(subject), subject);
    EXPECT_FALSE(is_reply(subject)) << subject;
  }
}

TEST(BaseSubject, TakesBlobsAwayButNotTheLast) {
  EXPECT_EQ(base("[list] Lunch"), "Lunch");
  EXPECT_EQ(base("[list] [urgent] Lunch"), "Lunch");
  EXPECT_FALSE(is_reply("[list] Lunch"));
  EXPECT_EQ(base("[list]"), "[list]");
  EXPECT_EQ(base("[list] [urgent]"), "[urgent]");
  EXPECT_EQ(base("[list] [urgent] (fwd)"), "[urgent]");
  EXPECT_EQ(base("Re: [list] "), "[list]");
  EXPECT_EQ(base("[] x"), "x");
  EXPECT_EQ(base("[a[b] x"), "[a[b] x");
  EXPECT_EQ(base("Lunch [x]"), "Lunch [x]");
  EXPECT_EQ(base("[fwd: a] b"), "b");
  EXPECT_FALSE(is_reply("[fwd: a] b"));
  EXPECT_EQ(base("[list] Re:"), "");
  EXPECT_EQ(base("[fwd:]"), "");
  EXPECT_EQ(base("(fwd)"), "");
}

std::string repeated(std::string_view text, int count) {
  std::string all;
  while (count-- > 0) all += text;
  return all;
}

// Each of these took time that grew with the square where every step began anew.
TEST(BaseSubject, IsNotSlowedDownByLongOnes) {
  constexpr int kMany = 60'000;
  EXPECT_EQ(base(repeated("[]", kMany) + "x"), "x");
  EXPECT_EQ(base(repeated("[]", kMany)), "[]");
  EXPECT_EQ(base(repeated("re:", kMany) + "x"), "x");
  EXPECT_EQ(base("x" + repeated("(fwd) ", kMany)), "x");
  EXPECT_EQ(base(repeated("[fwd:", kMany) + "x" + repeated("]", kMany)), "x");
  EXPECT_EQ(base(repeated("[a]re[b]:", kMany) + "x"), "x");
}

}  // namespace
}  // namespace waxwing::imap
