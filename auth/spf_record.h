#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/spf_macro.h"
#include "base/result.h"

namespace waxwing::spf {

enum class Qualifier { Pass, Fail, SoftFail, Neutral };
enum class Mechanism { All, Include, A, Mx, Ptr, Ip4, Ip6, Exists };

// One term that can match.  RFC 7208 section 5
struct Directive {
  Qualifier qualifier = Qualifier::Pass;
  Mechanism mechanism = Mechanism::All;
  std::optional<MacroString> domain;  // none: the domain that is checked
  std::string network;                // of Ip4 and Ip6: four or sixteen bytes
  unsigned prefix4 = 32;
  unsigned prefix6 = 128;
  std::string text;  // as it was written
};

struct Record {
  std::vector<Directive> directives;  // those behind an `all` are left out
  bool has_all = false;
  std::optional<MacroString> redirect;
  std::optional<MacroString> explanation;
};

// Does this TXT record say that it is one of SPF? "v=spf1", and a space or nothing more.
// RFC 7208 section 4.5
bool is_record(std::string_view text);

// Reads a whole record and refuses it for one error anywhere, with words for who published it.
// RFC 7208 sections 4.6 and 12
waxwing::Result<Record> parse_record(std::string_view text);

// Are the first `prefix` bits of these addresses the same? Never for two families.
bool is_in_network(std::string_view address, std::string_view network, unsigned prefix);

}  // namespace waxwing::spf
