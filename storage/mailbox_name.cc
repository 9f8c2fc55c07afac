#include "storage/mailbox_name.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"

namespace waxwing {
namespace {

constexpr std::size_t kMaxFolder = 255;  // NAME_MAX
constexpr std::size_t kMaxName = 1000;

std::optional<std::u16string> to_utf16(std::string_view text) {
  std::u16string result(text.size(), u'\0');
  int32_t length = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strFromUTF8(result.data(), static_cast<int32_t>(result.size()), &length, text.data(),
                static_cast<int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  result.resize(static_cast<std::size_t>(length));
  return result;
}

std::optional<std::string> to_utf8(std::u16string_view text) {
  std::string result(text.size() * 3, '\0');
  int32_t length = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strToUTF8(result.data(), static_cast<int32_t>(result.size()), &length, text.data(),
              static_cast<int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  result.resize(static_cast<std::size_t>(length));
  return result;
}

std::optional<std::string> to_nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* nfc = unorm2_getNFCInstance(&status);
  auto source = to_utf16(text);
  if (U_FAILURE(status) || !source) return std::nullopt;
  std::u16string result(source->size() * 3 + 8, u'\0');
  int32_t length = unorm2_normalize(nfc, source->data(), static_cast<int32_t>(source->size()),
                                    result.data(), static_cast<int32_t>(result.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  result.resize(static_cast<std::size_t>(length));
  return to_utf8(result);
}

// Base64 of UTF-16 with "," for "/" and without padding.  RFC 3501 section 5.1.3
std::string encode_run(std::u16string_view run) {
  std::string bytes;
  for (char16_t unit : run) {
    bytes += static_cast<char>(unit >> 8);
    bytes += static_cast<char>(unit & 0xff);
  }
  std::string text = base64(bytes);
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '/', ',');
  return "&" + text + "-";
}

std::optional<std::u16string> decode_run(std::string_view run) {
  std::string text(run);
  std::replace(text.begin(), text.end(), ',', '/');
  while (text.size() % 4 != 0) text += '=';
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() % 2 != 0) return std::nullopt;
  std::u16string result;
  for (std::size_t i = 0; i < bytes->size(); i += 2) {
    result += static_cast<char16_t>((static_cast<unsigned char>((*bytes)[i]) << 8) |
                                    static_cast<unsigned char>((*bytes)[i + 1]));
  }
  return result;
}

std::optional<std::string> encode_level(std::string_view level) {
  auto wide = to_utf16(level);
  if (!wide) return std::nullopt;
  std::string result;
  std::u16string run;
  for (char16_t unit : *wide) {
    if (unit >= 0x20 && unit < 0x7f && unit != u'.') {
      if (!run.empty()) result += encode_run(run);
      run.clear();
      result += unit == u'&' ? std::string("&-") : std::string(1, static_cast<char>(unit));
    } else {
      run += unit;
    }
  }
  if (!run.empty()) result += encode_run(run);
  return result;
}

std::optional<std::string> decode_level(std::string_view level) {
  std::u16string wide;
  for (std::size_t i = 0; i < level.size(); ++i) {
    if (level[i] != '&') {
      // Some programs write names in UTF-8 as they are.
      std::size_t end = std::min(level.find('&', i), level.size());
      auto plain = to_utf16(level.substr(i, end - i));
      if (!plain) return std::nullopt;
      wide += *plain;
      i = end - 1;
      continue;
    }
    std::size_t end = level.find('-', i);
    if (end == level.npos) return std::nullopt;
    if (end == i + 1) {
      wide += u'&';
    } else {
      auto run = decode_run(level.substr(i + 1, end - i - 1));
      if (!run) return std::nullopt;
      wide += *run;
    }
    i = end;
  }
  return to_utf8(wide);
}

bool is_good_level(std::string_view level) {
  return !level.empty() && std::none_of(level.begin(), level.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

}  // namespace

Result<std::string> canonical_name(std::string_view name) {
  if (name.size() > kMaxName) return fail(Error::Code::Limit, "mailbox name is too long");
  if (!is_utf8(name)) return fail(Error::Code::Invalid, "mailbox name is not UTF-8");
  auto levels = split(name, '/');
  for (auto level : levels) {
    if (!is_good_level(level)) return fail(Error::Code::Invalid, "mailbox name has a bad level");
  }
  auto result = to_nfc(name);
  if (!result) return fail(Error::Code::Invalid, "mailbox name cannot be normalized");
  // INBOX is the one name without regard to case.  RFC 9051 section 5.1
  if (equals_ignoring_case(levels[0], "INBOX")) result->replace(0, 5, "INBOX");
  return *result;
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
  std::string folder;
  for (auto level : split(name, '/')) {
    auto encoded = encode_level(level);
    if (!encoded) return fail(Error::Code::Invalid, "mailbox name is not UTF-8");
    folder += "." + *encoded;
  }
  if (folder.size() > kMaxFolder) return fail(Error::Code::Limit, "mailbox name is too long");
  return folder;
}

std::optional<std::string> name_of_folder(std::string_view folder) {
  if (folder.size() < 2 || folder.front() != '.') return std::nullopt;
  std::string name;
  for (auto level : split(folder.substr(1), '.')) {
    auto decoded = decode_level(level);
    if (!decoded || decoded->find('/') != std::string::npos) return std::nullopt;
    if (!name.empty()) name += "/";
    name += *decoded;
  }
  auto canonical = canonical_name(name);
  if (!canonical || *canonical == "INBOX") return std::nullopt;
  return *canonical;
}

}  // namespace waxwing
