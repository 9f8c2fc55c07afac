// HTML reads the same in pieces as whole, and what is shown of it is well-formed UTF-8 and no
// longer.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/html_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing;
  if (size == 0) return 0;
  const std::string html =
      mail::guess_utf8(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  using Extras = mail::HtmlText::Extras;
  for (const Extras extras : {Extras::With, Extras::Without}) {
    std::string whole, pieces;
    mail::HtmlText reader(extras);
    reader.feed(html, whole);
    reader.finish(whole);
    if (!is_utf8(whole) || whole.size() > html.size()) std::abort();

    const std::size_t most = 1 + data[0] % 64;
    mail::HtmlText in_pieces(extras);
    for (std::size_t at = 0; at < html.size(); at += most) {
      in_pieces.feed(std::string_view(html).substr(at, most), pieces);
    }
    in_pieces.finish(pieces);
    if (pieces != whole) std::abort();
  }
  return 0;
}
