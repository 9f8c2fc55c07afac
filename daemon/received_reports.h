#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/commands.h"
#include "daemon/dmarc_report.h"
#include "protocols/mail/decoded.h"
#include "protocols/mail/message.h"

namespace waxwing {

// Does the message look as if a report were attached to it, or were all of it?
bool may_hold_report(const mail::Message& message);

// What others say of mail in the name of our domains, put together.
class ReceivedReports {
 public:
  // A report as a file: XML, gzip, zip, or a mail that has one attached.
  Outcome add(std::string_view bytes);
  // The reports attached to a mail, which lies where `read` reads.
  Outcome add(const mail::Message& message, const mail::ReadRange& read);
  std::size_t count() const { return reports_.size(); }

  // Who reported, and what came from each address.
  Answer summary() const;

 private:
  struct Source {
    std::uint64_t messages = 0, passed = 0, quarantined = 0, rejected = 0;
  };
  Outcome add_report(std::string_view packed);
  bool add_part(const mail::Part& part, const mail::ReadRange& read, Outcome& trouble);

  std::vector<DmarcReport> reports_;                               // without their rows
  std::map<std::pair<std::string, std::string>, Source> sources_;  // by domain and address
};

// Of files, "-" is standard input; needs neither server nor configuration.
Answer read_reports(const std::vector<std::string>& files);

}  // namespace waxwing
