#include "storage/tls_sessions.h"

#include <gmock/gmock.h>

#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

constexpr const char* kDomain = "far.example";

class TlsSessionsTest : public StoreTest {
 protected:
  std::unique_ptr<TlsSessions> open() {
    auto sessions = TlsSessions::open(root_ + "/data", disk_, clock_);
    EXPECT_TRUE(sessions) << sessions.error().text;
    return std::move(*sessions);
  }
  static TlsSession session(const std::string& result, const std::string& mx = "mx.far.example") {
    static const auto policy = std::make_shared<const TlsPolicy>(
        TlsPolicy{TlsPolicy::Kind::Sts, kDomain, {"version: STSv1"}, {"*.far.example"}});
    return {policy, result, mx, "192.0.2.1", "192.0.2.2", ""};
  }
  std::int64_t today() const { return TlsSessions::day_of(clock_.now()); }
};

TEST_F(TlsSessionsTest, CountsAlikeOnesTogetherOverARestart) {
  auto sessions = open();
  for (int i = 0; i < 3; ++i) sessions->note(session(""));
  sessions->note(session("certificate-expired"));
  sessions = nullptr;
  sessions = open();
  sessions->note(session(""));
  const auto counts = sessions->sessions(today(), kDomain);
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->size(), 2u);
  EXPECT_EQ((*counts)[0].sessions, 4u);
  EXPECT_EQ((*counts)[0].session.result, "");
  EXPECT_EQ((*counts)[0].session.address, "192.0.2.1");
  EXPECT_EQ((*counts)[0].session.our_address, "192.0.2.2");
  EXPECT_EQ((*counts)[1].sessions, 1u);
  EXPECT_EQ((*counts)[1].session.result, "certificate-expired");
  const auto& policy = (*counts)[1].session.policy;
  EXPECT_EQ(policy, (*counts)[0].session.policy) << "they stand together";
  EXPECT_EQ(policy->kind, TlsPolicy::Kind::Sts);
  EXPECT_EQ(policy->domain, kDomain);
  EXPECT_EQ(policy->strings, std::vector<std::string>{"version: STSv1"});
  EXPECT_EQ(policy->mx, std::vector<std::string>{"*.far.example"});
}

TEST_F(TlsSessionsTest, KnowsDaysThatAreOver) {
  auto sessions = open();
  sessions->note(session(""));
  EXPECT_TRUE(sessions->before(today())->empty());
  clock_.advance(std::chrono::hours(24));
  sessions->note(session(""));
  auto days = sessions->before(today());
  ASSERT_EQ(days->size(), 1u);
  EXPECT_EQ((*days)[0].day, today() - 1);
  EXPECT_EQ((*days)[0].domain, kDomain);
  EXPECT_EQ((*days)[0].due, 0);
  (*days)[0].due = 4711;
  ASSERT_TRUE(sessions->set_due((*days)[0]));
  EXPECT_EQ(sessions->before(today())->at(0).due, 4711);
  ASSERT_TRUE(sessions->remove(today() - 1, kDomain));
  EXPECT_TRUE(sessions->before(today())->empty());
  EXPECT_EQ(sessions->sessions(today(), kDomain)->size(), 1u);
}

TEST_F(TlsSessionsTest, IsBoundedForEachDomain) {
  auto sessions = open();
  for (int i = 0; i < 300; ++i) sessions->note(session("", "mx" + std::to_string(i)));
  EXPECT_EQ(sessions->sessions(today(), kDomain)->size(), 200u);
  sessions->note(session("", "mx0"));
  const auto counts = sessions->sessions(today(), kDomain);
  EXPECT_EQ((*counts)[0].sessions, 2u) << "what is known is counted on";
}

TEST_F(TlsSessionsTest, WithoutAPolicyNothingIsNoted) {
  auto sessions = open();
  sessions->note({});
  EXPECT_TRUE(sessions->before(today() + 1)->empty());
}

}  // namespace
}  // namespace waxwing
