// Whatever a client calls a URL is refused or names a message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocols/imap/message_url.h"
#include "protocols/imap/url_auth.h"

using namespace waxwing::imap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto url = parse_authorized_url(text)) {
    // What is signed is what was sent, without a token.
    if (url->owner.empty() || !text.starts_with(url->rump)) std::abort();
    if (url->mechanism.empty() != (url->rump == text)) std::abort();
    const auto rump = parse_authorized_url(url->rump);
    if (!rump || !rump->mechanism.empty() || rump->path != url->path) std::abort();
  }
  for (const std::string_view selected : {"", "INBOX", "Lists/work"}) {
    const auto url = parse_message_url(text, selected);
    if (!url) continue;
    if (url->uid == 0 || url->mailbox.empty()) std::abort();
    if (url->partial && url->partial->size == 0) std::abort();
  }
  return 0;
}
