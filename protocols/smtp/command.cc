#include "protocols/smtp/command.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace waxwing::smtp {

Command parse_command(std::string_view line) {
  const auto blank = line.find_first_of(" \t");
  if (blank == std::string_view::npos) return {to_upper(line), {}};
  return {to_upper(line.substr(0, blank)), std::string(trim(line.substr(blank)))};
}

bool is_http(std::string_view line) {
  static constexpr std::array<std::string_view, 9> kMethods = {
      "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "PRI"};
  const auto verb = line.substr(0, line.find(' '));
  return std::find(kMethods.begin(), kMethods.end(), verb) != kMethods.end();
}

bool is_binary(std::string_view begun) {
  return std::any_of(begun.begin(), begun.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

}  // namespace waxwing::smtp
