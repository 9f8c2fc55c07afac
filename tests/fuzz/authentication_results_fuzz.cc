// Authentication-Results of strangers. What can be read comes back when it is written and read
// again, and no stranger's text breaks out of its place when it is written.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/authentication_results.h"

namespace {

using namespace waxwing;

void must(bool so) {
  if (!so) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  (void)may_be_results_of("mail.example.test", input);
  must(may_be_results_of("mail.example.test", "mail.example.test; " + input));
  const auto results = parse_authentication_results(input);
  if (results) must(results->methods.size() <= 100);

  const AuthenticationResults ours{
      "mail.example.test", {{"spf", "fail", input, {{"smtp.mailfrom", input}}}, {"dkim", "none"}}};
  const std::string text = print(ours);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n')
      must(i > 0 && text[i - 1] == '\r' && i + 1 < text.size() && text[i + 1] == ' ');
    if (text[i] == '\r') must(i + 1 < text.size() && text[i + 1] == '\n');
  }
  const auto again = parse_authentication_results(text);
  must(again && again->methods.size() == 2 && again->methods[0].name == "spf");
  must(again->methods[0].properties.size() == 1 && again->methods[1].result == "none");
  must(print(*again) == text);
  return 0;
}
