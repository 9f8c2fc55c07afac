#include "protocols/mail/header.h"

#include <gtest/gtest.h>

namespace waxwing::mail {
namespace {

constexpr std::string_view kBlock =
    "Received: from a\r\n\tby b\r\nSubject : folded\r\n  twice\r\ngarbage line\r\nreceived: "
    "second\r\n"
    "X-Empty:\r\n\r\n";

TEST(HeaderWalker, FindsFieldsWithTheirBytes) {
  HeaderWalker walker(kBlock);
  std::string all;
  std::vector<std::string> names;
  while (const auto field = walker.next()) {
    all += field->raw;
    names.emplace_back(field->name);
  }
  EXPECT_EQ(all + "\r\n", kBlock);
  EXPECT_EQ(walker.rest(), "\r\n");
  EXPECT_EQ(names, (std::vector<std::string>{"Received", "Subject", "", "received", "X-Empty"}));
}

TEST(Header, UnfoldsValues) {
  EXPECT_EQ(find_field(kBlock, "SUBJECT"), "folded  twice");
  EXPECT_EQ(find_field(kBlock, "x-empty"), "");
  EXPECT_EQ(find_field(kBlock, "x-none"), std::nullopt);
  EXPECT_EQ(find_fields(kBlock, "Received"), (std::vector<std::string>{"from a\tby b", "second"}));
  EXPECT_EQ(unfold(std::string_view("a\0b\r\n c ", 9)), "ab c");
}

TEST(Header, FiltersWithoutTouchingBytes) {
  EXPECT_EQ(filter_header(kBlock, Keep::Only, {"subject", "x-none"}),
            "Subject : folded\r\n  twice\r\n\r\n");
  EXPECT_EQ(filter_header(kBlock, Keep::Except, {"Received", "Subject"}),
            "garbage line\r\nX-Empty:\r\n\r\n");
  EXPECT_EQ(filter_header("", Keep::Only, {"a"}), "\r\n");
  EXPECT_EQ(filter_header("A: cut", Keep::Only, {"a"}), "A: cut\r\n\r\n");
}

TEST(Header, KnowsWhereItEnds) {
  EXPECT_EQ(header_size("A: b\r\n\r\nbody"), 8u);
  EXPECT_EQ(header_size("A: b\n\nbody"), 6u);
  EXPECT_EQ(header_size("\r\nbody"), 2u);
  EXPECT_EQ(header_size("A: b"), 4u);
}

}  // namespace
}  // namespace waxwing::mail
