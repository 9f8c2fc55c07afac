#include "storage/mailbox_name.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/modified_utf7.h"

namespace waxwing {
namespace {

constexpr std::size_t kMaxFolder = 255;  // NAME_MAX
constexpr std::size_t kMaxOwner = 320;   // octets of an address
constexpr std::string_view kAbbreviation = ".&~";

bool is_good_level(std::string_view level) {
  return !level.empty() && std::none_of(level.begin(), level.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

}  // namespace

Result<std::string> canonical_name(std::string_view name, std::size_t most) {
  if (name.size() > most) return fail(Error::Code::Limit, "mailbox name is too long");
  if (!is_utf8(name)) return fail(Error::Code::Invalid, "mailbox name is not UTF-8");
  auto levels = split(name, '/');
  for (auto level : levels) {
    if (!is_good_level(level)) return fail(Error::Code::Invalid, "mailbox name has a bad level");
  }
  auto result = mail::to_nfc(name);
  if (!result) return fail(Error::Code::Invalid, "mailbox name cannot be normalized");
  // INBOX is the one name without regard to case.  RFC 9051 section 5.1
  if (equals_ignoring_case(levels[0], "INBOX")) result->replace(0, 5, "INBOX");
  return *result;
}

std::size_t length_of_prefix(std::string_view name) {
  if (name.starts_with(kSharedPrefix)) return kSharedPrefix.size();
  if (!name.starts_with(kUsersPrefix)) return 0;
  const auto slash = name.find('/', kUsersPrefix.size());
  const bool is_owner = slash != name.npos && slash - kUsersPrefix.size() <= kMaxOwner;
  return is_owner ? slash + 1 : 0;
}

std::vector<std::string> levels_above(std::string_view name) {
  std::vector<std::string> result;
  for (auto slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
    result.emplace_back(name.substr(0, slash));
  }
  return result;
}

bool is_below(std::string_view name, std::string_view ancestor) {
  return name.size() > ancestor.size() && name.starts_with(ancestor) &&
         name[ancestor.size()] == '/';
}

Result<std::string> folder_of(std::string_view name) {
  if (name == "INBOX") return std::string();
  if (name.size() > kMaxMailboxName) return fail(Error::Code::Limit, "mailbox name is too long");
  std::string folder;
  for (auto level : split(name, '/')) {
    if (!is_utf8(level)) return fail(Error::Code::Invalid, "mailbox name is not UTF-8");
    folder += "." + mail::to_modified_utf7(level, ".");
  }
  if (folder.size() > kMaxFolder) return std::string(kAbbreviation) + hex(sha256(name));
  return folder;
}

bool is_abbreviated(std::string_view folder) {
  return folder.starts_with(kAbbreviation);
}

std::optional<std::string> name_of_mark(std::string_view folder, std::string_view text) {
  const auto name = canonical_name(text);
  if (!name || *name != text) return std::nullopt;
  const auto own = folder_of(text);
  if (!own || *own != folder) return std::nullopt;
  return *name;
}

std::optional<std::string> name_of_folder(std::string_view folder) {
  if (folder.size() < 2 || folder.front() != '.' || is_abbreviated(folder)) return std::nullopt;
  std::string name;
  for (auto level : split(folder.substr(1), '.')) {
    auto decoded = mail::from_modified_utf7(level, mail::Utf7::Lenient);
    if (!decoded || decoded->find('/') != std::string::npos) return std::nullopt;
    if (!name.empty()) name += "/";
    name += *decoded;
  }
  auto canonical = canonical_name(name);
  if (!canonical || *canonical == "INBOX") return std::nullopt;
  return *canonical;
}

}  // namespace waxwing
