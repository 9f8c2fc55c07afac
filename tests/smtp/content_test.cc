#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocols/smtp/data_reader.h"
#include "protocols/smtp/text_filter.h"
#include "tests/smtp/world.h"

// What follows DATA and BDAT: where it ends, and what of it is kept.

namespace waxwing::smtp {
namespace {

const std::string kOpening = kHello + kEnvelope;
const std::string kSmuggled =
    "MAIL FROM:<evil@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nsmuggled\r\n.\r\n";

// The text that one message became; "" when none was kept.
Play keeps(std::string text) {
  return {.look = [text](World& world, Talker&) {
    ASSERT_EQ(world.intake.kept.size(), 1u);
    EXPECT_EQ(world.intake.kept[0].text, text);
  }};
}
Play keeps_nothing() {
  return {.look = [](World& world, Talker&) { EXPECT_TRUE(world.intake.kept.empty()); }};
}
Play converting(Play play) {
  play.prepare = [](World& world) {
    world.settings.smtp.bare_newlines = Settings::BareNewlines::Convert;
  };
  return play;
}
std::string data(const std::string& text) {
  return kOpening + "DATA\r\n" + text;
}

TEST(Data, TakesStuffedDotsAway) {
  EXPECT_EQ(codes(data("..\r\n...\r\na.\r\n.b\r\n.\r\n"), keeps(".\r\n..\r\na.\r\nb\r\n")),
            "250 250 250 354 250");
}

TEST(Data, MayBeEmpty) {
  EXPECT_EQ(codes(data(".\r\nNOOP\r\n"), keeps("")), "250 250 250 354 250 250");
}

TEST(Data, KeepsEveryOctet) {
  std::string text;
  for (int c = 0; c < 256; ++c) {
    if (c != '\r' && c != '\n') text += static_cast<char>(c);
  }
  text += "\r\n";
  EXPECT_EQ(codes(data(text + ".\r\n"), keeps(text)), "250 250 250 354 250");
}

// Each of these is an end of message to some other server.
class Smuggling : public testing::TestWithParam<const char*> {};

TEST_P(Smuggling, EndsNoMessageAndIsRefused) {
  const std::string end = GetParam();
  EXPECT_EQ(codes(data("text" + end + kSmuggled + "NOOP\r\n"), keeps_nothing()),
            "250 250 250 354 554 250");
}

TEST_P(Smuggling, EndsNoMessageWhereItIsConverted) {
  const std::string end = GetParam();
  Play play;
  play.look = [](World& world, Talker&) {
    ASSERT_EQ(world.intake.kept.size(), 1u);
    EXPECT_EQ(world.intake.kept[0].recipients.size(), 1u);
    const auto& text = world.intake.kept[0].text;
    EXPECT_THAT(text, testing::HasSubstr("smuggled\r\n"));
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r') {
        EXPECT_EQ(text[i + 1], '\n');
      }
      if (text[i] == '\n') {
        EXPECT_EQ(text[i - 1], '\r');
      }
    }
  };
  EXPECT_EQ(codes(data("text" + end + kSmuggled + "NOOP\r\n"), converting(play)),
            "250 250 250 354 250 250");
}

INSTANTIATE_TEST_SUITE_P(Ends, Smuggling,
                         testing::Values("\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r",
                                         "\r.\r\n", "\r\r\n.\n", "\r\n.\r\r\n", "\n.\r",
                                         "\r\n\r.\r\n", "\n\n.\r\n", "\r\n.\n\r\n", "\r\n.\r.\r\n",
                                         "\r\n..\r.\r"));

TEST(Data, RefusesBareNewlinesAfterReadingAll) {
  for (const char* text : {"a\nb\r\n", "a\rb\r\n", "a\n", "\n", "a\r\r\n", "x\r\n\r"}) {
    EXPECT_THAT(answer_to(data(std::string(text) + "\r\n.\r\nNOOP\r\n"), keeps_nothing()),
                testing::HasSubstr("\r\n554 5.5.2 "))
        << testing::PrintToString(text);
  }
}

TEST(Data, ConvertsBareNewlines) {
  EXPECT_EQ(codes(data("a\nb\rc\r\r\nd\r\n.\r\n"), converting(keeps("a\r\nb\r\nc\r\nd\r\n"))),
            "250 250 250 354 250");
}

TEST(Data, RefusesLinesThatNoReaderCanHold) {
  World world;
  Talker client(world, Chunks::Whole);
  client.say(data(""));
  EXPECT_EQ(codes_of(client.say(std::string(TextFilter::kMaxLine + 1, 'x') + "\r\n.\r\nNOOP\r\n")),
            "554 250");
}

TEST(TextFilter, FindsANewlineAtAnyPlace) {
  // Octets that differ from CR and LF by one or by their highest bit, before and behind it.
  const std::string others = "\x0c\x0e\x09\x0b\x8d\x8a\xff\x01";
  for (std::size_t before = 0; before < 24; ++before) {
    std::string line, kept;
    while (line.size() < before) line += others[line.size() % others.size()];
    TextFilter strict(Settings::BareNewlines::Reject);
    strict.pass(line + "\r\n" + others, kept);
    EXPECT_EQ(strict.fault(), TextFilter::Fault::None);
    EXPECT_EQ(kept, line + "\r\n" + others);
    strict.pass("\n", kept);
    EXPECT_EQ(strict.fault(), TextFilter::Fault::BareNewline);
    for (const char* newline : {"\n", "\r"}) {
      kept.clear();
      TextFilter converting(Settings::BareNewlines::Convert);
      converting.pass(line + newline + others, kept);
      EXPECT_EQ(kept, line + "\r\n" + others);
    }
  }
}

TEST(DataReader, FindsTheEndHoweverItIsCut) {
  const std::string stream = "a\r\n..b\r\n.\rc\r\n.\r\nREST";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    DataReader reader;
    std::string text;
    std::size_t at = 0;
    bool ended = false;
    while (!ended) {
      const auto limit = at < cut ? cut : stream.size();
      const auto read = reader.read(std::string_view(stream).substr(at, limit - at));
      text += read.text;
      at += read.used;
      ended = read.ended;
    }
    EXPECT_EQ(text, "a\r\n.b\r\n\rc\r\n");
    EXPECT_EQ(stream.substr(at), "REST");
  }
}

TEST(Bdat, TakesAMessageInChunksOfAnySize) {
  EXPECT_EQ(codes(kOpening + "BDAT 6\r\na\r\n.\r\nBDAT 2\r\nb\rBDAT 1 LAST\r\n\nNOOP\r\n",
                  keeps("a\r\n.\r\nb\r\n")),
            "250 250 250 250 250 250 250");
  EXPECT_EQ(codes(kOpening + "BDAT 3\r\na\r\nBDAT 0 LAST\r\nNOOP\r\n", keeps("a\r\n")),
            "250 250 250 250 250 250");
  EXPECT_EQ(codes(kOpening + "bdat 3 last\r\na\r\n" + "MAIL FROM:<>\r\n", keeps("a\r\n")),
            "250 250 250 250 250");
}

TEST(Bdat, ReadsPastChunksItRefuses) {
  const std::string hello = "EHLO x\r\n";
  EXPECT_EQ(codes(hello + "BDAT 6\r\nQUIT\r\nNOOP\r\n", keeps_nothing()), "250 503 250");
  EXPECT_EQ(codes(hello + "MAIL FROM:<>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", keeps_nothing()),
            "250 250 554 250");
  EXPECT_EQ(codes(hello + "MAIL FROM:<>\r\nBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
                  keeps_nothing()),
            "250 250 554 554 250");
}

TEST(Bdat, HangsUpWhereItCannotKnowTheSize) {
  Play cut = keeps_nothing();
  cut.look = [](World&, Talker& client) { EXPECT_TRUE(client.is_closed()); };
  for (const char* argument : {"x", "-1", "5 FIRST", "99999999999999999999999", "1 2 3", ""}) {
    EXPECT_EQ(codes(kOpening + "BDAT " + argument + "\r\nQUIT\r\n", cut), "250 250 250 501")
        << argument;
    EXPECT_EQ(codes("BDAT " + std::string(argument) + "\r\nQUIT\r\n", cut), "501") << argument;
  }
}

TEST(Bdat, RefusesBareNewlinesToo) {
  EXPECT_EQ(codes(kOpening + "BDAT 3 LAST\r\na\nbNOOP\r\n", keeps_nothing()),
            "250 250 250 554 250");
  EXPECT_EQ(codes(kOpening + "BDAT 2\r\na\rBDAT 2 LAST\r\nb\nNOOP\r\n", keeps_nothing()),
            "250 250 250 250 554 250");
  EXPECT_EQ(codes(kOpening + "BDAT 2 LAST\r\na\rNOOP\r\n", keeps_nothing()), "250 250 250 554 250");
}

TEST(Bdat, IsNotMixedWithDataOrRecipients) {
  EXPECT_EQ(codes(kOpening + "BDAT 3\r\na\r\nDATA\r\nRCPT TO:<bob@example.test>\r\nRSET\r\n",
                  keeps_nothing()),
            "250 250 250 250 503 503 250");
}

TEST(Bdat, RefusesWhatIsTooLarge) {
  Play small = keeps_nothing();
  small.prepare = [](World& world) { world.settings.limits.message_size = 10; };
  EXPECT_EQ(codes(kOpening + "BDAT 12 LAST\r\n0123456789\r\nNOOP\r\n", small),
            "250 250 250 552 250");
  EXPECT_EQ(codes(kOpening + "BDAT 8\r\n012345\r\nBDAT 8 LAST\r\n012345\r\nNOOP\r\n", small),
            "250 250 250 250 552 250");
}

}  // namespace
}  // namespace waxwing::smtp
