#include "daemon/sendmail_text.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/encoding.h"
#include "base/text.h"
#include "protocols/mail/address.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/header.h"

namespace waxwing {

void LineEnds::end_line(std::string& made) {
  if (dot_ends_ && line_start_ == "." && !in_line_) {
    ended_ = true;
    return;
  }
  made += line_start_;
  made += "\r\n";
  line_start_.clear();
  in_line_ = false;
}

void LineEnds::pass(std::string_view piece, std::string& made) {
  while (!piece.empty() && !ended_) {
    const char c = piece.front();
    if (c == '\n' || c == '\r') {
      piece.remove_prefix(1);
      if (c == '\n' && after_cr_) {
        after_cr_ = false;
        continue;
      }
      after_cr_ = c == '\r';
      end_line(made);
      continue;
    }
    after_cr_ = false;
    if (dot_ends_ && !in_line_ && line_start_.empty() && c == '.') {
      line_start_ = ".";
      piece.remove_prefix(1);
      continue;
    }
    made += line_start_;
    line_start_.clear();
    in_line_ = true;
    const auto run = piece.substr(0, std::min(piece.find_first_of("\r\n"), piece.size()));
    made += run;
    piece.remove_prefix(run.size());
  }
}

void LineEnds::finish(std::string& made) {
  if (!ended_ && (in_line_ || !line_start_.empty())) end_line(made);
}

std::size_t header_length(std::string_view text) {
  std::size_t length = 0;
  bool is_first = true;
  while (length < text.size()) {
    const auto rest = text.substr(length);
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    if (line.empty()) return length;
    const bool is_fold = line.front() == ' ' || line.front() == '\t';
    const bool is_mbox = is_first && (line.starts_with("From ") || line.starts_with(">From "));
    const auto colon = line.find(':');
    // ftext, RFC 5322 section 3.6.8; spaces before the colon are obsolete, and still written.
    const auto name = trim(line.substr(0, colon));
    const bool is_field =
        colon != std::string_view::npos && !name.empty() &&
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
    if (!(is_field || is_mbox || (is_fold && !is_first))) return length;
    is_first = false;
    length += end == std::string_view::npos ? rest.size() : end + 2;
  }
  return length;
}

namespace {

// Goes over a list of addresses and notes where a domain is missing.
class Qualifier {
 public:
  explicit Qualifier(std::string_view value) : value_(value) {}

  // Places in the value, in order.
  std::vector<std::size_t> places() {
    for (at_ = 0; at_ < value_.size();) {
      switch (value_[at_]) {
        case '(': skip_comment(); break;
        case '"': take_word(end_of_quoted()); break;
        case '[': take_word(end_of_literal()); break;
        case '<': take_angle(); break;
        case ',':
        case ';':
          end_address();
          ++at_;
          break;
        case ':':  // behind the name of a group
          begin_address();
          ++at_;
          break;
        case ' ':
        case '\t':
        case '\r':
        case '\n':
          is_between_ = true;
          ++at_;
          break;
        default: take_word(at_ + 1); break;
      }
    }
    end_address();
    return std::move(places_);
  }

 private:
  void begin_address() {
    words_ = 0;
    has_at_ = has_angle_ = false;
    is_between_ = true;
  }

  void take_word(std::size_t end) {
    if (value_[at_] == '@') has_at_ = true;
    if (is_between_) ++words_;
    is_between_ = false;
    at_ = word_end_ = end;
  }

  std::size_t end_of_quoted() const {
    for (std::size_t i = at_ + 1; i < value_.size(); ++i) {
      if (value_[i] == '\\')
        ++i;
      else if (value_[i] == '"')
        return i + 1;
    }
    return value_.size();
  }

  std::size_t end_of_literal() const {
    const auto end = value_.find(']', at_);
    return end == std::string_view::npos ? value_.size() : end + 1;
  }

  void skip_comment() {
    int depth = 0;
    for (; at_ < value_.size(); ++at_) {
      if (value_[at_] == '\\')
        ++at_;
      else if (value_[at_] == '(')
        ++depth;
      else if (value_[at_] == ')' && --depth == 0)
        break;
    }
    at_ = std::min(at_ + 1, value_.size());
    is_between_ = true;
  }

  void take_angle() {
    const auto end = std::min(value_.find('>', at_), value_.size());
    const auto inside = value_.substr(at_ + 1, end - at_ - 1);
    const auto address = trim(inside);
    if (!address.empty() && address.find('@') == std::string_view::npos)
      places_.push_back(static_cast<std::size_t>(address.data() - value_.data()) + address.size());
    has_angle_ = true;
    at_ = std::min(end + 1, value_.size());
  }

  // Several words without an angle are no address: nobody knows which of them was meant.
  void end_address() {
    if (words_ == 1 && !has_at_ && !has_angle_) places_.push_back(word_end_);
    begin_address();
  }

  std::string_view value_;
  std::size_t at_ = 0, word_end_ = 0;
  int words_ = 0;
  bool has_at_ = false, has_angle_ = false, is_between_ = true;
  std::vector<std::size_t> places_;
};

}  // namespace

std::string with_domains(std::string_view value, std::string_view host) {
  std::string result;
  std::size_t done = 0;
  for (const auto place : Qualifier(value).places()) {
    result += value.substr(done, place - done);
    result += "@";
    result += host;
    done = place;
  }
  return result += value.substr(done);
}

std::string display_name(std::string_view name) {
  std::string clean;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) >= ' ' && c != 127) clean += c;
  }
  if (is_ascii(clean)) {
    std::string quoted = "\"";
    for (const char c : clean) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return quoted + "\"";
  }
  // 45 octets make 60 characters, which an encoded word of at most 75 has room for.  Section 2
  constexpr std::size_t kMost = 45;
  std::string encoded;
  const char* charset = is_utf8(clean) ? "UTF-8" : "ISO-8859-1";
  for (std::string_view rest = clean; !rest.empty();) {
    std::size_t size = std::min(kMost, rest.size());
    const auto is_inside = [&](std::size_t at) {
      return at < rest.size() && (static_cast<unsigned char>(rest[at]) & 0xC0) == 0x80;
    };
    while (size > kMost - 4 && is_inside(size)) --size;  // not within a character
    if (!encoded.empty()) encoded += "\r\n ";
    encoded += std::string("=?") + charset + "?B?" + base64(rest.substr(0, size)) + "?=";
    rest.remove_prefix(size);
  }
  return encoded;
}

namespace {

constexpr std::array<std::string_view, 13> kAddressFields = {"From",
                                                             "Sender",
                                                             "Reply-To",
                                                             "To",
                                                             "Cc",
                                                             "Bcc",
                                                             "Resent-From",
                                                             "Resent-To",
                                                             "Resent-Cc",
                                                             "Resent-Bcc",
                                                             "Resent-Sender",
                                                             "Return-Receipt-To",
                                                             "Disposition-Notification-To"};

bool is_one_of(std::string_view name, const std::vector<std::string_view>& all) {
  return std::any_of(all.begin(), all.end(),
                     [&](auto each) { return equals_ignoring_case(each, name); });
}

std::vector<std::string> addresses_of(std::string_view value) {
  std::vector<std::string> all;
  for (const auto& each : mail::parse_address_list(value)) {
    if (each.host.empty()) continue;  // the name of a group, or its end
    const bool is_broken = each.host == mail::kMissingHost || each.mailbox == mail::kMissingMailbox;
    all.push_back(is_broken ? std::string() : mail::Address{each.mailbox, each.host}.to_string());
  }
  return all;
}

// What is no address stays as it was written, for who reads the error.
void note(std::string_view value, std::vector<std::string>& all) {
  auto some = addresses_of(value);
  for (auto& each : some) {
    if (each.empty()) each = mail::unfold(value);
  }
  all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
}

}  // namespace

std::vector<std::string> addresses_in(std::string_view value, std::string_view host) {
  const std::string whole = with_domains(value, host);
  if (!mail::parse_clean_address_list(whole)) return {};
  return addresses_of(whole);
}

SendmailHeader complete_header(std::string_view header, std::string_view host,
                               std::string_view author) {
  SendmailHeader result;
  std::vector<std::string> recipients, again;
  bool has_author = false;
  mail::HeaderWalker walker(header);
  while (const auto field = walker.next()) {
    const bool has_addresses =
        std::any_of(kAddressFields.begin(), kAddressFields.end(),
                    [&](auto each) { return equals_ignoring_case(each, field->name); });
    if (!has_addresses) {
      result.text += field->raw;
      continue;
    }
    const std::string value = with_domains(field->value, host);
    result.text += field->raw.substr(0, field->raw.find(':') + 1);
    result.text += value;
    result.text += "\r\n";
    has_author = has_author || equals_ignoring_case(field->name, "From");
    if (is_one_of(field->name, {"To", "Cc", "Bcc"})) note(value, recipients);
    if (is_one_of(field->name, {"Resent-To", "Resent-Cc", "Resent-Bcc"})) note(value, again);
  }
  if (!has_author) result.text += "From: " + std::string(author) + "\r\n";
  result.recipients = again.empty() ? std::move(recipients) : std::move(again);
  return result;
}

}  // namespace waxwing
