#include "tests/transcripts/live.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace waxwing::transcripts {
namespace {

class Live : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void run(Channel channel) {
    const auto transcript = read_transcript(GetParam());
    ASSERT_TRUE(transcript) << transcript.error().text;
    if (!transcript->is_for_live() || (channel == Channel::Tls && transcript->clear_only)) return;
    if (transcript->is_for_any_server() && are_many()) {
      play_in_turn(*transcript, channel);
      return;
    }
    const auto server = live(*transcript, channel);
    EXPECT_EQ(play(*transcript, *server), "");
    EXPECT_EQ(server->stop(), "");
  }

  static void TearDownTestSuite() {
    for (const auto& [channel, server] : servers_) EXPECT_EQ(server->stop(), "");
    servers_.clear();
  }

 private:
  // To start a daemon takes longer than most conversations, so those of a service share one; who
  // plays a few need not set up the others.
  static bool are_many() { return testing::UnitTest::GetInstance()->test_to_run_count() > 5; }

  void play_in_turn(const Transcript& transcript, Channel channel) {
    const auto service = GetParam().parent_path();
    if (service != service_) {
      TearDownTestSuite();
      service_ = service;
      all_.clear();
      for (const auto& path : all_transcripts()) {
        if (path.parent_path() != service) continue;
        auto each = read_transcript(path);
        if (each && each->is_for_any_server()) all_.push_back(std::move(*each));
      }
    }
    auto& server = servers_[channel];
    if (!server) server = shared(all_, channel);
    const auto at = std::ranges::find(all_, transcript.name, &Transcript::name);
    ASSERT_EQ(server->begin(static_cast<std::size_t>(at - all_.begin())), "");
    EXPECT_EQ(play(transcript, *server), "");
  }

  static inline std::filesystem::path service_;
  static inline std::vector<Transcript> all_;  // of the service, that any server can play
  static inline std::map<Channel, std::unique_ptr<SharedServer>> servers_;
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
