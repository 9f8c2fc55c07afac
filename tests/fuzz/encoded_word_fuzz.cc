// Whatever a header or a parameter holds, its text is well-formed UTF-8 on one line.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/content.h"
#include "protocols/mail/encoded_word.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string words = mail::decode_words(text);
  if (!is_utf8(words) || words.find('\n') != std::string::npos) std::abort();
  if (!is_utf8(mail::fold_for_search(words))) std::abort();

  const mail::ContentField field = mail::parse_content_field(text);
  for (const auto& [name, value] : field.parameters) {
    const auto decoded = mail::decode_parameter(field.parameters, name);
    if (decoded && !is_utf8(*decoded)) std::abort();
  }
  mail::decode_parameter(field.parameters, "filename");
  return 0;
}
