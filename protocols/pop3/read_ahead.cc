#include "protocols/pop3/read_ahead.h"

#include <utility>

#include "protocols/pop3/message_writer.h"

namespace waxwing::pop3 {

void ReadAhead::sent(std::size_t number, Maildrop& maildrop) {
  const bool in_order = number == last_ + 1;
  last_ = number;
  answers_.clear();
  bytes_ = 0;
  if (!in_order) return;
  for (std::size_t next = number + 1; next <= maildrop.size(); ++next) {
    if (maildrop.is_deleted(next) || !read(next, maildrop)) return;
  }
}

// False when it does not fit, or cannot be read: then RETR itself says why.
bool ReadAhead::read(std::size_t number, Maildrop& maildrop) {
  if (bytes_ + maildrop.octets(number) > kMaxBytes) return false;
  auto message = maildrop.open_message(number);
  if (!message) return false;
  Output output;
  output << "+OK " << std::to_string(message->size) << " octets\r\n";
  const auto progress = MessageWriter(std::move(*message), std::nullopt).write(output);
  if (!progress || *progress != Progress::Done) return false;
  auto text = output.drain();
  bytes_ += text.size();
  answers_.push_back({number, std::move(text)});
  return bytes_ < kMaxBytes;
}

std::optional<std::string> ReadAhead::take(std::size_t number, const Maildrop& maildrop) {
  while (!answers_.empty() && answers_.front().number < number) answers_.pop_front();
  if (answers_.empty() || answers_.front().number != number) return std::nullopt;
  if (maildrop.is_deleted(number) || !maildrop.is_there(number)) return std::nullopt;
  auto text = std::move(answers_.front().text);
  answers_.pop_front();
  last_ = number;
  return text;
}

}  // namespace waxwing::pop3
