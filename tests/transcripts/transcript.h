#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace waxwing::transcripts {

// One line of a transcript; README.md describes the notation.
struct Step {
  enum class Kind {
    Send,      // C: text
    Expect,    // S: text
    Maybe,     // S? text
    Skip,      // S: ...
    Closed,    // S: <closed>
    Close,     // C: <close>
    StartTls,  // C: <starttls>
    Compress,  // C: <compress>
  };
  Kind kind = Kind::Send;
  int connection = 1;
  std::string text;  // Send: the bytes, with their CRLF. Expect: the pattern
  int line = 0;      // in the file
};

struct Transcript {
  struct Mail {
    std::string user;     // "alice"
    std::string message;  // messages/NAME.eml
    std::string mailbox = "INBOX";
  };
  std::string name;  // "imap/idle-sees-append"
  std::uint16_t port = 0;
  std::map<int, std::string> signed_in;  // by connection; 0: all others
  std::vector<Mail> mails;
  std::vector<std::string> administrators;                     // "alice"
  std::vector<std::pair<std::string, std::string>> referrals;  // of an account, to a URL
  std::vector<std::string> config;
  bool clear_only = false;
  std::optional<IpAddress> from;
  std::chrono::seconds drift{0};  // of the clock, at each look
  std::vector<Step> steps;

  bool is_for_live() const { return !from && drift.count() == 0; }
  // Needs nothing of its server but two accounts that nobody has used.
  bool is_for_any_server() const {
    return is_for_live() && config.empty() && administrators.empty() && referrals.empty();
  }
  // Who is signed in on this connection before the first line; nobody: empty.
  std::string user_of(int connection) const;
};

Result<Transcript> read_transcript(const std::filesystem::path& path);

// All transcripts of this folder, by name.
std::vector<std::filesystem::path> all_transcripts();
// "imap_idle_sees_append"
std::string test_name(const std::filesystem::path& path);

// `*` in a pattern stands for any text, but "* " at its start for itself, and `\*` for a star.
bool matches(std::string_view pattern, std::string_view line);

}  // namespace waxwing::transcripts
