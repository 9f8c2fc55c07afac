#include "protocols/imap/thread_run.h"

#include "protocols/imap/base_subject.h"
#include "protocols/imap/first_fields.h"
#include "protocols/imap/message_ids.h"

namespace waxwing::imap {

ThreadRun::ThreadRun(Thread::Algorithm algorithm, View::Version view,
                     std::vector<std::size_t> found, Collation collation)
    : algorithm_(algorithm), collation_(collation), headers_(std::move(view), std::move(found)) {
  const std::size_t count = headers_.indexes().size();
  switch (algorithm) {
    case Thread::Algorithm::OrderedSubject: threading_ = ordered_subject(); break;
    case Thread::Algorithm::References: threading_ = references(count); break;
    case Thread::Algorithm::Refs: threading_ = refs(count); break;
  }
}

Result<bool> ThreadRun::step(SearchSource& source, const std::function<bool()>& is_time_up) {
  if (!forest_) {
    const auto is_read = headers_.step(source, is_time_up, [&](std::size_t position, auto block) {
      threading_->add(member(position, block));
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

ThreadMember ThreadRun::member(std::size_t position, std::string_view block) const {
  const FirstFields fields(block);
  const BaseSubject subject = base_subject(fields.subject);
  ThreadMember member;
  member.arrived = headers_.row(position).internal_date;
  member.sent = fields.sent(member.arrived);
  member.is_reply = subject.is_reply;
  if (!subject.text.empty()) member.subject = hash(order_key(collation_, subject.text));
  if (algorithm_ == Thread::Algorithm::OrderedSubject) return member;

  if (const auto id = MessageIds(fields.message_id).next()) member.id = hash(*id);
  MessageIds ids(fields.references);
  while (const auto id = ids.next()) member.references.push_back(hash(*id));
  // Behind the first there may be addresses.
  if (member.references.empty()) {
    if (const auto id = MessageIds(fields.in_reply_to).next()) {
      member.references.push_back(hash(*id));
    }
  }
  return member;
}

// Never 0, which stands for no text at all.
std::uint64_t ThreadRun::hash(std::string_view text) const {
  return hash_(text) | 1;
}

std::string ThreadRun::threads(
    const std::function<std::uint32_t(std::size_t index)>& number_of) const {
  return forest_->to_string(
      [&](std::uint32_t member) { return number_of(headers_.indexes()[member]); });
}

}  // namespace waxwing::imap
