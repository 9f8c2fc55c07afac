// The MIME parser: lines in, a tree of parts with offsets out. It looks at whole lines only; a line
// that comes in pieces waits in `partial_`, of which no more is kept than its use needs. So feeding
// byte by byte gives exactly what feeding all at once gives.

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "protocols/mail/content.h"
#include "protocols/mail/message.h"
#include "protocols/mail/preview.h"

namespace waxwing::mail {
namespace {

constexpr std::size_t kMaxNesting = 100;
constexpr std::size_t kMaxParts = 1000;
constexpr std::size_t kMaxPartHeader = 64 * 1024;
constexpr std::size_t kMaxBoundary = 250;  // RFC 2046 allows 70
constexpr std::size_t kMaxDelimiterLine = 1000;
// What is looked at of a line in a body: more than a boundary, enough for a preview.
constexpr std::size_t kMaxBodyLine = 8 * 1024;
// How much text is looked at for the preview; HTML often starts with a long <style>.
constexpr std::size_t kMaxPlainSample = 4 * 1024;
constexpr std::size_t kMaxHtmlSample = 64 * 1024;

// A line as it lies in the message.
struct Line {
  std::string_view text;    // with its line end; cut when it was long and came in pieces
  std::uint64_t size = 0;   // with its line end
  unsigned terminator = 0;  // octets of the line end; 0 where the message ends without one

  bool is_empty() const { return size == terminator; }
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Every multipart has parts and every message an enclosed one, so that nobody who reads the tree
// must ask: where boundaries are missing or nesting is too deep, all of the body is one text.
void complete(Part& part) {
  if (!part.is_multipart() && !part.is_message()) return;
  if (part.is_message() && !part.envelope) part.envelope = std::make_shared<const Envelope>();
  if (!part.parts.empty()) return;
  Part text;
  text.header_offset = text.body_offset = part.body_offset;
  text.body_size = part.body_size;
  text.lines = part.lines;
  part.parts.push_back(std::move(text));
}

}  // namespace

struct Parser::State {
  // A part that has begun and not ended. Each lies in the one before it.
  struct Frame {
    enum class Kind { Leaf, Multipart, Enclosing };
    Part part;
    Kind kind = Kind::Leaf;
    bool in_header = true;
    bool has_delimiter = false;  // a multipart that still waits for its boundary
    std::string boundary;
    std::string header;
    std::uint64_t newlines_before_body = 0;
  };

  std::vector<Frame> frames;  // innermost last
  Message message;
  std::uint64_t offset = 0;    // octets in finished lines
  std::uint64_t newlines = 0;  // line ends in them
  unsigned last_terminator = 0;
  std::size_t part_count = 1;

  std::string partial;  // the beginning of an unfinished line
  std::uint64_t partial_size = 0;
  char partial_last = '\0';

  TextSample sample;
  bool is_sampling = false;

  State() {
    frames.emplace_back();
    message.may_hold_nul = false;
  }

  void feed(std::string_view bytes);
  void take_piece(std::string_view piece);
  void take_line(const Line& line);
  bool take_delimiter(const Line& line);
  void take_header_line(const Line& line);
  void read_header(Frame& frame);
  void begin_body(Frame& frame);
  void begin_part(std::uint64_t header_offset);
  void begin_sample(const Part& part);
  void end_part(std::uint64_t end, std::uint64_t newlines_at_end);
  void end_message();
};

Parser::Parser() : state_(std::make_unique<State>()) {}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

void Parser::feed(std::string_view bytes) {
  state_->feed(bytes);
}

Message Parser::finish() {
  state_->end_message();
  return std::move(state_->message);
}

void Parser::State::feed(std::string_view bytes) {
  if (!message.may_hold_nul) {
    message.may_hold_nul = bytes.find('\0') != std::string_view::npos;
  }
  while (!bytes.empty()) {
    const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
    if (!newline) return take_piece(bytes);
    const auto count =
        static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data()) + 1;
    const std::string_view piece = bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (partial_size == 0) {
      take_line({piece, count, piece.ends_with("\r\n") ? 2u : 1u});
      continue;
    }
    const bool crlf = (count > 1 ? piece[count - 2] : partial_last) == '\r';
    take_piece(piece);
    const std::string line = std::exchange(partial, {});
    take_line({line, std::exchange(partial_size, 0), crlf ? 2u : 1u});
  }
}

void Parser::State::take_piece(std::string_view piece) {
  const std::size_t limit = frames.back().in_header ? kMaxHeader : kMaxBodyLine;
  partial.append(piece.substr(0, limit - std::min(limit, partial.size())));
  partial_size += piece.size();
  partial_last = piece.back();
}

void Parser::State::take_line(const Line& line) {
  if (!line.text.starts_with("--") || !take_delimiter(line)) {
    if (frames.back().in_header) {
      take_header_line(line);
    } else if (is_sampling) {
      const std::size_t limit = sample.is_html ? kMaxHtmlSample : kMaxPlainSample;
      const std::size_t room = limit - std::min(limit, sample.bytes.size());
      sample.bytes += line.text.substr(0, std::min(room, kMaxBodyLine));
    }
  }
  offset += line.size;
  if (line.terminator > 0) ++newlines;
  last_terminator = line.terminator;
}

// True when the line is a boundary of some open multipart, the innermost first: all parts inside of
// that end here. The line end before a boundary belongs to it.  RFC 2046 section 5.1.1
bool Parser::State::take_delimiter(const Line& line) {
  if (line.size > kMaxDelimiterLine) return false;
  std::string_view text = line.text.substr(2);
  while (!text.empty() && is_blank(text.substr(text.size() - 1))) text.remove_suffix(1);
  bool closes = false;
  std::size_t level = frames.size();
  for (; level > 0; --level) {
    const Frame& frame = frames[level - 1];
    if (!frame.has_delimiter || !text.starts_with(frame.boundary)) continue;
    const std::string_view rest = text.substr(frame.boundary.size());
    closes = rest == "--";
    if (closes || rest.empty()) break;
  }
  if (level == 0) return false;

  while (frames.size() > level) {
    end_part(offset - last_terminator, newlines - (last_terminator > 0 ? 1 : 0));
  }
  if (closes || part_count >= kMaxParts) {
    frames.back().has_delimiter = false;  // what follows is the epilogue
  } else {
    begin_part(offset + line.size);
  }
  return true;
}

void Parser::State::take_header_line(const Line& line) {
  Frame& frame = frames.back();
  const std::size_t limit = frames.size() == 1 ? kMaxHeader : kMaxPartHeader;
  const std::size_t room = limit - std::min(limit, frame.header.size());
  frame.header += line.text.substr(0, room);
  if (frames.size() == 1 && line.size > room) message.header_is_whole = false;
  if (!line.is_empty()) return;

  frame.in_header = false;
  frame.part.body_offset = offset + line.size;
  frame.newlines_before_body = newlines + 1;
  read_header(frame);
  begin_body(frame);
}

void Parser::State::read_header(Frame& frame) {
  read_part_header(frame.header, frame.part);
  if (frames.size() == 1) {
    message.envelope = parse_envelope(frame.header);
    message.header = std::move(frame.header);
  } else if (Frame& outer = frames[frames.size() - 2]; outer.kind == Frame::Kind::Enclosing) {
    outer.part.envelope = std::make_shared<const Envelope>(parse_envelope(frame.header));
  }
  frame.header = std::string();
}

void Parser::State::begin_body(Frame& frame) {
  if (frame.part.is_multipart()) {
    const std::string* boundary = find_parameter(frame.part.parameters, "boundary");
    if (!boundary || frames.size() >= kMaxNesting) return;
    frame.boundary = boundary->substr(0, boundary->find_last_not_of(" \t") + 1);
    if (frame.boundary.empty() || frame.boundary.size() > kMaxBoundary) return;
    frame.kind = Frame::Kind::Multipart;
    frame.has_delimiter = true;
  } else if (frame.part.is_message()) {
    if (frames.size() >= kMaxNesting || part_count >= kMaxParts) return;
    frame.kind = Frame::Kind::Enclosing;
    begin_part(frame.part.body_offset);
  } else {
    begin_sample(frame.part);
  }
}

void Parser::State::begin_part(std::uint64_t header_offset) {
  Frame frame;
  const Part& outer = frames.back().part;
  if (outer.is_multipart() && outer.subtype == "digest") {  // RFC 2046 section 5.1.5
    frame.part.type = "message";
    frame.part.subtype = "rfc822";
  }
  frame.part.header_offset = header_offset;
  frames.push_back(std::move(frame));
  ++part_count;
}

// The preview comes from the first text that is not blank.
void Parser::State::begin_sample(const Part& part) {
  const bool is_html = part.subtype == "html";
  if (part.type != "text" || (!is_html && part.subtype != "plain")) return;
  if (part.disposition == "attachment") return;
  if (!is_blank(sample.bytes)) return;
  const std::string* charset = find_parameter(part.parameters, "charset");
  sample = {{}, part.encoding, charset ? *charset : std::string(), is_html};
  is_sampling = true;
}

void Parser::State::end_part(std::uint64_t end, std::uint64_t newlines_at_end) {
  Frame& frame = frames.back();
  Part& part = frame.part;
  if (frame.in_header) {  // the header is all there is
    part.body_offset = offset;
    frame.newlines_before_body = newlines;
    read_header(frame);
  }
  part.body_size = end > part.body_offset ? end - part.body_offset : 0;
  part.lines = newlines_at_end > frame.newlines_before_body
                   ? newlines_at_end - frame.newlines_before_body
                   : 0;
  complete(part);
  is_sampling = false;
  if (frames.size() == 1) return;
  frames[frames.size() - 2].part.parts.push_back(std::move(part));
  frames.pop_back();
}

void Parser::State::end_message() {
  if (partial_size > 0) {
    const std::string line = std::exchange(partial, {});
    take_line({line, std::exchange(partial_size, 0), 0});
  }
  message.size = offset;
  while (frames.size() > 1) end_part(offset, newlines);
  end_part(offset, newlines);
  message.root = std::move(frames.back().part);
  message.preview = make_preview(sample);
}

}  // namespace waxwing::mail
