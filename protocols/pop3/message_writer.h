#pragma once

#include <cstdint>
#include <optional>

#include "protocols/output.h"
#include "protocols/session.h"
#include "storage/mailbox.h"

namespace waxwing::pop3 {

// Sends a message as RETR and TOP do: with a dot put before lines that begin with one, a CRLF at
// the end where the file has none, and the closing ".". Reads the file as the client takes it.
//
// A NUL goes out as a space: old clients hang on NUL (and RFC 1939 has only text). One octet for
// one octet, so the sizes that LIST says stay true.
class MessageWriter {
 public:
  // With `body_lines` the header, the empty line and so many lines more.  RFC 1939 section 7, TOP
  explicit MessageWriter(MessageFile message, std::optional<std::uint64_t> body_lines = {});

  // Again: the output is full, call again. Fails when the file cannot be read: what went out then
  // is cut, so the connection must close.
  Result<Progress> write(Output& output);

 private:
  std::size_t cut_at_last_line(std::string_view bytes);
  void write_stuffed(std::string_view bytes, Output& output);

  MessageFile message_;
  std::optional<std::uint64_t> body_lines_;  // still to send
  std::uint64_t offset_ = 0;
  bool in_header_ = true;
  bool line_is_empty_ = true;  // so far, of the line at offset_
  char last_ = '\n';           // octet before offset_
  char before_last_ = '\r';
  bool is_over_ = false;
};

}  // namespace waxwing::pop3
