#include "protocols/smtp/line_reader.h"

namespace waxwing::smtp {

LineReader::Read LineReader::next(Input& input, std::size_t limit) {
  const auto bytes = input.view();
  const auto end = bytes.find('\n');
  if (end == std::string_view::npos) {
    // A CR at the end may be half of CRLF, so it stays.
    const auto lone = bytes.find('\r');
    if (lone != std::string_view::npos && lone + 1 < bytes.size()) return {Kind::Broken, {}};
    if (skipping_ || bytes.size() >= limit) {
      skipping_ = true;
      input.consume(bytes.size() - (bytes.ends_with('\r') ? 1 : 0));
    }
    return {Kind::Wanting, {}};
  }
  const auto carriage_return = bytes.substr(0, end).find('\r');
  if (carriage_return == std::string_view::npos || carriage_return + 1 != end)
    return {Kind::Broken, {}};

  const bool too_long = skipping_ || end + 1 > limit;
  std::string line(too_long ? std::string_view() : bytes.substr(0, end - 1));
  input.consume(end + 1);
  skipping_ = false;
  return {too_long ? Kind::TooLong : Kind::Line, std::move(line)};
}

}  // namespace waxwing::smtp
