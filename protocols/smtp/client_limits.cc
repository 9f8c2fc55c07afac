#include "protocols/smtp/client_limits.h"

namespace waxwing::smtp {
namespace {

constexpr std::chrono::seconds kWindow{60};
// Enough for any honest minute; a few MiB when somebody has a whole network to fill it from.
constexpr std::size_t kMaxClients = 50'000;

}  // namespace

ClientLimits::ClientLimits(const Settings::Limits& limits, const Clock& clock)
    : clock_(clock),
      max_messages_(limits.messages_per_minute),
      max_unknown_recipients_(limits.unknown_recipients_per_minute) {}

void ClientLimits::use(const Settings::Limits& limits) {
  const std::lock_guard lock(mutex_);
  max_messages_ = limits.messages_per_minute;
  max_unknown_recipients_ = limits.unknown_recipients_per_minute;
}

bool ClientLimits::may_send(const IpAddress& client) {
  const std::lock_guard lock(mutex_);
  if (max_messages_ == 0) return true;
  auto& counted = counts(client);
  if (counted.messages >= max_messages_) return false;
  ++counted.messages;
  return true;
}

bool ClientLimits::may_ask(const IpAddress& client) {
  const std::lock_guard lock(mutex_);
  return max_unknown_recipients_ == 0 ||
         counts(client).unknown_recipients < max_unknown_recipients_;
}

void ClientLimits::count_unknown_recipient(const IpAddress& client) {
  const std::lock_guard lock(mutex_);
  ++counts(client).unknown_recipients;
}

ClientLimits::Counts& ClientLimits::counts(const IpAddress& client) {
  const auto now = clock_.steady();
  if (clients_.size() >= kMaxClients) make_room(now);
  auto& counted = clients_.try_emplace(client.client_key(), Counts{now}).first->second;
  if (now - counted.since >= kWindow) counted = Counts{now};
  return counted;
}

void ClientLimits::make_room(Steady now) {
  std::erase_if(clients_, [&](const auto& each) { return now - each.second.since >= kWindow; });
  // All of them within one minute: forgetting some harms less than searching at every command.
  for (auto each = clients_.begin(); each != clients_.end() && clients_.size() > kMaxClients / 2;) {
    each = clients_.erase(each);
  }
}

}  // namespace waxwing::smtp
