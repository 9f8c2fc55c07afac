#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "storage/types.h"

namespace waxwing {

// What was in a mailbox before this import, so that one which is repeated puts nothing in twice.
// Messages are compared octet by octet (a hash of all of them): that holds whatever stopped the
// first try, a crash of the machine as well, and needs no record beside the mail. Of two equal
// messages one is known once. Held by one thread at a time.
class KnownMessages {
 public:
  // The answer of "mailbox keys".
  void add(const nlohmann::json& answer);

  // What comes later has this UID or a higher one.
  Uid uid_next() const { return uid_next_; }
  // A message that is there under the UID that it has in the source.
  bool is_in_place(std::string_view text, Uid uid) const;
  // UIDs are put in ascending: what had one up to this, which is in place, was there, and where it
  // is no longer its user has removed it.
  void set_imported(Uid up_to) { imported_ = up_to; }
  bool has(Uid uid) const { return by_uid_.contains(uid); }

  // What is to be done with a message that has this UID in the source, or none (0).
  enum class Verdict {
    InPlace,   // it is there, with its UID
    Known,     // it is there, or was and has been removed
    New,       // it may have its UID
    TakesNew,  // its UID has been given to another message
  };
  // Call once for each message, in the order in which they are imported.
  Verdict meet(std::string_view text, Uid uid);

 private:
  bool take(const std::string& key);

  std::unordered_map<std::string, std::uint64_t> counts_;
  std::map<Uid, std::string> by_uid_;
  Uid uid_next_ = 1, imported_ = 0;
};

// "mailbox keys" tells this of each message.
std::string message_key(std::string_view text);

}  // namespace waxwing
