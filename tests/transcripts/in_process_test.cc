#include "tests/transcripts/in_process.h"

#include <gtest/gtest.h>

namespace waxwing::transcripts {
namespace {

class InProcess : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void run(Chunks chunks, Channel channel) {
    const auto transcript = read_transcript(GetParam());
    ASSERT_TRUE(transcript) << transcript.error().text;
    if (channel == Channel::Tls && transcript->clear_only) return;
    const auto server = in_process(*transcript, chunks, channel);
    EXPECT_EQ(play(*transcript, *server), "");
  }
};

TEST_P(InProcess, AnswersAsWrittenToWholeLines) {
  run(Chunks::Whole, Channel::Clear);
}
TEST_P(InProcess, AnswersAsWrittenByteByByte) {
  run(Chunks::Bytes, Channel::Clear);
}
TEST_P(InProcess, AnswersAsWrittenInsideTls) {
  run(Chunks::Whole, Channel::Tls);
}

INSTANTIATE_TEST_SUITE_P(Transcripts, InProcess, testing::ValuesIn(all_transcripts()),
                         [](const auto& info) { return test_name(info.param); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(InProcess);

TEST(Matches, TakesAStarForAnyTextButNotForTheUntaggedMark) {
  EXPECT_TRUE(matches("* 1 EXISTS", "* 1 EXISTS"));
  EXPECT_FALSE(matches("* 1 EXISTS", "a 1 EXISTS"));
  EXPECT_TRUE(matches("a OK [APPENDUID * 1] *", "a OK [APPENDUID 17 1] done"));
  EXPECT_FALSE(matches("a OK *", "a NO it"));
  EXPECT_TRUE(matches("* OK [PERMANENTFLAGS (* \\\\*)] *", "* OK [PERMANENTFLAGS (\\Seen \\*)] x"));
  EXPECT_FALSE(matches("250 2.1.0", "250 2.1.0 ok"));
}

}  // namespace
}  // namespace waxwing::transcripts
