#include "protocols/smtp/stuffed_text.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace waxwing::smtp {
namespace {

constexpr std::uint64_t kSlice = 64 * 1024;

// Of each dot that begins a line makes two.
void write_stuffed(std::string_view bytes, char before, Output& output) {
  if (before == '\n' && bytes.front() == '.') output << ".";
  for (;;) {
    const auto found = bytes.find("\n.");
    if (found == std::string_view::npos) break;
    output << bytes.substr(0, found + 1) << ".";
    bytes.remove_prefix(found + 1);
  }
  output << bytes;
}

}  // namespace

Result<bool> StuffedText::write(Output& output) {
  while (offset_ < end_) {
    if (output.is_full()) return false;
    std::string slice(std::min(kSlice, end_ - offset_), '\0');
    const ssize_t got = read_at(*file_, offset_, slice);
    if (got < static_cast<ssize_t>(slice.size()))
      return fail(Error::Code::Corrupt, "the message file cannot be read to its end");
    write_stuffed(slice, last_, output);
    before_last_ = slice.size() > 1 ? slice[slice.size() - 2] : last_;
    last_ = slice.back();
    offset_ += slice.size();
  }
  if (last_ != '\n' || before_last_ != '\r') output << "\r\n";
  output << ".\r\n";
  return true;
}

}  // namespace waxwing::smtp
