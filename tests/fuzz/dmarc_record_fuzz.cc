// The DMARC record of a stranger: the first line is the From field, the rest the record. A record
// is read as it says, and no verdict asks for more than a record that can be read.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/dmarc.h"
#include "auth/timed_lookup.h"

namespace {

using namespace waxwing;

void must(bool so) {
  if (!so) std::abort();
}

class OneRecord final : public dns::Resolver {
 public:
  explicit OneRecord(std::string_view text) {
    for (std::size_t i = 0; i == 0 || i < text.size(); i += 255) {
      const auto piece = text.substr(i, 255);
      rdata_.append(1, static_cast<char>(piece.size())) += piece;
    }
  }
  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered) override {
    must(++count_ <= 10 && is_dns_name(question.name));
    dns::Answer answer;
    answer.status = dns::Answer::Status::Found;
    answer.records = {rdata_};
    answered(std::move(answer));
  }

 private:
  std::string rdata_;
  int count_ = 0;
};

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

  OneRecord dns(text);
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
