// The framer sees the same, however the bytes are cut, and holds no more than its limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocols/imap/framer.h"

using namespace waxwing;
using namespace waxwing::imap;

namespace {

constexpr Framer::Limits kLimits{256, 512, 4};

// Everything that came out, as one text. The first letter of the tag chooses the answer to
// literals.
std::string run(std::string_view bytes, std::size_t step) {
  Framer framer(kLimits);
  Input input;
  std::string seen, data;
  while (true) {
    Framed framed = framer.next(input);
    switch (framed.kind) {
      case Framed::Kind::NeedMore: {
        if (bytes.empty()) return seen;
        std::string_view piece = bytes.substr(0, step);
        input.append(piece);
        bytes.remove_prefix(piece.size());
        break;
      }
      case Framed::Kind::Literal: {
        std::string_view tag = framer.so_far().tag();
        char choice = tag.empty() ? 'r' : tag[0];
        if (choice == 's') {
          (void)framer.accept_staged();
        } else if (choice == 'r') {
          framer.refuse("NO refused");
        } else {
          (void)framer.accept_in_memory();
        }
        break;
      }
      case Framed::Kind::Data:
        data += framed.data;
        if (framed.is_last) {
          seen += "D" + data + "\n";
          data.clear();
        }
        break;
      case Framed::Kind::Command:
        if (framed.command.text.size() > kLimits.command) std::abort();
        seen += "C" + framed.command.text;
        for (const auto& literal : framed.command.literals) {
          if (literal.offset > framed.command.text.size()) std::abort();
          if (!literal.is_staged && literal.bytes.size() != literal.size) std::abort();
          seen += "L" + std::to_string(literal.offset) + literal.bytes;
        }
        seen += "\n";
        break;
      case Framed::Kind::Rejected:
        data.clear();
        seen += "R" + framed.tag + " " + framed.text + "\n";
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  std::string whole = run(text, text.size() + 1);
  if (run(text, 1) != whole || run(text, 7) != whole) std::abort();
  return 0;
}
