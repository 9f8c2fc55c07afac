#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waxwing::mail {

// A mailbox address: local part (unquoted) and domain, or an address literal as domain
// ("[192.0.2.1]").
struct Address {
  std::string local;
  std::string domain;

  // As SMTP writes it, without angle brackets; the local part quoted where it must be.
  std::string to_string() const;
  bool is_ascii() const;
  bool operator==(const Address&) const = default;
};

// "local@domain" as in a directory, a header or behind MAIL FROM: strict syntax of RFC 5321 4.1.2
// and RFC 6531. The domain comes back in lower case and in A-labels or U-labels as it was written.
std::optional<Address> parse_address(std::string_view text);

// How the directory and the file system know an address: the domain as lower-case A-labels (RFC
// 5891), the local part case-folded and in NFC. Nothing for a domain that is none.
std::optional<std::string> canonical(const Address& address);
std::optional<std::string> canonical_domain(std::string_view domain);

}  // namespace waxwing::mail
