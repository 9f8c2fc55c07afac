#include "daemon/lanes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace waxwing::test {
namespace {

constexpr Lanes::Sizes kOneEach{1, 1, 1, 1, 2};

// Occupies the only thread of a lane until it is released.
class Occupied {
 public:
  explicit Occupied(Lanes& lanes, Lane lane) {
    lanes.submit(lane, [this] {
      started_.set_value();
      released_.get_future().wait();
    });
    started_.get_future().wait();
  }
  void release() { released_.set_value(); }

 private:
  std::promise<void> started_, released_;
};

TEST(Lanes, DoNotDelayOneAnother) {
  Lanes lanes(kOneEach);
  Occupied storage(lanes, Lane::Storage);
  std::promise<void> done;
  lanes.submit(Lane::Network, [&] { done.set_value(); });
  done.get_future().wait();
  storage.release();
}

TEST(Lanes, RunInOrderOfArrival) {
  Lanes lanes(kOneEach);
  Occupied storage(lanes, Lane::Storage);
  std::string order;
  std::promise<void> done;
  lanes.submit(Lane::Storage, [&] { order += "a"; });
  lanes.submit(Lane::Storage, [&] {
    order += "b";
    done.set_value();
  });
  storage.release();
  done.get_future().wait();
  EXPECT_EQ(order, "ab");
}

TEST(Lanes, AreBounded) {
  Lanes lanes(kOneEach);
  Occupied storage(lanes, Lane::Storage);
  EXPECT_TRUE(lanes.submit(Lane::Storage, [] {}));
  EXPECT_TRUE(lanes.submit(Lane::Storage, [] {}));
  EXPECT_FALSE(lanes.submit(Lane::Storage, [] {}));
  storage.release();
}

TEST(Lanes, CancelOnlyWhatHasNotStarted) {
  Lanes lanes(kOneEach);
  std::promise<void> started, released, after;
  const auto first = lanes.submit(Lane::Search, [&] {
    started.set_value();
    released.get_future().wait();
  });
  started.get_future().wait();
  std::atomic<bool> ran = false;
  const auto second = lanes.submit(Lane::Search, [&] { ran = true; });
  EXPECT_FALSE(lanes.cancel(Lane::Search, *first));
  EXPECT_TRUE(lanes.cancel(Lane::Search, *second));
  EXPECT_FALSE(lanes.cancel(Lane::Search, *second));
  lanes.submit(Lane::Search, [&] { after.set_value(); });
  released.set_value();
  after.get_future().wait();
  EXPECT_FALSE(ran);
}

TEST(Lanes, StopWithoutWaitingForEver) {
  Lanes lanes(kOneEach);
  Occupied storage(lanes, Lane::Storage);
  EXPECT_FALSE(lanes.stop(std::chrono::milliseconds(1)));
  EXPECT_FALSE(lanes.submit(Lane::Network, [] {}));
  storage.release();
  EXPECT_TRUE(lanes.stop(std::chrono::minutes(1)));
}

}  // namespace
}  // namespace waxwing::test
