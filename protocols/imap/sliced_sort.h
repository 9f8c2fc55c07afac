#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace waxwing::imap {

// A merge sort that can stop between any two of its steps, so that a large one shares its worker.
// Less is a strict order in which no two items are equal.
template <class Item, class Less>
class SlicedSort {
 public:
  SlicedSort(std::vector<Item> items, Less less) : items_(std::move(items)), less_(less) {}

  // Goes on for some thousand comparisons. True: all is in order.
  bool step() {
    if (width_ == 0) return sort_run();
    merge_some();
    if (begin_ < items_.size()) return false;
    items_.swap(merged_);
    width_ *= 2;
    return begin_pass();
  }
  const std::vector<Item>& items() const { return items_; }
  std::vector<Item> take() { return std::move(items_); }

 private:
  static constexpr std::size_t kRun = 512;
  static constexpr std::size_t kMerged = 4096;

  using Offset = typename std::vector<Item>::difference_type;

  bool sort_run() {
    const std::size_t end = std::min(begin_ + kRun, items_.size());
    std::sort(items_.begin() + Offset(begin_), items_.begin() + Offset(end), less_);
    begin_ = end;
    if (end < items_.size()) return false;
    width_ = kRun;
    return begin_pass();
  }

  // True: there is one run left, and that is all.
  bool begin_pass() {
    if (width_ >= items_.size()) return true;
    merged_.clear();
    merged_.reserve(items_.size());
    begin_pair(0);
    return false;
  }

  void begin_pair(std::size_t begin) {
    begin_ = begin;
    left_ = std::min(begin, items_.size());
    middle_ = right_ = std::min(begin + width_, items_.size());
    end_ = std::min(begin + 2 * width_, items_.size());
  }

  void merge_some() {
    for (std::size_t count = 0; count < kMerged && begin_ < items_.size(); ++count) {
      const bool takes_right =
          left_ == middle_ || (right_ < end_ && less_(items_[right_], items_[left_]));
      merged_.push_back(std::move(items_[takes_right ? right_++ : left_++]));
      if (left_ == middle_ && right_ == end_) begin_pair(end_);
    }
  }

  std::vector<Item> items_, merged_;
  Less less_;
  std::size_t width_ = 0;  // of the runs that are in order; 0: there are none yet
  std::size_t begin_ = 0, left_ = 0, middle_ = 0, right_ = 0, end_ = 0;  // of the two being merged
};

}  // namespace waxwing::imap
