// A message as a program of the machine writes it: it becomes the same however it is cut, has no CR
// or LF alone, and of its addresses only those without a domain change.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/sendmail_text.h"

namespace {

void must(bool so) {
  if (!so) std::abort();
}

std::string passed(std::string_view text, std::size_t step, bool dot_ends) {
  waxwing::LineEnds ends(dot_ends);
  std::string made;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size())))
    ends.pass(text.substr(0, step), made);
  ends.finish(made);
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing;
  if (size == 0) return 0;
  const bool dot_ends = data[0] % 2 == 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string made = passed(text, text.size() + 1, dot_ends);
  must(made == passed(text, data[0] % 16 + 1, dot_ends));
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i] == '\r') must(i + 1 < made.size() && made[i + 1] == '\n');
    if (made[i] == '\n') must(i > 0 && made[i - 1] == '\r');
  }
  must(made.empty() || made.ends_with("\r\n"));

  const std::size_t length = header_length(made);
  must(length <= made.size());
  const auto value = std::string_view(made).substr(0, length);
  const std::string with = with_domains(value, "host.example");
  must((with.size() - value.size()) % std::string_view("@host.example").size() == 0);
  const auto header = complete_header(value, "host.example", "me@host.example");
  must(header.text.empty() || header.text.ends_with("\r\n"));
  (void)display_name(text);
  return 0;
}
