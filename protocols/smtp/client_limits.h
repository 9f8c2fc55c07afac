#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/ip.h"
#include "base/text.h"
#include "config/settings.h"

namespace waxwing::smtp {

// What a client that has not signed in may do in a minute, counted by address (IPv6: by /64) over
// all its connections. A limit of 0 is none. Any thread.
class ClientLimits {
 public:
  ClientLimits(const Settings::Limits& limits, const Clock& clock);
  // The limits of a new configuration; what is counted stays.
  void use(const Settings::Limits& limits);

  // Counts a message, unless that is one too many.
  bool may_send(const IpAddress& client);
  // False when it has asked for too many addresses that are not here: it guesses.
  bool may_ask(const IpAddress& client);
  void count_unknown_recipient(const IpAddress& client);

 private:
  struct Counts {
    Steady since;
    std::uint64_t messages = 0;
    std::uint64_t unknown_recipients = 0;
  };
  Counts& counts(const IpAddress& client);  // mutex_ is held
  void make_room(Steady now);

  const Clock& clock_;
  std::mutex mutex_;
  std::uint64_t max_messages_;
  std::uint64_t max_unknown_recipients_;
  std::unordered_map<std::string, Counts, StringHash, std::equal_to<>> clients_;
};

}  // namespace waxwing::smtp
