#include "auth/public_suffixes.h"

#include <libpsl.h>

namespace waxwing {

Result<PublicSuffixes> PublicSuffixes::open(const std::string& file) {
  psl_ctx_t* list = psl_latest(file.c_str());
  if (!list) return fail(Error::Code::NotFound, "cannot read the public suffix list " + file);
  return PublicSuffixes(
      std::shared_ptr<const psl_ctx_t>(list, [list](const psl_ctx_t*) { psl_free(list); }));
}

std::string PublicSuffixes::organizational_domain(const std::string& domain) const {
  const char* registered = psl_registrable_domain(list_.get(), domain.c_str());
  return registered ? registered : domain;
}

}  // namespace waxwing
