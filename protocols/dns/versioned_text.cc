#include "protocols/dns/versioned_text.h"

namespace waxwing::dns {

std::optional<std::string_view> behind_version(std::string_view record, std::string_view version) {
  if (!record.starts_with(version)) return std::nullopt;
  const auto rest = record.substr(version.size());
  const auto semicolon = rest.find_first_not_of(" \t");
  if (semicolon == std::string_view::npos || rest[semicolon] != ';') return std::nullopt;
  return rest.substr(semicolon + 1);
}

}  // namespace waxwing::dns
