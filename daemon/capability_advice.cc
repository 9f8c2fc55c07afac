#include "daemon/capability_advice.h"

#include "config/advice.h"
#include "protocols/imap/capability.h"

namespace waxwing {

std::vector<std::string> all_advice_on(const Settings& settings) {
  std::vector<std::string> advice = advice_on(settings);
  for (const std::string& name : settings.capabilities.hide) {
    if (imap::is_capability(name)) continue;
    advice.push_back("capabilities.hide: " + name +
                     " is no capability that can be hidden; write one that the IMAP command "
                     "CAPABILITY tells");
  }
  for (const std::string& name : settings.capabilities.show) {
    if (name == "UIDONLY") continue;
    advice.push_back("capabilities.show: " + name +
                     " is shown anyway, or is none; only UIDONLY has to be asked for");
  }
  return advice;
}

}  // namespace waxwing
