#include "daemon/stoppable_resolver.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

TEST(StoppableResolver, LetsGoOfThoseWhoWaitAndAnswersEachOnce) {
  test::FakeResolver inner;
  inner.a("one.test", "192.0.2.1");
  StoppableResolver resolver(inner);
  using Status = dns::Answer::Status;
  std::vector<Status> answers;
  const auto ask = [&] {
    resolver.resolve({"one.test", dns::Type::A},
                     [&](const dns::Answer& answer) { answers.push_back(answer.status); });
  };
  ask();
  EXPECT_EQ(answers, std::vector({Status::Found}));
  inner.hold();
  ask();
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_FALSE(resolver.is_stopped());
  resolver.stop();
  EXPECT_EQ(answers, std::vector({Status::Found, Status::Failed}));
  ask();
  EXPECT_EQ(answers.size(), 3u) << "nobody is asked any more";
  EXPECT_EQ(inner.count(), 2u);
  inner.release();
  EXPECT_EQ(answers, std::vector({Status::Found, Status::Failed, Status::Failed}));
}

}  // namespace
}  // namespace waxwing
