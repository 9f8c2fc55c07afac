#include "protocols/imap/thread_run.h"

#include "protocols/imap/thread_column.h"

namespace waxwing::imap {

ThreadRun::ThreadRun(Thread::Algorithm algorithm, View::Version view,
                     std::vector<std::size_t> found, Collation collation)
    : headers_(std::move(view), std::move(found), {HeaderColumn::Thread}, collation) {
  const std::size_t count = headers_.indexes().size();
  switch (algorithm) {
    case Thread::Algorithm::OrderedSubject: threading_ = ordered_subject(); break;
    case Thread::Algorithm::References: threading_ = references(count); break;
    case Thread::Algorithm::Refs: threading_ = refs(count); break;
  }
}

Result<bool> ThreadRun::step(SearchSource& source, const std::function<bool()>& is_time_up) {
  if (!forest_) {
    const auto is_read =
        headers_.step(source, is_time_up, [&](std::size_t position, const auto& values) {
          read_thread_value(values.of[0], headers_.row(position).internal_date, member_);
          threading_->add(member_);
        });
    if (!is_read || !*is_read) return is_read;
    while (!threading_->step()) {
      if (is_time_up()) return false;
    }
    forest_.emplace(threading_->take());
  }
  while (!forest_->step()) {
    if (is_time_up()) return false;
  }
  return true;
}

std::string ThreadRun::threads(
    const std::function<std::uint32_t(std::size_t index)>& number_of) const {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(headers_.indexes().size());
  for (const std::size_t index : headers_.indexes()) numbers.push_back(number_of(index));
  return forest_->to_string(numbers);
}

}  // namespace waxwing::imap
