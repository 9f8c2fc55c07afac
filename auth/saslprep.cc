#include "auth/saslprep.h"

#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/text.h"

namespace waxwing {
namespace {

// ICU documents a profile as shareable once it is open; its tables are part of the library.
const UStringPrepProfile* profile() {
  static const std::unique_ptr<UStringPrepProfile, decltype(&usprep_close)> instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    auto* opened = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
    return std::unique_ptr<UStringPrepProfile, decltype(&usprep_close)>(
        U_SUCCESS(status) ? opened : nullptr, &usprep_close);
  }();
  return instance.get();
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::optional<std::string> saslprep(std::string_view text, SaslPrep kind) {
  if (text.empty() || !is_utf8(text)) return std::nullopt;
  if (is_printable_ascii(text)) return std::string(text);
  if (profile() == nullptr) return std::nullopt;

  UErrorCode status = U_ZERO_ERROR;
  std::vector<UChar> wide(text.size() + 1);
  std::int32_t wide_size = 0;
  u_strFromUTF8(wide.data(), static_cast<std::int32_t>(wide.size()), &wide_size, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;

  // NFKC makes at most eighteen characters of one.
  std::vector<UChar> prepared(static_cast<std::size_t>(wide_size) * 18 + 1);
  const auto options = kind == SaslPrep::Query ? USPREP_ALLOW_UNASSIGNED : USPREP_DEFAULT;
  const auto prepared_size =
      usprep_prepare(profile(), wide.data(), wide_size, prepared.data(),
                     static_cast<std::int32_t>(prepared.size()), options, nullptr, &status);
  if (U_FAILURE(status) || prepared_size == 0) return std::nullopt;

  std::string out(static_cast<std::size_t>(prepared_size) * 3, '\0');
  std::int32_t out_size = 0;
  u_strToUTF8(out.data(), static_cast<std::int32_t>(out.size()), &out_size, prepared.data(),
              prepared_size, &status);
  if (U_FAILURE(status)) return std::nullopt;
  out.resize(static_cast<std::size_t>(out_size));
  return out;
}

std::string prepared_password(std::string_view password) {
  // Query, not Stored: what is set and what is typed later must come out alike.
  auto prepared = saslprep(password, SaslPrep::Query);
  return prepared ? std::move(*prepared) : std::string(password);
}

}  // namespace waxwing
