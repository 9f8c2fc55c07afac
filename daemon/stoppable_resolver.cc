#include "daemon/stoppable_resolver.h"

#include <utility>

namespace waxwing {
namespace {

dns::Answer stopped() {
  dns::Answer answer;
  answer.trouble = "the server is shutting down";
  return answer;
}

}  // namespace

// Nothing when it was told that the resolver stopped.
std::function<void(dns::Answer)> StoppableResolver::Waiting::take(std::uint64_t number) {
  const std::lock_guard lock(mutex);
  const auto found = callers.extract(number);
  return found ? std::move(found.mapped()) : nullptr;
}

void StoppableResolver::resolve(const dns::Question& question,
                                std::function<void(dns::Answer)> answered) {
  std::uint64_t number = 0;
  bool is_asked = false;
  {
    const std::lock_guard lock(waiting_->mutex);
    number = waiting_->next++;
    is_asked = !waiting_->is_stopped;
    if (is_asked) waiting_->callers.emplace(number, std::move(answered));
  }
  if (!is_asked) return answered(stopped());
  resolver_.resolve(question, [waiting = waiting_, number](dns::Answer answer) {
    if (const auto caller = waiting->take(number)) caller(std::move(answer));
  });
}

void StoppableResolver::stop() {
  std::map<std::uint64_t, std::function<void(dns::Answer)>> callers;
  {
    const std::lock_guard lock(waiting_->mutex);
    waiting_->is_stopped = true;
    callers = std::exchange(waiting_->callers, {});
  }
  for (const auto& [number, caller] : callers) caller(stopped());
}

bool StoppableResolver::is_stopped() const {
  const std::lock_guard lock(waiting_->mutex);
  return waiting_->is_stopped;
}

}  // namespace waxwing
