#include "daemon/admission.h"

namespace waxwing {

Admission::Answer Admission::enter(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (total_ >= limits_.total) return Answer::TooMany;
  const auto found = clients_.find(client);
  if (found != clients_.end() && found->second >= limits_.per_client)
    return Answer::TooManyFromThere;
  ++total_;
  ++clients_[client];
  return Answer::Welcome;
}

void Admission::leave(std::string_view client) {
  const std::lock_guard lock(mutex_);
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  --total_;
  if (--found->second == 0) clients_.erase(found);
}

void Admission::change(Limits limits) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
}

std::uint64_t Admission::count() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

}  // namespace waxwing
