#include "storage/text_indexing.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "storage/maildir_account.h"

namespace waxwing {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kWorkAtOnce{20};
// Waits for so many times as long as it worked.
constexpr int kPause = 1;
constexpr int kLongPause = 9;
// Whatever went by: a machine may have slept.
constexpr nanoseconds kLongestPause = std::chrono::seconds(2);

nanoseconds processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

}  // namespace

// Who got much less processor time than went by was kept from it, or waited for the disk: others
// are at work.
class TextIndexing::Polite final : public Pace {
 public:
  explicit Polite(TextIndexing& indexing) : indexing_(indexing) {}

  // Work begins now: that there was none before is no reason for a pause.
  void begin() {
    began_ = steady_clock::now();
    used_ = processor_time();
  }

  bool go_on() override {
    const auto worked = steady_clock::now() - began_;
    if (worked < kWorkAtOnce) return true;
    const bool is_busy = (processor_time() - used_) * 2 < worked;
    std::unique_lock lock(indexing_.mutex_);
    const nanoseconds pause = worked * (is_busy ? kLongPause : kPause);
    indexing_.wake_.wait_for(lock, std::min(pause, kLongestPause),
                             [&] { return indexing_.stopping_; });
    begin();
    return !indexing_.stopping_;
  }

 private:
  TextIndexing& indexing_;
  steady_clock::time_point began_ = steady_clock::now();
  nanoseconds used_ = processor_time();
};

TextIndexing::TextIndexing() : thread_([this] { run(); }) {}

TextIndexing::~TextIndexing() {
  stop();
}

void TextIndexing::request(std::weak_ptr<MaildirAccount> account) {
  const auto held = account.lock();
  if (!held) return;
  const std::lock_guard lock(mutex_);
  waiting_.emplace(held.get(), std::move(account));
  wake_.notify_one();
}

void TextIndexing::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TextIndexing::run() {
  Polite pace(*this);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    auto round = std::exchange(waiting_, {});
    lock.unlock();
    pace.begin();
    for (auto& [key, weak] : round) {
      auto account = weak.lock();
      // One share each, so that a large account does not keep the others waiting.
      if (account && !account->index_texts(pace)) request(account);
      if (!pace.go_on()) return;
    }
    round.clear();
    lock.lock();
  }
}

}  // namespace waxwing
