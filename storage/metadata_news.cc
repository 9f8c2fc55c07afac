#include "storage/metadata_news.h"

#include <algorithm>

namespace waxwing {
namespace {

constexpr std::size_t kRemembered = 1000;

}  // namespace

std::uint64_t MetadataNews::add(Log& log, const std::shared_ptr<const MaildirMailbox>& mailbox,
                                const std::string& name,
                                const Account::AnnotationChanges& changes) {
  const std::lock_guard lock(mutex_);
  for (const auto& [entry, value] : changes) {
    log.events_.push_back({{++last_, name, entry}, mailbox});
    if (log.events_.size() > kRemembered) log.events_.pop_front();
  }
  return last_;
}

std::vector<std::pair<std::size_t, MetadataNews::Event>> MetadataNews::since(
    std::uint64_t number, std::span<Log* const> logs) const {
  std::vector<std::pair<std::size_t, Event>> found;
  {
    const std::lock_guard lock(mutex_);
    if (number >= last_) return found;
    for (std::size_t i = 0; i < logs.size(); ++i) {
      const auto& events = logs[i]->events_;
      for (auto event = events.rbegin(); event != events.rend(); ++event) {
        if (event->change.number <= number) break;
        found.emplace_back(i, *event);
      }
    }
  }
  std::ranges::sort(found, {}, [](const auto& each) { return each.second.change.number; });
  return found;
}

std::uint64_t MetadataNews::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace waxwing
