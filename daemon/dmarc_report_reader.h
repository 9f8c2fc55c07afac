#pragma once

#include <string_view>

#include "base/result.h"
#include "daemon/dmarc_report.h"

namespace waxwing {

// An aggregate report as others send it, with or without a namespace; what it has beyond the schema
// is passed over. Of the policy only the domain is read. RFC 7489 appendix C
//
// Its bytes are a stranger's. Invalid for what is not such a report; a document type, entities of
// its own with it, is refused, and so is what is nested or repeated beyond reason. Texts may hold
// anything that XML may.
Result<DmarcReport> read_dmarc_report(std::string_view xml);

}  // namespace waxwing
