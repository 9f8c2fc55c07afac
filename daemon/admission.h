#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/text.h"

namespace waxwing {

// Counts connections, of all clients and of each one (IpAddress::client_key). Any thread.
class Admission {
 public:
  enum class Answer { Welcome, TooMany, TooManyFromThere };

  struct Limits {
    std::uint64_t total = 20000;
    std::uint64_t per_client = 200;
  };
  explicit Admission(Limits limits) : limits_(limits) {}

  // Counts one more, until leave(); "" is somebody whose name is not known yet, and counts among
  // all only.
  Answer enter(const std::string& client);
  // Who came in as "" is this client; where that is one too many of its kind, it stays "".
  Answer name(const std::string& client);
  void leave(std::string_view client);
  // For those who come; nobody is sent away.
  void change(Limits limits);
  std::uint64_t count() const;

 private:
  bool has_room_for(const std::string& client) const;  // mutex_ is held

  mutable std::mutex mutex_;
  Limits limits_;
  std::uint64_t total_ = 0;
  std::unordered_map<std::string, std::uint64_t, StringHash, std::equal_to<>> clients_;
};

}  // namespace waxwing
