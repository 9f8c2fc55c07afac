#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waxwing::dns {

// What a domain says of its mail servers, by MTA-STS.  RFC 8461 section 3.2
struct StsPolicy {
  enum class Mode {
    None,     // nothing any more: an earlier policy is taken back
    Testing,  // what does not fit is reported, and mail goes out all the same
    Enforce,  // what does not fit gets no mail
  };
  Mode mode = Mode::None;
  // Names of servers in lower case; "*.example.net" is any one label before that name. None for
  // Mode::None only.
  std::vector<std::string> mx;
  std::chrono::seconds max_age{0};  // at most 31557600, about a year

  // The server is one of them.  RFC 8461 section 4.1
  bool allows(std::string_view host) const;
};

// The file that the domain's web server has. A stranger's text: anything but a policy is Invalid,
// with a sentence that says where. Lines end with CRLF or LF, and empty ones at the end are passed
// over; of a field that is there twice the first counts; unknown fields must be well-formed. A
// max_age above the most that is allowed becomes that.  RFC 8461 section 3.2
Result<StsPolicy> parse_sts_policy(std::string_view text);

// The id of the policy, from all TXT records at _mta-sts.DOMAIN, as decode_txt() has them. Nothing
// when they are not exactly one record of that kind, well-formed.  RFC 8461 section 3.1
std::optional<std::string> sts_id(const std::vector<std::string>& records);

}  // namespace waxwing::dns
