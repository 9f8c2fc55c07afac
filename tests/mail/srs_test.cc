#include "protocols/mail/srs.h"

#include <gmock/gmock.h>

namespace waxwing::mail {
namespace {

using testing::MatchesRegex;

constexpr std::int64_t kNow = 1'790'000'000, kDay = 86400;

std::string local_of(const std::string& address) {
  return address.substr(0, address.rfind('@'));
}

TEST(Srs, LeadsReportsBackToTheSender) {
  const Srs srs("key");
  const auto address = srs.rewrite("Alice.B@Far.example", "here.example", kNow);
  EXPECT_THAT(address,
              MatchesRegex("SRS0=[a-z2-7]{6}=[a-z2-7]{2}=Far.example=Alice.B@here.example"));
  EXPECT_EQ(srs.reverse(local_of(address), kNow), "Alice.B@Far.example");
  EXPECT_EQ(srs.reverse(local_of(address), kNow + 21 * kDay), "Alice.B@Far.example");
}

TEST(Srs, SurvivesServersThatChangeTheCase) {
  const Srs srs("key");
  std::string local = local_of(srs.rewrite("alice@far.example", "here.example", kNow));
  for (char& c : local) c = static_cast<char>(toupper(c));
  EXPECT_EQ(srs.reverse(local, kNow), "ALICE@FAR.EXAMPLE");
}

TEST(Srs, PassesNothingOnThatItHasNotMade) {
  const Srs srs("key"), other("another key");
  const auto local = local_of(srs.rewrite("alice@far.example", "here.example", kNow));
  EXPECT_EQ(other.reverse(local, kNow), std::nullopt);
  EXPECT_EQ(srs.reverse(local, kNow + 22 * kDay), std::nullopt) << "too old";
  for (std::size_t i = 5; i < local.size(); ++i) {
    std::string changed = local;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_EQ(srs.reverse(changed, kNow), std::nullopt) << changed;
  }
  for (const char* text : {"SRS0", "SRS0=", "SRS0=aaaaaa", "SRS0=aaaaaa=", "SRS0=a=b=c=d",
                           "SRS1=a=b", "SRS1=aaaaaa==", "alice", ""})
    EXPECT_EQ(srs.reverse(text, kNow), std::nullopt) << text;
}

TEST(Srs, LeavesTheWayToTheSenderToTheFirstForwarder) {
  const Srs first("one"), second("two"), third("three");
  const auto once = first.rewrite("alice@far.example", "one.example", kNow);
  const auto twice = second.rewrite(once, "two.example", kNow);
  const auto thrice = third.rewrite(twice, "three.example", kNow);
  EXPECT_THAT(thrice, MatchesRegex("SRS1=[a-z2-7]{6}=one.example=.*@three.example"));
  const auto back = third.reverse(local_of(thrice), kNow);
  EXPECT_EQ(back, once) << "and not to the second";
  EXPECT_EQ(first.reverse(local_of(*back), kNow), "alice@far.example");
  EXPECT_EQ(second.reverse(local_of(twice), kNow), once);
}

TEST(Srs, LeavesAloneWhatCannotBeRewritten) {
  const Srs srs("key");
  for (const char* sender : {"", "\"a b\"@far.example", "alice@[192.0.2.1]"})
    EXPECT_EQ(srs.rewrite(sender, "here.example", kNow), sender);
}

}  // namespace
}  // namespace waxwing::mail
