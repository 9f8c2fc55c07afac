#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace waxwing {

// What an mbox file holds: messages behind "From " lines, each after an empty line.  RFC 4155

// Whether a line begins a message, and when that came as the line says, in Unix seconds: behind
// "From " and a sender stands a date as asctime() writes it, with or without seconds and with a
// zone before or behind the year, or one as in a Date: field. Nothing for other text, which is part
// of the message that it stands in.
std::optional<std::int64_t> date_of_from_line(std::string_view line);

struct MboxMessage {
  std::uint64_t offset = 0;  // behind its From line
  std::uint64_t size = 0;    // without the empty line before the next
  std::vector<std::string> flags = {};
  std::optional<std::int64_t> date = {};  // of the From line, or else of the Date: field
};
struct MboxContents {
  std::vector<MboxMessage> messages;
  std::uint64_t expunged = 0;  // by a program that has not compacted the file since
};
// Content-Length is believed where a message ends at it. What mail programs keep for themselves in
// a message of its own ("FOLDER INTERNAL DATA") is none. Invalid where the file does not begin
// with a From line. Memory is bounded, but for the list itself.
Result<MboxContents> read_mbox(const Fd& file);

}  // namespace waxwing
