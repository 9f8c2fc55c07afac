#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/search_run.h"
#include "storage/view.h"

namespace waxwing::imap {

// One look at the header of each of many messages, in slices. Held by one thread at a time.
class HeaderPass {
 public:
  // `indexes`: into the view, ascending.
  HeaderPass(View::Version view, std::vector<std::size_t> indexes)
      : view_(std::move(view)), indexes_(std::move(indexes)) {}

  // Goes on with the next messages until the time is up. `visit` gets each of them once and in
  // order: its position in indexes() and its header block, which is empty when the message is gone
  // by now. True: that was the last. An error ends the pass.
  using Visit = std::function<void(std::size_t position, std::string_view block)>;
  Result<bool> step(SearchSource& source, const std::function<bool()>& is_time_up,
                    const Visit& visit);

  // So many have been visited.
  std::size_t passed() const { return next_; }
  const std::vector<std::size_t>& indexes() const { return indexes_; }
  const MessageRow& row(std::size_t position) const { return (*view_)[indexes_[position]]; }

 private:
  Outcome read_batch(SearchSource& source, const std::function<bool()>& is_time_up,
                     const Visit& visit);

  View::Version view_;
  std::vector<std::size_t> indexes_;
  std::size_t next_ = 0;
};

}  // namespace waxwing::imap
