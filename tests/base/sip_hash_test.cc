#include "base/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace waxwing {
namespace {

TEST(SipHash, IsWhatItsAuthorsSay) {
  const SipHash hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  std::string text;
  for (char c = 0; c < 15; ++c) text += c;
  EXPECT_EQ(hash(text), 0xa129ca6149be45e5);
  EXPECT_EQ(hash(""), 0x726fdb47dd0e0e31);
}

TEST(SipHash, DependsOnItsKey) {
  EXPECT_NE(SipHash::random()("text"), SipHash::random()("text"));
}

}  // namespace
}  // namespace waxwing
