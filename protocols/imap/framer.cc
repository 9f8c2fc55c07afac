#include "protocols/imap/framer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "protocols/imap/lexer.h"

namespace waxwing::imap {
namespace {

// No tag of a real client is longer; what is, is not sent back.
constexpr std::size_t kMaxTag = 256;
// The end of a skipped line that is kept to see a literal announced there: "~{20 digits+}".
constexpr std::size_t kTail = 32;
// Staged data comes in pieces of this size, but for the last. Smaller than any input limit, or
// the client would be stopped before a piece is complete.
constexpr std::size_t kStagedPiece = 32 * 1024;
constexpr std::uint64_t kMaxLiteral = INT64_MAX;

struct LiteralHeader {
  std::size_t start = 0;  // where in the line it begins
  std::uint64_t size = 0;
  bool is_synchronising = true;
  bool is_binary = false;
};

// "{5}", "{5+}" or "~{5}" at the end of a line. A number that cannot be is taken as the largest, so
// that bytes which follow it are swallowed and not read as commands.
std::optional<LiteralHeader> find_literal(std::string_view line) {
  if (!line.ends_with('}')) return {};
  LiteralHeader header;
  std::size_t end = line.size() - 1;
  if (end > 0 && line[end - 1] == '+') {
    header.is_synchronising = false;
    --end;
  }
  std::size_t start = end;
  while (start > 0 && is_digit(line[start - 1])) --start;
  std::string_view digits = line.substr(start, end - start);
  if (digits.empty() || digits.size() > 20 || start == 0 || line[start - 1] != '{') return {};
  header.size = parse_number(digits, kMaxLiteral).value_or(kMaxLiteral);
  header.start = start - 1;
  if (header.start > 0 && line[header.start - 1] == '~') {
    header.is_binary = true;
    --header.start;
  }
  return header;
}

std::size_t left(std::size_t limit, std::size_t used) {
  return limit - std::min(limit, used);
}

void keep_tail(std::string& line) {
  if (line.size() > kTail) line.erase(0, line.size() - kTail);
}

}  // namespace

std::string_view RawCommand::tag() const {
  std::size_t end = 0;
  while (end < text.size() && is_tag_char(text[end])) ++end;
  if (end > kMaxTag || (end < text.size() && text[end] != ' ')) return {};
  return std::string_view(text).substr(0, end);
}

std::string RawCommand::name() const {
  std::string_view rest = text;
  auto word = [&rest] {
    std::size_t end = std::min(rest.find(' '), rest.size());
    std::string_view found = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return found;
  };
  word();
  std::string name = to_upper(word().substr(0, kTail));
  if (name == "UID") name += " " + to_upper(word().substr(0, kTail));
  return name;
}

Framed Framer::next(Input& input) {
  while (true) {
    State state = state_;
    std::size_t size = input.size();
    Framed framed = step(input);
    bool moved = state_ != state || input.size() != size;
    if (framed.kind != Framed::Kind::NeedMore || !moved) return framed;
  }
}

Framed Framer::step(Input& input) {
  switch (state_) {
    case State::Line: return read_line(input);
    case State::Asking: return {};
    case State::Literal: return read_literal(input);
    case State::Skipping: return skip_line(input);
    case State::SkippingLiteral: return skip_literal(input);
    case State::Refused: return rejected();
  }
  return {};
}

Framed Framer::read_line(Input& input) {
  std::string_view view = input.view();
  std::size_t newline = view.find('\n');
  std::size_t length = newline == view.npos ? view.size() : newline + 1;
  std::size_t longest = std::min(limits_.line, left(limits_.command, bytes_));
  std::size_t room = left(longest, line_.size());
  line_.append(view.substr(0, std::min(length, room)));
  input.consume(std::min(length, room));
  if (length > room) {
    reject("BAD Command line is too long");
    return {};
  }
  if (newline == view.npos) return {};
  if (!line_.ends_with("\r\n")) {
    // Told at once, so that who types commands by hand sees why; but until the next CRLF nothing is
    // taken for a command, because something else may have let this line feed through.
    reject("BAD Commands end with CRLF");
    Framed framed = rejected();
    state_ = State::Skipping;
    follows_bare_newline_ = true;
    return framed;
  }
  line_.resize(line_.size() - 2);
  return end_of_line();
}

Framed Framer::end_of_line() {
  auto literal = find_literal(line_);
  if (line_.find('\0') != line_.npos) {
    reject("BAD NUL is not allowed");
    return end_of_skipped_line();
  }
  if (literal && command_.literals.size() >= limits_.literals) {
    reject("BAD Too many literals");
    return end_of_skipped_line();
  }
  bytes_ += line_.size();
  Framed framed;
  if (!literal) {
    command_.text += line_;
    // A stray empty line (some clients send one behind APPEND) is no command.
    if (!command_.text.empty() || !command_.literals.empty()) {
      framed.kind = Framed::Kind::Command;
      framed.command = std::move(command_);
    }
    forget_command();
    return framed;
  }
  command_.text.append(line_, 0, literal->start);
  line_.clear();
  RawCommand::Literal announced;
  announced.offset = command_.text.size();
  announced.size = literal->size;
  announced.is_binary = literal->is_binary;
  command_.literals.push_back(std::move(announced));
  remaining_ = literal->size;
  is_synchronising_ = literal->is_synchronising;
  state_ = State::Asking;
  framed.kind = Framed::Kind::Literal;
  framed.size = literal->size;
  framed.is_synchronising = literal->is_synchronising;
  framed.is_binary = literal->is_binary;
  return framed;
}

bool Framer::accept_in_memory() {
  if (state_ != State::Asking) return false;
  if (remaining_ > limits_.line || remaining_ > left(limits_.command, bytes_)) {
    refuse("BAD [TOOBIG] Literal is too large here");
    return false;
  }
  bytes_ += remaining_;
  return accept(false);
}

bool Framer::accept_staged() {
  return state_ == State::Asking && accept(true);
}

bool Framer::accept(bool is_staged) {
  command_.literals.back().is_staged = is_staged;
  state_ = State::Literal;
  return is_synchronising_;
}

void Framer::refuse(std::string text) {
  if (state_ != State::Asking) return;
  reject(std::move(text));
  state_ = is_synchronising_ ? State::Refused : State::SkippingLiteral;
}

Framed Framer::read_literal(Input& input) {
  RawCommand::Literal& literal = command_.literals.back();
  std::size_t count = std::min<std::uint64_t>(remaining_, input.size());
  bool is_last = count == remaining_;
  if (literal.is_staged && !is_last && count < kStagedPiece) return {};
  std::string_view bytes = input.view().substr(0, count);
  remaining_ -= count;
  if (!literal.is_binary && bytes.find('\0') != bytes.npos) {
    input.consume(count);
    reject("BAD NUL is not allowed in a literal; send it as literal8");
    state_ = State::SkippingLiteral;
    return {};
  }
  Framed framed;
  if (literal.is_staged) {
    framed.kind = Framed::Kind::Data;
    framed.data = bytes;
    framed.is_last = is_last;
  } else {
    literal.bytes += bytes;
  }
  input.consume(count);
  if (is_last) state_ = State::Line;
  return framed;
}

Framed Framer::skip_line(Input& input) {
  std::string_view view = input.view();
  while (true) {
    std::size_t newline = view.find('\n');
    std::size_t length = newline == view.npos ? view.size() : newline + 1;
    line_ += view.substr(0, length);
    keep_tail(line_);
    input.consume(length);
    if (line_.ends_with("\r\n")) break;
    if (newline == view.npos) return {};
    if (follows_bare_newline_) {
      const bool is_empty = std::exchange(line_, {}) == "\n";
      if (!is_empty) return skipped();
    }
    view = input.view();
  }
  line_.resize(line_.size() - 2);
  return end_of_skipped_line();
}

// Whoever sent it waits for an answer, and may not know that the line before was wrong.
Framed Framer::skipped() const {
  Framed framed;
  framed.kind = Framed::Kind::Rejected;
  framed.text = "BAD Skipped, because the line before did not end with CRLF";
  return framed;
}

Framed Framer::end_of_skipped_line() {
  auto literal = find_literal(line_);
  has_skipped_ = has_skipped_ || !line_.empty();
  line_.clear();
  if (literal && !literal->is_synchronising) {
    remaining_ = literal->size;
    state_ = State::SkippingLiteral;
    return {};
  }
  // A client that waits for a "+" reads the refusal instead.
  const bool is_untold = follows_bare_newline_ && has_skipped_;
  Framed framed = rejected();
  return is_untold ? skipped() : framed;
}

Framed Framer::skip_literal(Input& input) {
  std::size_t count = std::min<std::uint64_t>(remaining_, input.size());
  input.consume(count);
  remaining_ -= count;
  if (remaining_ == 0) state_ = State::Skipping;
  return {};
}

// From here on the command is skipped; what it held is given up.
void Framer::reject(std::string text) {
  rejection_ = std::move(text);
  RawCommand head;
  head.text = command_.text.substr(0, kMaxTag + 1);
  if (head.text.size() <= kMaxTag && command_.literals.empty()) {
    head.text.append(line_, 0, kMaxTag + 1 - head.text.size());
  }
  // Without a space behind it, it may be the start of anything.
  if (head.text.find(' ') != head.text.npos) rejected_tag_ = head.tag();
  command_ = {};
  bytes_ = 0;
  keep_tail(line_);
  state_ = State::Skipping;
}

// The end of a skipped command.
Framed Framer::rejected() {
  Framed framed;
  if (!rejection_.empty()) {
    framed.kind = Framed::Kind::Rejected;
    framed.tag = std::move(rejected_tag_);
    framed.text = std::move(rejection_);
  }
  forget_command();
  return framed;
}

void Framer::forget_command() {
  command_ = {};
  line_.clear();
  bytes_ = 0;
  remaining_ = 0;
  rejection_.clear();
  rejected_tag_.clear();
  follows_bare_newline_ = false;
  has_skipped_ = false;
  state_ = State::Line;
}

Framed Framer::line(Input& input) {
  std::string_view view = input.view();
  std::size_t newline = view.find('\n');
  std::size_t length = newline == view.npos ? view.size() : newline + 1;
  if (line_.size() + length > limits_.line) line_is_too_long_ = true;
  if (!line_is_too_long_) line_ += view.substr(0, length);
  input.consume(length);
  if (newline == view.npos) return {};
  Framed framed;
  if (std::exchange(line_is_too_long_, false)) {
    framed.kind = Framed::Kind::Rejected;
    framed.text = "BAD Line is too long";
  } else {
    framed.kind = Framed::Kind::Data;
    framed.is_last = true;
    framed.data = std::exchange(line_, {});
    framed.data.pop_back();
    if (framed.data.ends_with('\r')) framed.data.pop_back();
  }
  line_.clear();
  return framed;
}

bool Framer::is_idle() const {
  return state_ == State::Line && line_.empty() && command_.text.empty();
}

}  // namespace waxwing::imap
