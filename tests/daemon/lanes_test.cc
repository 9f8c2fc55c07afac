#include "daemon/lanes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <iterator>

namespace waxwing::test {
namespace {

constexpr Lanes::Sizes kOneEach{1, 1, 1, 1, 2};

// Something that happens once and is waited for. Copies are the same one.
class Signal {
 public:
  void give() const { promise_->set_value(); }
  void await() const { future_.wait(); }

 private:
  std::shared_ptr<std::promise<void>> promise_ = std::make_shared<std::promise<void>>();
  std::shared_future<void> future_ = promise_->get_future().share();
};

// Occupies the only thread of a lane until the signal it returns is given.
Signal occupy(Lanes& lanes, Lane lane) {
  const Signal started, released;
  lanes.submit(lane, [=] {
    started.give();
    released.await();
  });
  started.await();
  return released;
}

TEST(Lanes, DoNotDelayOneAnother) {
  Lanes lanes(kOneEach);
  const Signal storage = occupy(lanes, Lane::Storage);
  const Signal done;
  lanes.submit(Lane::Network, [=] { done.give(); });
  done.await();
  storage.give();
}

TEST(Lanes, RunInOrderOfArrival) {
  Lanes lanes(kOneEach);
  const Signal storage = occupy(lanes, Lane::Storage);
  std::string order;
  const Signal done;
  lanes.submit(Lane::Storage, [&] { order += "a"; });
  lanes.submit(Lane::Storage, [&order, done] {
    order += "b";
    done.give();
  });
  storage.give();
  done.await();
  EXPECT_EQ(order, "ab");
}

std::size_t threads_of_this_process() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

TEST(Lanes, MakeAThreadWhenThereIsWorkAndNoneIsFree) {
  const auto before = threads_of_this_process();
  Lanes lanes({.storage = 3, .search = 1, .password = 1, .network = 1});
  EXPECT_EQ(threads_of_this_process(), before + 4);
  const Signal first = occupy(lanes, Lane::Storage);
  const Signal second = occupy(lanes, Lane::Storage);
  EXPECT_EQ(threads_of_this_process(), before + 5);
  const Signal third = occupy(lanes, Lane::Storage), fourth;
  lanes.submit(Lane::Storage, [=] { fourth.give(); });
  EXPECT_EQ(threads_of_this_process(), before + 6);
  third.give();
  fourth.await();
  first.give();
  second.give();
}

TEST(Lanes, AreBounded) {
  Lanes lanes(kOneEach);
  const Signal storage = occupy(lanes, Lane::Storage);
  EXPECT_TRUE(lanes.submit(Lane::Storage, [] {}));
  EXPECT_TRUE(lanes.submit(Lane::Storage, [] {}));
  EXPECT_FALSE(lanes.submit(Lane::Storage, [] {}));
  storage.give();
}

TEST(Lanes, CancelOnlyWhatHasNotStarted) {
  Lanes lanes(kOneEach);
  const Signal started, released, after;
  std::atomic<bool> ran = false;
  const auto first = lanes.submit(Lane::Search, [=] {
    started.give();
    released.await();
  });
  started.await();
  const auto second = lanes.submit(Lane::Search, [&] { ran = true; });
  EXPECT_FALSE(lanes.cancel(Lane::Search, *first));
  EXPECT_TRUE(lanes.cancel(Lane::Search, *second));
  EXPECT_FALSE(lanes.cancel(Lane::Search, *second));
  lanes.submit(Lane::Search, [=] { after.give(); });
  released.give();
  after.await();
  EXPECT_FALSE(ran);
}

TEST(Lanes, StopWithoutWaitingForEver) {
  Lanes lanes(kOneEach);
  const Signal storage = occupy(lanes, Lane::Storage);
  EXPECT_FALSE(lanes.stop(std::chrono::milliseconds(1)));
  EXPECT_FALSE(lanes.submit(Lane::Network, [] {}));
  storage.give();
  EXPECT_TRUE(lanes.stop(std::chrono::minutes(1)));
}

}  // namespace
}  // namespace waxwing::test
