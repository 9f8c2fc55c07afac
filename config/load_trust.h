#pragma once

#include "config/section.h"
#include "config/settings.h"

namespace waxwing {

// The sections that say whom to believe.
void read_sender_policy(Section section, Settings& settings);
void read_dmarc_reports(Section section, Settings& settings);

// "192.0.2.0/24" and the like; mistakes are told.
void read_networks(Section& section, const std::string& key, std::vector<IpNetwork>& networks);

// An address for questions about reports; a mistake is told.
void read_contact(Section& section, std::string& contact);

// Letters, digits and hyphens in labels: it goes into EHLO, Received: and certificates.  RFC
// 5321 section 4.1.2
bool is_host_name(std::string_view name);

}  // namespace waxwing
