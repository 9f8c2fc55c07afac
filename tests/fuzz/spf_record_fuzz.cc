// The SPF record of a stranger: the first line is the sender, the second what an explanation says,
// the rest the record. Whatever it is, the evaluation ends, within its limits, with a verdict that
// can be shown.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/spf.h"
#include "auth/spf_record.h"
#include "base/text.h"

namespace {

using namespace waxwing;

void must(bool so) {
  if (!so) std::abort();
}

std::string txt_rdata(std::string_view text) {
  std::string rdata;
  for (std::size_t i = 0; i == 0 || i < text.size(); i += 255) {
    const auto piece = text.substr(i, 255);
    rdata.append(1, static_cast<char>(piece.size())) += piece;
  }
  return rdata;
}

// Has the same record at every name, and addresses that are not the client's.
class OneRecord final : public dns::Resolver {
 public:
  OneRecord(std::string_view record, std::string_view explanation)
      : record_(txt_rdata(record)), explanation_(txt_rdata(explanation)) {}
  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered) override {
    must(++count_ < 250);
    must(question.name.size() <= 253);
    must(std::ranges::all_of(question.name, [](char c) { return c > ' ' && c < 127; }));
    dns::Answer answer;
    answer.status = dns::Answer::Status::Found;
    answer.canonical_name = question.name;
    answer.records = records(question);
    answered(std::move(answer));
  }

 private:
  std::vector<std::string> records(const dns::Question& question) const {
    switch (question.type) {
      case dns::Type::Txt: return {question.name.starts_with("why") ? explanation_ : record_};
      case dns::Type::A: return {std::string("\xCB\x00\x71\x01", 4)};
      case dns::Type::Mx: return {std::string("\0\1\4host\4test\0", 13)};
      case dns::Type::Ptr: return {std::string("\4host\4test\0", 11)};
      default: return {};
    }
  }
  std::string record_, explanation_;
  int count_ = 0;
};

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = [&input] {
    const auto end = std::min(input.find('\n'), input.size());
    const auto taken = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    return taken;
  };
  const std::string_view sender = line(), explanation = line();
  OneRecord dns(input, explanation);
  const spf::Client client{*IpAddress::parse("192.0.2.1"), "helo.test"};
  const auto verdict = spf::check_mail_from(dns, FakeClock(), client, sender);
  must(is_printable(verdict.explanation) && verdict.explanation.size() <= 500);
  must(!verdict.reason.empty() && is_printable(verdict.reason));
  if (!spf::is_record(input)) must(verdict.result == AuthResult::None);
  if (const auto record = spf::parse_record(input); !record && !verdict.record.empty())
    must(verdict.result == AuthResult::PermError);
  return 0;
}
