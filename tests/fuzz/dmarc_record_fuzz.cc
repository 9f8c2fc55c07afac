// The DMARC record of a stranger: the first line is the From field, the rest the record. A record
// is read as it says, and no verdict asks for more than a record that can be read.

#include <algorithm>
#include <cstdint>
#include <string>

#include "auth/dmarc.h"
#include "tests/fuzz/one_text_resolver.h"

namespace {

using namespace waxwing;

constexpr int kMostQuestions = 10;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto suffixes = PublicSuffixes::open();
  must(suffixes.has_value());
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(std::min(end + 1, input.size()));
  const std::string header = "From: " + std::string(input.substr(0, end)) + "\r\n\r\n";

  OneTextResolver dns(text, kMostQuestions);
  const spf::Verdict spf;
  const std::vector<dkim::Verdict> dkim;
  const auto verdict =
      dmarc::evaluate(dns, FakeClock(), *suffixes, {header, spf, dkim, unsigned(size % 100)});
  must(!verdict.reason.empty() && is_printable(verdict.reason));
  must(verdict.result != AuthResult::Pass && verdict.disposition <= verdict.policy);
  const auto record = dmarc::parse_record(text);
  if (!record) must(verdict.policy == dmarc::Policy::None);
  if (record) must(dmarc::is_record(text) && record->percent <= 100);
  return 0;
}
