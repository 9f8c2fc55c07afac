#pragma once

#include <string>

#include "base/result.h"

namespace waxwing::imap {

// How a command ended: the tagged line.  RFC 9051 section 7.1
struct Reply {
  enum class Kind { Ok, No, Bad };
  Kind kind = Kind::Ok;
  std::string code;  // "TRYCREATE", "COPYUID 1 2 3"; empty for none
  std::string text;
  // Messages went away: who follows mod-sequences gets HIGHESTMODSEQ for a code, as it is when all
  // is told.  RFC 7162 sections 3.2.7 and 3.2.9
  bool tells_modseq = false;

  static Reply ok(std::string text, std::string code = {}) {
    return {.kind = Kind::Ok, .code = std::move(code), .text = std::move(text)};
  }
  static Reply no(std::string text, std::string code = {}) {
    return {.kind = Kind::No, .code = std::move(code), .text = std::move(text)};
  }
  static Reply bad(std::string text, std::string code = {}) {
    return {.kind = Kind::Bad, .code = std::move(code), .text = std::move(text)};
  }

  // "OK [CODE] text", without tag and line end.
  std::string to_string() const;
};

// The one place where an error of the world becomes an answer: a response code of RFC 5530 and a
// plain sentence. The error's own text stays with us.
Reply to_reply(const Error& error);

}  // namespace waxwing::imap
