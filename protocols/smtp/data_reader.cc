#include "protocols/smtp/data_reader.h"

namespace waxwing::smtp {

DataReader::Read DataReader::read(std::string_view bytes) {
  switch (at_) {
    case At::LineStart:
      if (bytes.front() == '.') {
        at_ = At::Dot;
        return {{}, 1};
      }
      break;
    case At::Dot:
      if (bytes.front() == '\r') {
        at_ = At::DotCr;
        return {{}, 1};
      }
      break;  // a stuffed dot: it stays away
    case At::DotCr:
      if (bytes.front() == '\n') return {{}, 1, true};
      at_ = At::Cr;  // the line is ".<CR>something": the CR is text after all
      return {"\r", 0};
    case At::Cr:
      if (bytes.front() == '\n') {
        at_ = At::LineStart;
        return {bytes.substr(0, 1), 1};
      }
      break;
    case At::Middle: break;
  }

  // The first line that starts with a dot ends the piece.
  const auto stuffed = bytes.find("\r\n.");
  const auto text = bytes.substr(0, stuffed == std::string_view::npos ? stuffed : stuffed + 2);
  at_ = text.ends_with("\r\n") ? At::LineStart : text.ends_with('\r') ? At::Cr : At::Middle;
  return {text, text.size()};
}

}  // namespace waxwing::smtp
