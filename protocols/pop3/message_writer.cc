#include "protocols/pop3/message_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace waxwing::pop3 {
namespace {

constexpr std::size_t kSlice = 64 * 1024;

// All of `size` bytes at this offset; the file may not end before.
Result<std::string> read_slice(const Fd& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = read_at(file, offset, bytes);
  if (got < 0) return fail(Error::Code::Temporary, std::strerror(errno));
  if (static_cast<std::size_t>(got) < size) {
    return fail(Error::Code::Corrupt, "the message file became shorter");
  }
  return bytes;
}

}  // namespace

MessageWriter::MessageWriter(MessageFile message, std::optional<std::uint64_t> body_lines)
    : message_(std::move(message)), body_lines_(body_lines) {}

Result<Progress> MessageWriter::write(Output& output) {
  while (!is_over_ && offset_ < message_.size) {
    if (output.is_full()) return Progress::Again;
    const std::size_t size = std::min<std::uint64_t>(kSlice, message_.size - offset_);
    auto slice = read_slice(*message_.file, offset_, size);
    if (!slice) return fail(slice.error());
    for (std::size_t at = 0; (at = slice->find('\0', at)) != std::string::npos;) {
      (*slice)[at] = ' ';
    }
    std::string_view bytes = *slice;
    if (body_lines_) bytes = bytes.substr(0, cut_at_last_line(bytes));
    write_stuffed(bytes, output);
    offset_ += bytes.size();
  }
  if (last_ != '\n' || before_last_ != '\r') output << "\r\n";
  output << ".\r\n";
  return Progress::Done;
}

// How much of these bytes TOP still wants.
std::size_t MessageWriter::cut_at_last_line(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t newline = bytes.find('\n', at);
    const std::string_view line = bytes.substr(at, newline - at);
    if (in_header_ && line.find_first_not_of('\r') != std::string_view::npos) {
      line_is_empty_ = false;
    }
    if (newline == std::string_view::npos) break;
    at = newline + 1;
    if (!in_header_) {
      --*body_lines_;
    } else if (line_is_empty_) {
      in_header_ = false;
    }
    line_is_empty_ = true;
    if (!in_header_ && *body_lines_ == 0) {
      is_over_ = true;
      return at;
    }
  }
  return bytes.size();
}

// A dot behind a bare line feed is stuffed too: a client that takes that for a line end must not
// take what follows for the end of the message.
void MessageWriter::write_stuffed(std::string_view bytes, Output& output) {
  if (bytes.empty()) return;
  if (last_ == '\n' && bytes.front() == '.') output << ".";
  before_last_ = bytes.size() > 1 ? bytes[bytes.size() - 2] : last_;
  last_ = bytes.back();
  for (;;) {
    const std::size_t found = bytes.find("\n.");
    if (found == std::string_view::npos) break;
    output << bytes.substr(0, found + 1) << ".";
    bytes.remove_prefix(found + 1);
  }
  output << bytes;
}

}  // namespace waxwing::pop3
