#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct psl_ctx_st;

namespace waxwing {

// Under which names people register their domains: the Public Suffix List. Any thread.
class PublicSuffixes {
 public:
  static constexpr std::string_view kFile = "/usr/share/publicsuffix/public_suffix_list.dafsa";
  // From a file of Debian's package publicsuffix, or the list that libpsl was built with where
  // there is none, or an older one. Fails when there is neither.
  static Result<PublicSuffixes> open(const std::string& file = std::string(kFile));

  // "example.co.uk" of "mail.example.co.uk": what was registered, or the domain itself when it is
  // a public suffix. `domain` in lower-case A-labels.  RFC 7489 section 3.2
  std::string organizational_domain(const std::string& domain) const;

 private:
  explicit PublicSuffixes(std::shared_ptr<const psl_ctx_st> list) : list_(std::move(list)) {}
  std::shared_ptr<const psl_ctx_st> list_;
};

}  // namespace waxwing
