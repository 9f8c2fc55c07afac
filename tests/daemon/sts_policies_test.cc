#include "daemon/sts_policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "storage/disk.h"
#include "tests/daemon/house.h"
#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

using test::FakeResolver;
using Mode = dns::StsPolicy::Mode;
using Trouble = StsPolicies::Found::Trouble;

constexpr const char* kStsDomain = "example.test";

std::string policy_text(const std::string& mode, int max_age = 1000) {
  return "version: STSv1\nmode: " + mode +
         "\nmx: mx.example.test\nmax_age: " + std::to_string(max_age) + "\n";
}

class StsPoliciesTest : public testing::Test {
 protected:
  void SetUp() override {
    dns_.a("mta-sts.example.test", "192.0.2.80");
    publish("1");
    begin();
  }
  void TearDown() override { end(); }

  void begin() {
    cache_ = PolicyCache::open(folder_.path(), disk_).value();
    lanes_ = std::make_unique<Lanes>(Lanes::Sizes{1, 1, 1, 1, 100});
    policies_ = std::make_unique<StsPolicies>(std::make_shared<Settings>(), dns_, *lanes_, *cache_,
                                              clock_, [this](const HttpsRequest& request) {
                                                const std::lock_guard lock(mutex_);
                                                requests_.push_back(request);
                                                return answer_;
                                              });
  }
  void end() {
    if (lanes_) lanes_->stop(std::chrono::hours(1));
    policies_.reset();
    lanes_.reset();
    cache_.reset();
  }
  void publish(const std::string& id) {
    dns::Answer answer;
    answer.status = id.empty() ? dns::Answer::Status::NoName : dns::Answer::Status::Found;
    const std::string text = "v=STSv1; id=" + id + ";";
    if (!id.empty()) answer.records = {static_cast<char>(text.size()) + text};
    dns_.set("_mta-sts.example.test", dns::Type::Txt, answer);
  }
  void serve(const std::string& text, int status = 200, const std::string& type = "text/plain") {
    const std::lock_guard lock(mutex_);
    answer_ = {HttpsAnswer::Kind::Answered, status, type, text, ""};
  }
  void serve(HttpsAnswer::Kind kind) {
    const std::lock_guard lock(mutex_);
    answer_ = {kind, 0, "", "", "the test wants it so"};
  }
  StsPolicies::Found find() {
    std::promise<StsPolicies::Found> promise;
    policies_->find(kStsDomain, [&](auto found) { promise.set_value(std::move(found)); });
    auto found = promise.get_future().get();
    settle();
    return found;
  }
  // What runs in the background is over: the lane has one thread.
  void settle() {
    std::promise<void> done;
    lanes_->submit(Lane::Network, [&] { done.set_value(); });
    done.get_future().wait();
  }
  std::size_t fetches() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }

  test::Folder folder_;
  SystemDisk disk_;
  FakeClock clock_;
  FakeResolver dns_;
  std::mutex mutex_;
  std::vector<HttpsRequest> requests_;
  HttpsAnswer answer_{HttpsAnswer::Kind::Answered, 200, "text/plain; charset=utf-8",
                      policy_text("enforce"), ""};
  std::unique_ptr<PolicyCache> cache_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<StsPolicies> policies_;
};

TEST_F(StsPoliciesTest, FetchesOnceAndRemembersOverARestart) {
  auto found = find();
  ASSERT_TRUE(found.policy);
  EXPECT_EQ(found.policy->rules.mode, Mode::Enforce);
  ASSERT_EQ(fetches(), 1u);
  EXPECT_EQ(requests_[0].host, "mta-sts.example.test");
  EXPECT_EQ(requests_[0].path, "/.well-known/mta-sts.txt");
  ASSERT_EQ(requests_[0].addresses.size(), 1u);
  EXPECT_EQ(requests_[0].addresses[0].to_string(), "192.0.2.80");
  EXPECT_TRUE(find().policy);
  end();
  begin();
  found = find();
  ASSERT_TRUE(found.policy);
  EXPECT_EQ(found.policy->text, policy_text("enforce"));
  EXPECT_EQ(fetches(), 1u);
}

TEST_F(StsPoliciesTest, ADomainWithoutARecordCostsOneQuestion) {
  publish("");
  const auto before = dns_.count();
  EXPECT_FALSE(find().policy);
  EXPECT_EQ(dns_.count(), before + 1);
  EXPECT_EQ(fetches(), 0u);
}

TEST_F(StsPoliciesTest, FetchesAnewWhenTheIdChanges) {
  find();
  publish("2");
  serve(policy_text("testing"));
  EXPECT_EQ(find().policy->rules.mode, Mode::Enforce) << "nobody waits for the new one";
  EXPECT_EQ(find().policy->rules.mode, Mode::Testing);
  EXPECT_EQ(fetches(), 2u);
}

TEST_F(StsPoliciesTest, FetchesAnewWhenHalfOfItsTimeIsOver) {
  find();
  clock_.advance(std::chrono::seconds(499));
  find();
  EXPECT_EQ(fetches(), 1u);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(find().policy);
  EXPECT_EQ(fetches(), 2u);
  clock_.advance(std::chrono::seconds(700));
  EXPECT_TRUE(find().policy) << "it was prolonged";
}

TEST_F(StsPoliciesTest, AValidPolicyHoldsWhateverGoesWrong) {
  find();
  publish("2");
  serve("<html>");
  EXPECT_TRUE(find().policy);
  EXPECT_TRUE(find().policy);
  EXPECT_EQ(fetches(), 2u) << "not again within five minutes";
  publish("");
  clock_.advance(std::chrono::seconds(998));
  EXPECT_TRUE(find().policy);
  dns_.fail("_mta-sts.example.test", dns::Type::Txt);
  EXPECT_TRUE(find().policy);
  clock_.advance(std::chrono::seconds(2));
  EXPECT_FALSE(find().policy) << "its time is over";
}

TEST_F(StsPoliciesTest, AFetchThatFailsIsNotRepeatedForFiveMinutes) {
  serve(HttpsAnswer::Kind::Unreachable);
  EXPECT_EQ(find().trouble, Trouble::Fetch);
  EXPECT_EQ(find().trouble, Trouble::Fetch);
  EXPECT_EQ(fetches(), 1u);
  publish("2");
  find();
  EXPECT_EQ(fetches(), 2u) << "another version may be tried at once";
  serve(policy_text("enforce"));
  clock_.advance(std::chrono::seconds(300));
  EXPECT_TRUE(find().policy);
}

TEST_F(StsPoliciesTest, SaysWhatIsWrong) {
  const auto trouble_with = [&](const auto&... answer) {
    clock_.advance(std::chrono::seconds(300));
    serve(answer...);
    const auto found = find();
    EXPECT_FALSE(found.policy);
    return found.trouble;
  };
  EXPECT_EQ(trouble_with(HttpsAnswer::Kind::Certificate), Trouble::Certificate);
  EXPECT_EQ(trouble_with(policy_text("enforce"), 301), Trouble::Fetch);
  EXPECT_EQ(trouble_with(policy_text("enforce"), 404), Trouble::Fetch);
  EXPECT_EQ(trouble_with(policy_text("enforce"), 200, "text/html"), Trouble::Invalid);
  EXPECT_EQ(trouble_with(policy_text("enforce"), 200, "text/plainer"), Trouble::Invalid);
  EXPECT_EQ(trouble_with(policy_text("nonsense")), Trouble::Invalid);
  EXPECT_EQ(fetches(), 6u);
  dns_.set("mta-sts.example.test", dns::Type::A, {});
  EXPECT_EQ(trouble_with(policy_text("enforce")), Trouble::Fetch);
  EXPECT_EQ(fetches(), 6u);
}

TEST_F(StsPoliciesTest, WhoAsksTogetherIsAnsweredByOneFetch) {
  std::promise<void> hold, first, second;
  lanes_->submit(Lane::Network, [&] { hold.get_future().wait(); });
  policies_->find(kStsDomain, [&](const auto& found) {
    EXPECT_TRUE(found.policy);
    first.set_value();
  });
  policies_->find(kStsDomain, [&](const auto& found) {
    EXPECT_TRUE(found.policy);
    second.set_value();
  });
  hold.set_value();
  first.get_future().wait();
  second.get_future().wait();
  EXPECT_EQ(fetches(), 1u);
}

TEST_F(StsPoliciesTest, ManyDomainsHaveTheirTurn) {
  std::atomic<int> left = 60;
  std::promise<void> done;
  for (int i = 0; i < 60; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".test";
    dns_.txt("_mta-sts." + domain, "v=STSv1; id=1").a("mta-sts." + domain, "192.0.2.81");
    policies_->find(domain, [&](const auto& found) {
      EXPECT_TRUE(found.policy);
      if (--left == 0) done.set_value();
    });
  }
  done.get_future().wait();
  EXPECT_EQ(fetches(), 60u);
}

}  // namespace
}  // namespace waxwing
