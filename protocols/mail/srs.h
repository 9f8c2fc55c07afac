#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waxwing::mail {

// The Sender Rewriting Scheme: who passes mail on sends it under an address of his own, from which
// reports find their way back to the sender, and nobody else's do:
//   SRS0=HHHHHH=TT=sender.example=local@forwarder.example
//   SRS1=HHHHHH=first.example==HHHH=TT=sender.example=local@forwarder.example
// H proves that the address is ours, T is the day it was made on. An address that a forwarder
// before us has rewritten is not wrapped once more: reports go to the first forwarder, who knows
// the sender.
//
// Any thread.
class Srs {
 public:
  static constexpr std::int64_t kDays = 21;  // reports come back so long

  // Who knows the key can make addresses that reports are passed on from.
  explicit Srs(std::string key) : key_(std::move(key)) {}

  // `sender` as an address of `domain`, today. As it is when it cannot be rewritten: "", or no
  // address.
  std::string rewrite(std::string_view sender, std::string_view domain, std::int64_t now) const;
  // The address has the form of a rewritten one.
  static bool is_rewritten(std::string_view local);
  // Where a report to that local part goes; nothing when it is not of ours, or too old.
  std::optional<std::string> reverse(std::string_view local, std::int64_t now) const;

 private:
  std::string proof(std::string_view text, std::size_t length) const;
  std::optional<std::string> reverse_first(std::string_view rest, std::int64_t now) const;
  std::optional<std::string> reverse_second(std::string_view rest) const;

  const std::string key_;
};

}  // namespace waxwing::mail
