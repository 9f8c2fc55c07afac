#include "protocols/imap/filters.h"

#include <gtest/gtest.h>

#include <string>

namespace waxwing::imap {
namespace {

using Kind = SearchKey::Kind;

SearchKey named(const std::string& name) {
  SearchKey filter;
  filter.kind = Kind::Filter;
  filter.text = name;
  SearchKey program;
  program.kind = Kind::And;
  program.keys.push_back(filter);
  return program;
}

std::string refusal(const std::string& name, const Annotations& annotations) {
  const auto expanded = expand_filters(named(name), annotations);
  return expanded ? "" : expanded.error().code;
}

TEST(Filters, ReadWholeSearchesAlone) {
  const std::string entry = "/private/filters/values/f";
  EXPECT_TRUE(parse_filter(entry, "OR SMALLER 5000 FROM \"boss@example.com\""));
  EXPECT_TRUE(parse_filter(entry, "SUBJECT {5+}\r\nhello SEEN"));
  EXPECT_TRUE(parse_filter(entry, "SUBJECT {5}\r\nhello"));
  EXPECT_TRUE(parse_filter(entry,
                           "SUBJECT \"gr\xc3\xb6\xc3\x9f"
                           "e\""));
  for (const char* wrong : {"", " ", "OR SMALLER", "SEEN)", "(SEEN", "SEEN\r\nFLAGGED", "NOSUCHKEY",
                            "SUBJECT \"\xff\"", "SUBJECT {5}\r\nhell", "FILTER a/b"}) {
    EXPECT_FALSE(parse_filter(entry, wrong)) << wrong;
  }
  EXPECT_FALSE(parse_filter("/private/filters/values/a/b", "SEEN"));
  EXPECT_FALSE(parse_filter("/shared/filters/values/a(b", "SEEN"));
}

TEST(Filters, ArePutInPlaceOfTheirNames) {
  const Annotations annotations = {{"/private/filters/values/a", "FILTER B SEEN"},
                                   {"/shared/filters/values/b", "NOT FILTER c"},
                                   {"/shared/filters/values/c", "FLAGGED"},
                                   {"/shared/filters/values/a", "DRAFT"}};
  const auto expanded = expand_filters(named("A"), annotations);
  ASSERT_TRUE(expanded);
  EXPECT_FALSE(expanded->has(Kind::Filter));
  EXPECT_TRUE(expanded->has(Kind::Not));
  const SearchKey& a = expanded->keys.at(0);
  ASSERT_EQ(a.keys.size(), 2u);
  EXPECT_EQ(a.keys[0].keys.at(0).kind, Kind::Not);
  EXPECT_EQ(a.keys[1].kind, Kind::Flag);
}

TEST(Filters, ThatLeadBackToThemselvesAreNotThere) {
  const Annotations annotations = {{"/private/filters/values/a", "SEEN FILTER b"},
                                   {"/private/filters/values/b", "OR FILTER A FLAGGED"},
                                   {"/private/filters/values/broken", "OR SMALLER"}};
  EXPECT_EQ(refusal("b", annotations), "UNDEFINED-FILTER b");
  EXPECT_EQ(refusal("a", annotations), "UNDEFINED-FILTER A");
  EXPECT_EQ(refusal("None", annotations), "UNDEFINED-FILTER None");
  EXPECT_EQ(refusal("broken", annotations), "UNDEFINED-FILTER broken");
}

TEST(Filters, AreBoundedAsCommandsAre) {
  // Each has the next one ten times: with all in place that is 10^8 keys.
  Annotations wide;
  for (int i = 0; i < 8; ++i) {
    std::string value = "ALL";
    for (int k = 0; k < 10; ++k) value += " FILTER f" + std::to_string(i + 1);
    wide["/private/filters/values/f" + std::to_string(i)] = value;
  }
  wide["/private/filters/values/f8"] = "ALL";
  EXPECT_EQ(refusal("f0", wide), "LIMIT");

  Annotations deep;
  for (int i = 0; i < 4; ++i) {
    std::string value;
    for (int k = 0; k < 120; ++k) value += "NOT ";
    deep["/private/filters/values/f" + std::to_string(i)] =
        value + "FILTER f" + std::to_string(i + 1);
  }
  deep["/private/filters/values/f4"] = "ALL";
  EXPECT_EQ(refusal("f0", deep), "LIMIT");
  EXPECT_EQ(refusal("f2", deep), "");
}

}  // namespace
}  // namespace waxwing::imap
