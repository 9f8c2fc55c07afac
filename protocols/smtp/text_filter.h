#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace waxwing::smtp {

// What message text must not hold, whichever command brought it: CR and LF other than as CRLF, and
// lines without end. A CR or LF alone is refused, because another server may take it for the end of
// a line, and with that see another message than we do; or, where the settings say so, made CRLF.
// RFC 5321 sections 2.3.8 and 4.5.3.1.6
class TextFilter {
 public:
  // RFC 5321 allows 1000 octets; honest mailers write HTML in lines of many kilobytes.
  static constexpr std::size_t kMaxLine = 256 * 1024;
  enum class Fault { None, BareNewline, LongLine };

  explicit TextFilter(Settings::BareNewlines bare_newlines) : policy_(bare_newlines) {}

  // Appends the next piece of the message, as it is to be kept, to `kept`. After a fault nothing
  // more.
  void pass(std::string_view text, std::string& kept);
  // No text follows: a CR that still waits for its LF was bare.
  void finish(std::string& kept);
  Fault fault() const { return fault_; }

 private:
  void keep(std::string_view text, std::string& kept);
  enum class Newline { Crlf, Bare };
  void end_line(Newline newline, std::string& kept);

  Settings::BareNewlines policy_;
  Fault fault_ = Fault::None;
  std::size_t line_ = 0;     // octets of the present line so far
  bool pending_cr_ = false;  // one CR, or several where they are converted
  bool several_crs_ = false;
};

}  // namespace waxwing::smtp
