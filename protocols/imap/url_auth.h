#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waxwing::imap {

// A URL that carries the leave to read what it names, on behalf of the user before its "@".
//   imap://alice%40example.test@mail.example.test/INBOX/;UID=20;EXPIRE=2026-12-24T18:00:00Z
//       ;URLAUTH=user+bob%40example.test:INTERNAL:01ab...
// RFC 4467 section 3
struct AuthorizedUrl {
  // Who may use it: who submits mail for `user`, who is signed in as `user`, who is signed in.
  enum class Access { Submit, User, AuthUser, Anonymous };
  std::string rump;   // what is signed: up to the access identifier, as it was sent
  std::string owner;  // decoded, as written
  std::string path;   // what follows the server, for parse_message_url(): "/INBOX/;UID=20"
  std::optional<std::int64_t> expires;  // Unix seconds: not valid after that
  Access access = Access::Anonymous;
  std::string user;       // of Submit and User: decoded, as written
  std::string mechanism;  // upper case; empty in what has no token yet
  std::string token;      // hexadecimal digits, as written
};

// Nothing for what has not that form; the path may still name nothing.
std::optional<AuthorizedUrl> parse_authorized_url(std::string_view url);

// What the mechanism INTERNAL puts behind a rump: which algorithm it is, and the HMAC-SHA-256 under
// the key. Hexadecimal digits.  RFC 4467 section 2.4.1
std::string url_token(std::string_view key, std::string_view rump);
// Takes as long for a wrong token as for the right one.
bool is_url_token(std::string_view token, std::string_view key, std::string_view rump);

// "2026-12-24T18:00:00.5+01:00" as Unix seconds; nothing when it is no such date.  RFC 3339
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace waxwing::imap
