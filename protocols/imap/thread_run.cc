#include "protocols/imap/thread_run.h"

#include <algorithm>

namespace waxwing::imap {

ThreadRun::ThreadRun(Thread::Algorithm algorithm, View::Version view,
                     std::vector<std::size_t> found, Collation collation)
    : algorithm_(algorithm),
      headers_(std::move(view), std::move(found), {HeaderColumn::Sent, HeaderColumn::Thread},
               collation) {
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
          read_member(position, values.of);
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

void ThreadRun::read_member(std::size_t position, std::span<const std::string_view> values) {
  texts_.read(values[1]);
  member_.arrived = headers_.row(position).internal_date;
  member_.sent = number_of_value(values[0]).value_or(member_.arrived);
  member_.is_reply = texts_.is_reply;
  member_.subject = texts_.subject.empty() ? 0 : hash(texts_.subject);
  if (algorithm_ == Thread::Algorithm::OrderedSubject) return;

  member_.id = texts_.id.empty() ? 0 : hash(texts_.id);
  member_.references.clear();
  for (const std::string_view id : texts_.references) member_.references.push_back(hash(id));
}

// Never 0, which stands for no text at all.
std::uint64_t ThreadRun::hash(std::string_view text) const {
  return std::max<std::uint64_t>(hash_(text), 1);
}

std::string ThreadRun::threads(
    const std::function<std::uint32_t(std::size_t index)>& number_of) const {
  return forest_->to_string(
      [&](std::uint32_t member) { return number_of(headers_.indexes()[member]); });
}

}  // namespace waxwing::imap
