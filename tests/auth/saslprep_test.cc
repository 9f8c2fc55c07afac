#include "auth/saslprep.h"

#include <gtest/gtest.h>

namespace waxwing {
namespace {

// RFC 4013 section 3
TEST(SaslPrep, PreparesTheExamplesOfTheRfc) {
  EXPECT_EQ(saslprep("I\xC2\xADX", SaslPrep::Stored), "IX");  // soft hyphen is mapped to nothing
  EXPECT_EQ(saslprep("user", SaslPrep::Stored), "user");
  EXPECT_EQ(saslprep("USER", SaslPrep::Stored), "USER");
  EXPECT_EQ(saslprep("\xC2\xAA", SaslPrep::Stored), "a");  // NFKC
  EXPECT_EQ(saslprep("\xE2\x85\xA8", SaslPrep::Stored), "IX");
  EXPECT_FALSE(saslprep("\x07", SaslPrep::Stored));          // control character
  EXPECT_FALSE(saslprep("\xD8\xA7\x31", SaslPrep::Stored));  // bidirectional check
}

TEST(SaslPrep, MapsOtherSpacesToSpace) {
  EXPECT_EQ(saslprep("a\xC2\xA0"
                     "b",
                     SaslPrep::Query),
            "a b");
}

TEST(SaslPrep, KnowsUnassignedCharactersFromQueries) {
  const char* kUnassigned = "\xE1\xBA\x9E";  // came with Unicode 5.1
  EXPECT_FALSE(saslprep(kUnassigned, SaslPrep::Stored));
  EXPECT_TRUE(saslprep(kUnassigned, SaslPrep::Query));
}

TEST(SaslPrep, HasNoAnswerForWhatIsNoText) {
  EXPECT_FALSE(saslprep("", SaslPrep::Query));
  EXPECT_FALSE(saslprep("\xFF", SaslPrep::Query));
  EXPECT_FALSE(saslprep("\xC2\xAD", SaslPrep::Query)) << "nothing is left";
  EXPECT_EQ(prepared_password("\xFF"), "\xFF");
}

TEST(SaslPrep, HoldsOnTheLongestExpansion) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "\xEF\xB7\xBA";  // one character that NFKC makes eighteen
  EXPECT_TRUE(saslprep(text, SaslPrep::Query));
}

}  // namespace
}  // namespace waxwing
