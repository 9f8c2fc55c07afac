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

bool is_foreign(std::string_view line) {
  static constexpr std::array<std::string_view, 9> kHttp = {
      "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "PRI"};
  const auto verb = line.substr(0, line.find(' '));
  if (std::find(kHttp.begin(), kHttp.end(), verb) != kHttp.end()) return true;
  return is_binary(line);
}

bool is_binary(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

}  // namespace waxwing::smtp
