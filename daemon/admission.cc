#include "daemon/admission.h"

namespace waxwing {

bool Admission::has_room_for(const std::string& client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() || found->second < limits_.per_client;
}

Admission::Answer Admission::enter(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (total_ >= limits_.total) return Answer::TooMany;
  if (!client.empty()) {
    if (!has_room_for(client)) return Answer::TooManyFromThere;
    ++clients_[client];
  }
  ++total_;
  return Answer::Welcome;
}

Admission::Answer Admission::name(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (!has_room_for(client)) return Answer::TooManyFromThere;
  ++clients_[client];
  return Answer::Welcome;
}

void Admission::leave(std::string_view client) {
  const std::lock_guard lock(mutex_);
  if (!client.empty()) {
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    if (--found->second == 0) clients_.erase(found);
  }
  --total_;
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
