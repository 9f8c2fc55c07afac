#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/smtp/data_reader.h"
#include "protocols/smtp/text_filter.h"

// The text behind DATA against a reading of RFC 5321 that looks at the whole stream at once: where
// the message ends, what of it is text, and that nothing but CRLF ever ends a kept line.

namespace {

using namespace waxwing;
using namespace waxwing::smtp;

struct Message {
  std::string text;
  std::size_t end;  // behind CRLF.CRLF
};

std::optional<Message> message_in(std::string_view stream) {
  const std::string lines = "\r\n" + std::string(stream);
  const auto end = lines.find("\r\n.\r\n");
  if (end == std::string::npos) return std::nullopt;
  std::string text = lines.substr(0, end + 2);
  for (std::size_t at = 0; (at = text.find("\r\n.", at)) != std::string::npos; at += 2) {
    text.erase(at + 2, 1);
  }
  return Message{text.substr(2), end + 5 - 2};
}

Message read(std::string_view stream, std::size_t step) {
  DataReader reader;
  Message message{{}, 0};
  while (message.end < stream.size()) {
    const auto piece = stream.substr(message.end, step - message.end % step);
    const auto read = reader.read(piece);
    if (read.used > piece.size()) std::abort();
    message.text += read.text;
    message.end += read.used;
    if (read.ended) return message;
  }
  return {message.text, std::string::npos};
}

void check_filter(std::string_view text, std::size_t step, Settings::BareNewlines policy) {
  TextFilter filter(policy);
  std::string kept;
  for (std::size_t at = 0; at < text.size(); at += step) filter.pass(text.substr(at, step), kept);
  filter.finish(kept);
  if (policy == Settings::BareNewlines::Convert &&
      filter.fault() == TextFilter::Fault::BareNewline) {
    std::abort();
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] == '\r' && (i + 1 == kept.size() || kept[i + 1] != '\n')) std::abort();
    if (kept[i] == '\n' && (i == 0 || kept[i - 1] != '\r')) std::abort();
  }
  const bool whole = filter.fault() == TextFilter::Fault::None;
  if (whole && policy == Settings::BareNewlines::Reject && kept != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] % 16 + 1;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);

  const auto expected = message_in(stream);
  const auto found = read(stream, step);
  if (expected.has_value() != (found.end != std::string::npos)) std::abort();
  if (expected && (expected->text != found.text || expected->end != found.end)) std::abort();
  for (const auto policy : {Settings::BareNewlines::Reject, Settings::BareNewlines::Convert}) {
    check_filter(found.text, step, policy);
  }
  return 0;
}
