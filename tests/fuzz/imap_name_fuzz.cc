// A name that is taken comes back from either encoding, and matches itself and the wildcards.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocols/imap/name.h"
#include "protocols/mail/modified_utf7.h"

using namespace waxwing::imap;
namespace mail = waxwing::mail;

namespace {

void check(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  // One pattern can be tried on a long name in bounded time only.
  std::string_view text(reinterpret_cast<const char*>(bytes), size < 2000 ? size : 2000);
  for (auto encoding : {NameEncoding::ModifiedUtf7, NameEncoding::Utf8}) {
    auto name = decode_name(text, encoding);
    if (name) {
      for (auto other : {NameEncoding::ModifiedUtf7, NameEncoding::Utf8}) {
        auto again = decode_name(encode_name(*name, other), other);
        check(again && *again == *name);
      }
      check(matches_pattern(*name, *name) && matches_pattern(*name, "*"));
      check(matches_pattern(*name, "%") == (name->find('/') == name->npos));
    }
    std::size_t half = text.size() / 2;
    auto pattern = canonical_pattern(text.substr(0, half), text.substr(half), encoding);
    if (pattern) matches_pattern(text, *pattern);
  }
  auto utf8 = mail::from_modified_utf7(text, mail::Utf7::Strict);
  if (utf8)
    check(mail::from_modified_utf7(mail::to_modified_utf7(*utf8), mail::Utf7::Strict) == utf8);
  return 0;
}
