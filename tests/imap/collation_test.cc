#include "protocols/imap/collation.h"

#include <gtest/gtest.h>

namespace waxwing::imap {
namespace {

std::string found(std::string_view order) {
  std::string names;
  for (const Collation collation : find_collations(order)) {
    if (!names.empty()) names += ' ';
    names += name_of(collation);
  }
  return names;
}

TEST(Collation, IsFoundByNameAndByPattern) {
  EXPECT_EQ(found("i;unicode-casemap"), "i;unicode-casemap");
  EXPECT_EQ(found("+I;Ascii-Casemap"), "i;ascii-casemap");
  EXPECT_EQ(found("default"), "i;unicode-casemap");
  EXPECT_EQ(found("*"), "i;unicode-casemap i;ascii-casemap");
  EXPECT_EQ(found("i;*"), "i;unicode-casemap i;ascii-casemap");
  EXPECT_EQ(found("i;a*c*map"), "i;ascii-casemap");
  EXPECT_EQ(found("*casemap*"), "i;unicode-casemap i;ascii-casemap");
  for (const std::string_view order : {"i;octet", "i;ascii", "cz;*", "i;*x", "ii;*", "-i;*"}) {
    EXPECT_EQ(found(order), "") << order;
  }
}

TEST(Collation, HasASyntax) {
  for (const std::string_view order : {"i;basic", "cz;*", "*", "+i;a*", "-i;x;b=1.2", "default"}) {
    EXPECT_TRUE(is_collation_order(order)) << order;
  }
  EXPECT_TRUE(is_collation_order(std::string(254, 'a')));
  EXPECT_FALSE(is_collation_order(std::string(255, 'a')));
  for (const std::string_view order : {"", "+", "i;**", "1;x", ";x", "i;a b", "i;\u00e4", "i_x"}) {
    EXPECT_FALSE(is_collation_order(order)) << order;
  }
}

TEST(Collation, ComparesAsciiAloneWhereThatIsAskedFor) {
  const auto unicode = Collation::UnicodeCasemap, ascii = Collation::AsciiCasemap;
  EXPECT_EQ(fold(unicode, "\u00c4B \t c"), fold(unicode, "\u00e4b C"));
  EXPECT_NE(fold(ascii, "\u00c4B"), fold(ascii, "\u00e4b"));
  EXPECT_EQ(fold(ascii, "\u00c4B \t c"), fold(ascii, "\u00c4b C"));
  EXPECT_LT(order_key(unicode, "\u00e4rger"), order_key(unicode, "b"));
  EXPECT_GT(order_key(ascii, "\u00e4rger"), order_key(ascii, "b"));
  EXPECT_EQ(order_key(ascii, "aB"), order_key(ascii, "Ab"));
}

}  // namespace
}  // namespace waxwing::imap
