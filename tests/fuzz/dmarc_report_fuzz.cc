// An aggregate report of a stranger, as XML, gzip, zip or mail. What can be read costs bounded
// memory, and comes back when it is written and read again.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "daemon/dmarc_report_reader.h"
#include "daemon/received_reports.h"
#include "daemon/report_unpack.h"

namespace {

using namespace waxwing;

void must(bool so) {
  if (!so) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto unpacked = unpack_report(input);
  must(!unpacked || unpacked->size() <= kMaxUnpacked);
  ReceivedReports reports;
  (void)reports.add(input);
  (void)reports.summary();
  if (!unpacked) return 0;
  auto report = read_dmarc_report(*unpacked);
  if (!report) return 0;
  const auto again = read_dmarc_report(report->xml());
  must(again && again->rows.size() == report->rows.size());
  return 0;
}
