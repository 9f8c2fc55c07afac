#include "tests/transcripts/live.h"

#include <gtest/gtest.h>

namespace waxwing::transcripts {
namespace {

class Live : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void run(Channel channel) {
    const auto transcript = read_transcript(GetParam());
    ASSERT_TRUE(transcript) << transcript.error().text;
    if (!transcript->is_for_live() || (channel == Channel::Tls && transcript->clear_only)) return;
    const auto server = live(*transcript, channel);
    EXPECT_EQ(play(*transcript, *server), "");
    EXPECT_EQ(server->stop(), "");
  }
};

TEST_P(Live, AnswersAsWrittenOverTcp) {
  run(Channel::Clear);
}
TEST_P(Live, AnswersAsWrittenOverTls) {
  run(Channel::Tls);
}

INSTANTIATE_TEST_SUITE_P(Transcripts, Live, testing::ValuesIn(all_transcripts()),
                         [](const auto& info) { return test_name(info.param); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Live);

}  // namespace
}  // namespace waxwing::transcripts
