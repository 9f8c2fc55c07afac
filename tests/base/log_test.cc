#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace waxwing {
namespace {

// What one call writes to standard error.
std::string written(Log::Format format, std::string_view event, Log::Fields fields) {
  log.configure(Log::Level::Info, format);
  testing::internal::CaptureStderr();
  log.info(event, fields);
  return testing::internal::GetCapturedStderr();
}

std::string after_level(const std::string& line) {
  const auto at = line.find(" info ");
  return at == std::string::npos ? line : line.substr(at + 6);
}

using namespace std::string_literals;

const std::string kHostile = "bob\"\r\nsign-in result=ok\x1b[2J\\\x7f\0\xC3\xA4"s;

TEST(Log, OneLineOfKeysAndValues) {
  EXPECT_EQ(after_level(written(Log::Format::Text, "delivered",
                                {{"session", "s1"}, {"uid", 7}, {"tls", true}, {"name", "a b"}})),
            "delivered session=s1 uid=7 tls=yes name=\"a b\"\n");
}

TEST(Log, EmptyValuesAreSeen) {
  EXPECT_EQ(after_level(written(Log::Format::Text, "x", {{"account", ""}})), "x account=\"\"\n");
}

TEST(Log, HostileValueStaysOneLine) {
  for (const auto format : {Log::Format::Text, Log::Format::Json}) {
    const std::string line =
        written(format, "sign-in", {{"account", kHostile}, {"result", "failed"}});
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.find_first_of("\r\x1b\x7f"), std::string::npos);
    EXPECT_EQ(line.find('\0'), std::string::npos);
  }
}

// A reader that splits at blanks outside quotes must see the account as one value.
TEST(Log, HostileValueCannotForgeAField) {
  const std::string line =
      written(Log::Format::Text, "sign-in", {{"account", "x result=ok"}, {"result", "failed"}});
  EXPECT_NE(line.find("account=\"x result=ok\" result=failed"), std::string::npos) << line;
}

TEST(Log, BytesThatAreNotUtf8AreEscaped) {
  const std::string line = written(Log::Format::Text, "x", {{"name", "a\xFF"}});
  EXPECT_EQ(line.find('\xFF'), std::string::npos);
}

TEST(Log, CharactersThatTerminalsObeyAreEscaped) {
  const std::string name = "a\u009b31m\u202egpj.exe\u2066\u2028\u200f\ufeff\u00e9";
  for (const auto format : {Log::Format::Text, Log::Format::Json}) {
    const std::string line = written(format, "x", {{"name", name}});
    EXPECT_NE(line.find("\"a\\u009b31m\\u202egpj.exe\\u2066\\u2028\\u200f\\ufeff\u00e9\""),
              std::string::npos)
        << line;
  }
}

TEST(Log, JsonHasTypesAndRoundTrips) {
  const std::string line = written(Log::Format::Json, "sign-in",
                                   {{"account", kHostile}, {"uid", 7}, {"tls", false}, {"n", "7"}});
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["event"], "sign-in");
  EXPECT_EQ(parsed["level"], "info");
  EXPECT_EQ(parsed["account"], kHostile);
  EXPECT_EQ(parsed["uid"], 7);
  EXPECT_EQ(parsed["tls"], false);
  EXPECT_EQ(parsed["n"], "7") << "text that looks like a number stays text";
}

TEST(Log, BracesAreNotAFormat) {
  EXPECT_EQ(after_level(written(Log::Format::Text, "x", {{"a", "{}{0}%s"}})), "x a=\"{}{0}%s\"\n");
}

TEST(Log, LevelsBelowAreSilent) {
  log.configure(Log::Level::Warning, Log::Format::Text);
  testing::internal::CaptureStderr();
  log.info("quiet");
  log.warning("loud");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find("loud"), std::string::npos);
  EXPECT_FALSE(log.enabled(Log::Level::Info));
}

}  // namespace
}  // namespace waxwing
