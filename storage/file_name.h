#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "storage/keywords.h"
#include "storage/types.h"

namespace waxwing {

// The name of a message file:
// <seconds>.<unique>.<host>,S=<size>,X=<uidvalidity>.<uid>,E=<email id>:2,<flags>
// It says all that an index must know of a message, so the index can be made again from names.
struct FileName {
  std::string unique;  // "<seconds>.<unique>.<host>": one for each message of an account
  std::optional<std::uint64_t> size;
  std::optional<std::uint32_t> uid_validity;
  Uid uid = 0;
  Flags flags;
  // What the message was before it was copied here; empty for one that came by itself.
  std::string copied_email_id = {};

  // Accepts what other programs write, too; their own fields (",U=", ",W=") are passed over.
  static std::optional<FileName> parse(std::string_view name);
  std::string to_string() const;
  // All before ":2,".
  std::string base() const;
  // The same for all copies of a message, and for no other.  RFC 8474 section 5.1
  std::string email_id() const;
  // When the message came into the mailbox, as the name tells.
  std::optional<std::int64_t> seconds() const;
};

// The part of flags that a file name can hold: system flags and the first 26 keywords.
constexpr std::uint64_t kFlagsInNames = (std::uint64_t{1} << (Flags::kFirstKeyword + 26)) - 1;

// The part of `flags` that names can hold and that has a meaning in a mailbox of these keywords.
inline Flags meaningful(Flags flags, std::span<const std::string> keywords) {
  constexpr std::uint64_t kSystem = (std::uint64_t{1} << Flags::kFirstKeyword) - 1;
  return {flags.bits & kFlagsInNames & (kSystem | keyword_flags(keywords).bits)};
}

// Flags as they stand behind ":2,", in ASCII order, and back; foreign letters are passed over.
std::string flag_letters(Flags flags);
Flags flags_of_letters(std::string_view letters);

// Makes unique parts: no two alike on this host, also not over restarts. Any thread.
class UniqueNames {
 public:
  explicit UniqueNames(std::string_view hostname);
  std::string next(Time now);

 private:
  std::string host_;
  std::string run_;  // random, for this run of the program
  std::atomic<std::uint64_t> counter_{0};
};

}  // namespace waxwing
