#include "protocols/smtp/reply_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace waxwing::smtp {
namespace {

constexpr std::size_t kMaxLine = 4096, kMaxReply = 64 * 1024;

std::optional<int> code_of(std::string_view line) {
  if (line.size() < 3 || (line.size() > 3 && line[3] != ' ' && line[3] != '-')) return std::nullopt;
  const auto code = parse_number(line.substr(0, 3));
  if (!code || *code < 200 || *code > 599) return std::nullopt;
  return static_cast<int>(*code);
}

}  // namespace

std::optional<Reply> ReplyReader::next(Input& input) {
  while (!is_broken_) {
    const auto view = input.view();
    const auto end = view.find('\n');
    if (end == std::string_view::npos) {
      is_broken_ = view.size() > kMaxLine;
      return std::nullopt;
    }
    auto line = view.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_last = take_line(line);
    input.consume(end + 1);
    if (!is_last) continue;
    is_first_ = true;
    size_ = 0;
    return std::exchange(reply_, Reply{});
  }
  return std::nullopt;
}

bool ReplyReader::take_line(std::string_view line) {
  const auto code = code_of(line);
  size_ += line.size();
  is_broken_ = !code || (!is_first_ && *code != reply_.code) || size_ > kMaxReply;
  if (is_broken_) return false;
  const bool is_last = line.size() == 3 || line[3] == ' ';
  auto text = line.substr(std::min<std::size_t>(4, line.size()));
  if (const auto enhanced = enhanced_status(*code, text); !enhanced.empty()) {
    reply_.enhanced = enhanced;
    text = trim(text.substr(enhanced.size()));
  }
  if (is_first_) reply_.text.clear();
  if (!is_first_) reply_.text += '\n';
  reply_.text += text;
  reply_.code = *code;
  is_first_ = false;
  return is_last;
}

std::string_view enhanced_status(int code, std::string_view text) {
  const auto status = text.substr(0, text.find(' '));
  const auto parts = split(status, '.');
  if (parts.size() != 3 || parts[0] != std::to_string(code / 100)) return {};
  for (std::size_t i = 1; i < 3; ++i) {
    if (parts[i].size() > 3 || !parse_number(parts[i])) return {};
  }
  return status;
}

}  // namespace waxwing::smtp
