#include "storage/file_name.h"

#include <array>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing {
namespace {

constexpr std::array<std::pair<char, std::uint64_t>, 5> kFlagLetters = {{{'D', Flags::kDraft},
                                                                         {'F', Flags::kFlagged},
                                                                         {'R', Flags::kAnswered},
                                                                         {'S', Flags::kSeen},
                                                                         {'T', Flags::kDeleted}}};
constexpr std::size_t kMaxHost = 100;
constexpr std::size_t kEmailIdBytes = 12;

bool is_email_id(std::string_view text) {
  return text.size() == 2 * kEmailIdBytes && from_hex(text);
}

// A host name holds neither "/", which ends a directory, nor ":" and ",", which end the unique
// part.
std::string encode_host(std::string_view host) {
  std::string result;
  for (char c : host.substr(0, kMaxHost)) {
    result += is_alnum(c) || c == '.' || c == '-' || c == '_' ? c : '_';
  }
  return result.empty() ? "localhost" : result;
}

}  // namespace

std::optional<FileName> FileName::parse(std::string_view name) {
  if (name.empty() || name.front() == '.') return std::nullopt;
  FileName result;
  std::string_view base = name;
  if (auto colon = name.find(':'); colon != name.npos) {
    base = name.substr(0, colon);
    std::string_view info = name.substr(colon + 1);
    if (info.starts_with("2,")) result.flags = flags_of_letters(info.substr(2));
  }
  auto fields = split(base, ',');
  result.unique = std::string(fields[0]);
  if (result.unique.empty()) return std::nullopt;
  for (std::size_t i = 1; i < fields.size(); ++i) {
    std::string_view field = fields[i];
    if (field.starts_with("E=") && is_email_id(field.substr(2))) {
      result.copied_email_id = std::string(field.substr(2));
    } else if (field.starts_with("S=")) {
      result.size = parse_number(field.substr(2));
    } else if (field.starts_with("X=")) {
      auto parts = split(field.substr(2), '.');
      if (parts.size() != 2) continue;
      auto validity = parse_number(parts[0], UINT32_MAX);
      auto uid = parse_number(parts[1], UINT32_MAX - 1);
      if (!validity || !uid || *uid == 0) continue;
      result.uid_validity = static_cast<std::uint32_t>(*validity);
      result.uid = static_cast<Uid>(*uid);
    }
  }
  return result;
}

std::string FileName::base() const {
  std::string result = unique;
  if (size) result += ",S=" + std::to_string(*size);
  if (uid_validity) result += ",X=" + std::to_string(*uid_validity) + "." + std::to_string(uid);
  if (!copied_email_id.empty()) result += ",E=" + copied_email_id;
  return result;
}

std::string FileName::email_id() const {
  return copied_email_id.empty() ? hex(sha256(unique).substr(0, kEmailIdBytes)) : copied_email_id;
}

std::string FileName::to_string() const {
  return base() + ":2," + flag_letters(flags);
}

std::optional<std::int64_t> FileName::seconds() const {
  auto number = parse_number(std::string_view(unique).substr(0, unique.find('.')), INT32_MAX);
  if (!number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string flag_letters(Flags flags) {
  std::string letters;
  for (auto [letter, bit] : kFlagLetters) {
    if (flags.has(bit)) letters += letter;
  }
  for (int i = 0; i < 26; ++i) {
    if (flags.has_keyword(i)) letters += static_cast<char>('a' + i);
  }
  return letters;
}

Flags flags_of_letters(std::string_view letters) {
  Flags flags;
  for (char c : letters) {
    if (c >= 'a' && c <= 'z') flags.bits |= std::uint64_t{1} << (Flags::kFirstKeyword + (c - 'a'));
    for (auto [letter, bit] : kFlagLetters) {
      if (c == letter) flags.bits |= bit;
    }
  }
  return flags;
}

UniqueNames::UniqueNames(std::string_view hostname)
    : host_(encode_host(hostname)), run_(hex(random_bytes(8))) {}

std::string UniqueNames::next(Time now) {
  return std::to_string(unix_seconds(now)) + ".W" + run_ + "Q" +
         std::to_string(counter_.fetch_add(1, std::memory_order_relaxed)) + "." + host_;
}

}  // namespace waxwing
