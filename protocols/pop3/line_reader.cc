#include "protocols/pop3/line_reader.h"

namespace waxwing::pop3 {

LineReader::Read LineReader::next(Input& input, std::size_t limit) {
  const std::string_view bytes = input.view();
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    if (skipping_ || bytes.size() >= limit) {
      skipping_ = true;
      input.clear();
    }
    return {Kind::Wanting, {}};
  }
  const bool too_long = skipping_ || end + 1 > limit;
  std::string line(too_long ? std::string_view() : bytes.substr(0, end));
  if (line.ends_with('\r')) line.pop_back();
  input.consume(end + 1);
  skipping_ = false;
  return {too_long ? Kind::TooLong : Kind::Line, std::move(line)};
}

}  // namespace waxwing::pop3
