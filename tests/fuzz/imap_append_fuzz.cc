// What is understood of APPEND and REPLACE while they come in is what the whole command says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "protocols/imap/append_reader.h"

using namespace waxwing;
using namespace waxwing::imap;

namespace {

// The messages of `early` are those of `whole`, but for what followed the last literal.
bool agree(const Append& early, const Append& whole) {
  if (early.messages.empty()) return true;
  if (early.mailbox != whole.mailbox || early.messages.size() > whole.messages.size()) return false;
  for (std::size_t n = 0; n < early.messages.size(); ++n) {
    const AppendMessage &one = early.messages[n], &other = whole.messages[n];
    const bool is_last = n + 1 == early.messages.size();
    if (one.flags != other.flags || one.internal_date != other.internal_date) return false;
    if (is_last ? one.annotations.size() > other.annotations.size()
                : one.annotations != other.annotations) {
      return false;
    }
    for (std::size_t k = 0; k < one.annotations.size(); ++k) {
      if (one.annotations[k] != other.annotations[k]) return false;
    }
    if (is_last ? one.parts.size() > other.parts.size() : one.parts.size() != other.parts.size()) {
      return false;
    }
    for (std::size_t part = 0; part < one.parts.size(); ++part) {
      if (one.parts[part] != other.parts[part]) return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Framer framer(Framer::kSignedIn);
  Input input;
  input.append(std::string_view(reinterpret_cast<const char*>(bytes), size));
  std::optional<AppendReader> reader;
  bool is_understood = true;
  for (;;) {
    const Framed framed = framer.next(input);
    switch (framed.kind) {
      case Framed::Kind::NeedMore: return 0;
      case Framed::Kind::Data: break;
      case Framed::Kind::Literal:
        if (is_understood && AppendReader::reads(framer.so_far().name())) {
          if (!reader) reader.emplace();
          const auto literal = reader->announced(framer.so_far());
          is_understood = literal.has_value();
          if (literal && *literal == AppendReader::Literal::Text) {
            (void)framer.accept_staged();
            break;
          }
        }
        (void)framer.accept_in_memory();
        break;
      case Framed::Kind::Command: {
        const auto command = parse(framed.command);
        if (command && reader) {
          if (!is_understood) std::abort();
          const auto* append = std::get_if<Append>(&command->body);
          const auto* replace = std::get_if<Replace>(&command->body);
          if (append && !agree(reader->append(), *append)) std::abort();
          if (replace && !agree(reader->append(), replace->append)) std::abort();
        }
        [[fallthrough]];
      }
      case Framed::Kind::Rejected:
        reader.reset();
        is_understood = true;
        break;
    }
  }
}
