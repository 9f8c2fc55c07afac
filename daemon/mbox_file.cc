#include "daemon/mbox_file.h"

#include <algorithm>

#include "base/text.h"
#include "daemon/mbox_flags.h"
#include "protocols/mail/date.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

// Flags are looked for in so much of a message.
constexpr std::size_t kMaxFlagHeader = 64 * 1024;
// More of a line says nothing about where messages end.
constexpr std::size_t kMaxLine = 4096;

void add_flag(std::vector<std::string>& flags, std::string_view flag) {
  if (std::ranges::find(flags, flag) == flags.end()) flags.emplace_back(flag);
}

// X-Mozilla-Status, a hexadecimal number.
constexpr std::uint64_t kExpunged = 0x0008;
constexpr struct {
  std::uint64_t bit;
  std::string_view flag;
} kMozillaFlags[] = {
    {0x0001, "\\Seen"}, {0x0002, "\\Answered"}, {0x0004, "\\Flagged"}, {0x1000, "$Forwarded"}};

std::uint64_t mozilla_status(std::string_view header) {
  std::uint64_t status = 0;
  for (const char c : mail::find_field(header, "X-Mozilla-Status").value_or("")) {
    const auto digit = std::string_view("0123456789abcdef").find(to_lower(c));
    if (digit == std::string_view::npos) return 0;
    status = (status << 4 | digit) & 0xffff;
  }
  return status;
}

// Status: R read, O not new; X-Status: A answered, F flagged, D deleted, T draft.
std::vector<std::string> flags_of_header(std::string_view header) {
  std::vector<std::string> flags;
  const std::string status = mail::find_field(header, "Status").value_or("");
  const std::string more = mail::find_field(header, "X-Status").value_or("");
  if (status.find('R') != std::string::npos) add_flag(flags, "\\Seen");
  for (const auto& [letter, flag] : kMboxFlags) {
    if (more.find(letter) != std::string::npos) add_flag(flags, flag);
  }
  const std::uint64_t mozilla = mozilla_status(header);
  for (const auto& [bit, flag] : kMozillaFlags) {
    if ((mozilla & bit) != 0) add_flag(flags, flag);
  }
  for (const char* field : {"X-Keywords", "X-Mozilla-Keys"}) {
    const std::string keywords = mail::find_field(header, field).value_or("");
    for (const auto keyword : words(keywords)) add_flag(flags, keyword);
  }
  return flags;
}

// What UW IMAP, Pine and their like put first into a mailbox.
bool is_internal_data(std::string_view header) {
  const std::string subject = mail::find_field(header, "Subject").value_or("");
  return subject.starts_with("DON'T DELETE THIS MESSAGE") &&
         subject.find("FOLDER INTERNAL DATA") != std::string::npos &&
         (mail::find_field(header, "X-IMAP") || mail::find_field(header, "X-IMAPbase"));
}

bool is_field(std::string_view line) {
  const auto colon = line.find(':');
  return colon != line.npos && colon > 0 &&
         std::ranges::all_of(line.substr(0, colon), [](char c) { return c > ' ' && c <= '~'; });
}

struct MboxLine {
  std::string text;  // without its end, and no more than kMaxLine
  std::uint64_t next = 0;
};

// Lines from any place of a file on.
class LineReader {
 public:
  explicit LineReader(const Fd& file) : file_(file) {}

  bool read(MboxLine& line) {
    line.text.clear();
    bool is_any = false;
    for (;;) {
      if (place_ == got_ && !fill()) break;
      is_any = true;
      const std::string_view rest(buffer_ + place_, got_ - place_);
      const auto end = rest.find('\n');
      const auto piece = rest.substr(0, end);
      line.text += piece.substr(0, kMaxLine - std::min(kMaxLine, line.text.size()));
      place_ += piece.size() + (end == rest.npos ? 0 : 1);
      if (end != rest.npos) break;
    }
    if (line.text.ends_with('\r')) line.text.pop_back();
    line.next = start_ + place_;
    return is_any;
  }

  void seek(std::uint64_t offset) {
    if (offset >= start_ && offset <= start_ + got_) {
      place_ = static_cast<std::size_t>(offset - start_);
      return;
    }
    start_ = offset;
    place_ = got_ = 0;
  }
  bool is_broken() const { return is_broken_; }

 private:
  bool fill() {
    start_ += got_;
    place_ = got_ = 0;
    const ssize_t got = read_at(file_, start_, buffer_);
    is_broken_ = is_broken_ || got < 0;
    got_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got_ > 0;
  }

  const Fd& file_;
  char buffer_[64 * 1024];
  std::uint64_t start_ = 0;  // of the buffer, in the file
  std::size_t place_ = 0, got_ = 0;
  bool is_broken_ = false;
};

class MboxReader {
 public:
  explicit MboxReader(const Fd& file) : lines_(file) {}

  Result<MboxContents> run() {
    bool was_empty = true;
    for (MboxLine line; lines_.read(line);) {
      if (was_empty && begins_message(line)) {
        end_message();
        begin_message(line);
        was_empty = false;
        continue;
      }
      if (!is_open_ && !line.text.empty()) {
        return fail(Error::Code::Invalid, "no mbox, it does not begin with a From line");
      }
      was_empty = line.text.empty();
      // The empty line before a From line belongs to neither message.
      if (!was_empty) end_ = line.next;
      if (is_open_ && is_header_) add_to_header(line, was_empty);
    }
    if (lines_.is_broken()) return fail(Error::Code::Temporary, "cannot be read");
    end_message();
    return std::move(contents_);
  }

 private:
  // Thunderbird's have no date; then what follows must be a header.
  bool begins_message(const MboxLine& line) {
    if (!line.text.starts_with("From ")) return false;
    if (!is_open_ || date_of_from_line(line.text)) return true;
    const auto sender = trim(line.text).substr(4);
    if (!sender.empty() && trim(sender) != "-") return false;
    MboxLine next;
    const bool is_header = lines_.read(next) && is_field(next.text);
    lines_.seek(line.next);
    return is_header;
  }

  void begin_message(const MboxLine& line) {
    is_open_ = is_header_ = true;
    message_ = {line.next, 0};
    message_.date = date_of_from_line(line.text);
    end_ = line.next;
    header_.clear();
  }

  void add_to_header(MboxLine& line, bool is_end) {
    if (!is_end) {
      if (header_.size() < kMaxFlagHeader) header_ += line.text + "\n";
      return;
    }
    is_header_ = false;
    const auto length = parse_number(mail::find_field(header_, "Content-Length").value_or(""),
                                     std::uint64_t{1} << 48);
    if (!length || *length == 0) return;
    const std::uint64_t end = line.next + *length;
    if (is_end_of_message(end)) end_ = line.next = end;
    lines_.seek(line.next);
  }

  // There is at most the end of a line and an empty one, and then the file's end or a From line.
  bool is_end_of_message(std::uint64_t end) {
    MboxLine last, line;
    lines_.seek(end - 1);
    if (!lines_.read(last)) return false;  // the file is shorter
    lines_.seek(end);
    for (int empty = 0; empty <= 2; ++empty) {
      if (!lines_.read(line)) return true;
      if (line.text.empty()) continue;
      const bool begins_line = empty > 0 || last.text.empty();
      return begins_line && date_of_from_line(line.text).has_value();
    }
    return false;
  }

  void end_message() {
    if (!is_open_) return;
    message_.size = end_ - message_.offset;
    if ((mozilla_status(header_) & kExpunged) != 0) {
      ++contents_.expunged;
      return;
    }
    if (is_internal_data(header_)) return;
    message_.flags = flags_of_header(header_);
    if (!message_.date) {
      const auto date = mail::parse_date(mail::find_field(header_, "Date").value_or(""));
      if (date) message_.date = date->unix_seconds;
    }
    contents_.messages.push_back(std::move(message_));
  }

  LineReader lines_;
  MboxContents contents_ = {};
  MboxMessage message_;
  std::string header_;
  std::uint64_t end_ = 0;
  bool is_open_ = false, is_header_ = false;
};

}  // namespace

Result<MboxContents> read_mbox(const Fd& file) {
  return MboxReader(file).run();
}

}  // namespace waxwing
