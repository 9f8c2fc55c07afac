#include "protocols/imap/language.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "protocols/imap/reply.h"

namespace waxwing::imap {
namespace {

TEST(Language, IsFoundByItsTagOrByAMoreSpecialOne) {
  EXPECT_EQ(find_language("de"), Language::German);
  EXPECT_EQ(find_language("DE-at-1996"), Language::German);
  EXPECT_EQ(find_language("en-US"), Language::English);
  EXPECT_EQ(find_language("I-Default"), Language::Default);
  EXPECT_EQ(find_language("default"), Language::Default);
  EXPECT_EQ(find_language("*"), Language::Default);
  EXPECT_EQ(find_language("de-*"), Language::German);
  EXPECT_EQ(find_language("den"), std::nullopt);
  EXPECT_EQ(find_language("mul"), std::nullopt);
  EXPECT_EQ(find_language("x-de"), std::nullopt);
}

TEST(Language, RangesAreSubtagsOfLettersAndDigits) {
  for (const char* range : {"de", "i-default", "zh-Hant-TW", "*", "de-*-1996", "default"}) {
    EXPECT_TRUE(is_language_range(range)) << range;
  }
  for (const char* range : {"", "-", "de-", "1de", "de_AT", "abcdefghi", "de AT", "de\xc3\xa9"}) {
    EXPECT_FALSE(is_language_range(range)) << range;
  }
  EXPECT_FALSE(is_language_range(std::string(200, 'a')));
}

TEST(Language, ChangesTheTextOfAResponseAndNothingElse) {
  const auto german = [](std::string_view response) {
    return translated_response(response, Language::German);
  };
  EXPECT_EQ(german("NO [NONEXISTENT] There is no such mailbox"),
            "NO [NONEXISTENT] Dieses Postfach gibt es nicht");
  EXPECT_EQ(german("BYE Goodbye"), "BYE Auf Wiedersehen");
  EXPECT_EQ(german("OK [X \"Goodbye] \"] Goodbye"), "OK [X \"Goodbye] \"] Goodbye");
  EXPECT_EQ(german("OK [Goodbye"), "OK [Goodbye");
  EXPECT_EQ(german("OK"), "OK");
  EXPECT_EQ(german("BAD This text has no translation"), "BAD This text has no translation");
  EXPECT_EQ(translated_response("BYE Goodbye", Language::English), "BYE Goodbye");
  EXPECT_EQ(translated_response("BYE Goodbye", Language::Default), "BYE Goodbye");
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A text that is reworded where it is said would stay English.
TEST(Language, EveryTranslationIsOfATextThatIsSaid) {
  const std::filesystem::path folder = std::filesystem::path(WAXWING_SOURCE_DIR) / "protocols/imap";
  std::string said;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() == ".cc" && name != "catalogue.cc") said += read(entry.path());
  }
  const std::string catalogue = read(folder / "catalogue.cc");
  const std::regex entry("\\n    \\{(\"[^\"]+\"),");
  int count = 0;
  for (std::sregex_iterator it(catalogue.begin(), catalogue.end(), entry), end; it != end; ++it) {
    const std::string quoted = (*it)[1].str();
    const std::string inside = quoted.substr(1, quoted.size() - 2);
    // Some are said behind a word of the protocol: "BAD No mailbox is selected".
    EXPECT_TRUE(said.find(quoted) != said.npos || said.find(" " + inside + "\"") != said.npos)
        << quoted;
    EXPECT_NE(translated(inside, Language::German), inside);
    ++count;
  }
  EXPECT_GT(count, 80);
}

TEST(Language, EveryErrorOfTheWorldHasATranslation) {
  for (int code = 0; code <= static_cast<int>(Error::Code::Cancelled); ++code) {
    const Reply reply = to_reply({static_cast<Error::Code>(code), ""});
    EXPECT_NE(translated(reply.text, Language::German), reply.text) << reply.text;
  }
}

}  // namespace
}  // namespace waxwing::imap
