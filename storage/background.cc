#include "storage/background.h"

#include <chrono>
#include <vector>

#include "storage/maildir_account.h"

namespace waxwing {
namespace {
constexpr std::chrono::seconds kBackgroundGather{2};
}

Background::Background() : thread_([this] { run(); }) {}

Background::~Background() {
  stop();
}

void Background::request(std::weak_ptr<MaildirAccount> account) {
  auto held = account.lock();
  if (!held) return;
  std::lock_guard lock(mutex_);
  waiting_.emplace(held.get(), std::move(account));
  if (waiting_.size() == 1) wake_.notify_one();
}

void Background::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Background::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (wake_.wait_for(lock, kBackgroundGather, [this] { return stopping_; })) return;
    auto round = std::exchange(waiting_, {});
    lock.unlock();
    std::vector<std::weak_ptr<MaildirAccount>> unfinished;
    for (auto& [key, weak] : round) {
      auto account = weak.lock();
      if (account && !account->work()) unfinished.push_back(account);
    }
    round.clear();
    for (auto& account : unfinished) request(account);
    lock.lock();
  }
}

}  // namespace waxwing
