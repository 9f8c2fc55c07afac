#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace waxwing {

// "[########            ] 1200/3000 INBOX" on standard error, where that is a terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::uint64_t goal) : goal_(goal), is_shown_(isatty(STDERR_FILENO) != 0) {}
  ~ProgressBar() {
    if (is_shown_) std::fputs("\r\033[K", stderr);
  }
  void advance(std::uint64_t steps, const std::string& what) {
    done_ += steps;
    const auto now = std::chrono::steady_clock::now();
    if (!is_shown_ || (now - drawn_ < std::chrono::milliseconds(100) && done_ < goal_)) return;
    drawn_ = now;
    constexpr std::uint64_t kWidth = 30;
    const std::uint64_t filled = goal_ == 0 ? kWidth : std::min(done_, goal_) * kWidth / goal_;
    const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, ' ');
    std::fprintf(stderr, "\r\033[K[%s] %llu/%llu %.40s", bar.c_str(),
                 static_cast<unsigned long long>(done_), static_cast<unsigned long long>(goal_),
                 what.c_str());
  }

 private:
  std::uint64_t goal_;
  std::uint64_t done_ = 0;
  bool is_shown_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace waxwing
