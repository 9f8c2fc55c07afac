#include "protocols/imap/fetch_line.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace waxwing::imap {
namespace {

// A part of a file is copied into the answer up to this size, so that a client that downloads
// thousands of small messages does not make the session hold as many open files.
constexpr std::uint64_t kCopied = 64 * 1024;
// The most of a header that is read to pick fields from.
constexpr std::uint64_t kMaxFields = 1024 * 1024;
// What is decoded for BINARY is in memory until the client has it.
constexpr std::uint64_t kMaxDecoded = 32 * 1024 * 1024;
constexpr std::uint64_t kBlock = 64 * 1024;

bool is_section(const FetchItem& item) {
  return item.kind == FetchItem::Kind::Section || item.kind == FetchItem::Kind::Binary ||
         item.kind == FetchItem::Kind::BinarySize;
}

// HEADER and HEADER.FIELDS of the message itself are in the index.
bool is_top_header(const FetchItem& item) {
  if (item.kind == FetchItem::Kind::Rfc822Header) return true;
  if (item.kind != FetchItem::Kind::Section || !item.section.part.empty()) return false;
  switch (item.section.kind) {
    case Section::Kind::Header:
    case Section::Kind::HeaderFields:
    case Section::Kind::HeaderFieldsNot: return true;
    default: return false;
  }
}

bool is_whole(const FetchItem& item) {
  if (item.kind == FetchItem::Kind::Rfc822) return true;
  return is_section(item) && item.section.part.empty() && item.section.kind == Section::Kind::Whole;
}

std::string name_of(const FetchItem& item) {
  std::string name;
  switch (item.kind) {
    case FetchItem::Kind::Rfc822: return "RFC822";
    case FetchItem::Kind::Rfc822Header: return "RFC822.HEADER";
    case FetchItem::Kind::Rfc822Text: return "RFC822.TEXT";
    case FetchItem::Kind::Binary: name = "BINARY["; break;
    case FetchItem::Kind::BinarySize: name = "BINARY.SIZE["; break;
    default: name = "BODY["; break;
  }
  name += item.section.to_string() + "]";
  if (item.partial) name += "<" + std::to_string(item.partial->offset) + ">";
  return name;
}

void write_text(const FetchItem& item, std::string_view text, Output& output) {
  const ByteRange range = cut({0, text.size()}, item.partial);
  const std::string_view piece =
      text.substr(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.size));
  // A NUL may stand in a literal8 alone.  RFC 9051 section 4.3
  const bool has_nul =
      item.kind == FetchItem::Kind::Binary && piece.find('\0') != std::string_view::npos;
  output << name_of(item) << (has_nul ? " ~{" : " {") << std::to_string(piece.size()) << "}\r\n"
         << piece;
}

std::optional<Reply> write_range(const FetchItem& item, ByteRange whole,
                                 const FetchedMessage& message, Output& output) {
  // The file has the last word on where the message ends.
  whole.offset = std::min(whole.offset, message.size());
  whole.size = std::min(whole.size, message.size() - whole.offset);
  const ByteRange range = cut(whole, item.partial);
  if (range.size > kCopied) {
    output << name_of(item) << " {" << std::to_string(range.size) << "}\r\n";
    output.write_file(message.file(), range.offset, range.size);
    return std::nullopt;
  }
  const auto bytes = message.read(range);
  if (!bytes) return to_reply(bytes.error());
  output << name_of(item) << " {" << std::to_string(bytes->size()) << "}\r\n" << *bytes;
  return std::nullopt;
}

// A part without its Content-Transfer-Encoding.  RFC 9051 section 6.4.5, BINARY
std::optional<Reply> write_binary(const FetchItem& item, const FetchedMessage& message,
                                  Output& output) {
  const auto source = resolve_binary(item.section, message.message());
  if (!source) {
    output << name_of(item) << (item.kind == FetchItem::Kind::BinarySize ? " 0" : " NIL");
    return std::nullopt;
  }
  if (!source->can_decode()) {
    return Reply::no("The part's transfer encoding is unknown", "UNKNOWN-CTE");
  }
  const auto read = [&](ByteRange range) { return message.read(range); };
  if (item.kind == FetchItem::Kind::BinarySize) {
    const auto size = decoded_size(*source, read);
    if (!size) return to_reply(size.error());
    output << name_of(item) << " " << std::to_string(*size);
    return std::nullopt;
  }
  Decoded decoded(*source, read);
  std::string text;
  while (true) {
    const auto slice = decoded.next();
    if (!slice) return to_reply(slice.error());
    if (!*slice) break;
    text += **slice;
    if (text.size() > kMaxDecoded) {
      return Reply::no("The part is too large to decode: fetch it with BODY", "LIMIT");
    }
  }
  write_text(item, text, output);
  return std::nullopt;
}

}  // namespace

FetchNeeds needs_of(const std::vector<FetchItem>& items) {
  FetchNeeds needs;
  for (const FetchItem& item : items) {
    switch (item.kind) {
      case FetchItem::Kind::Flags:
      case FetchItem::Kind::InternalDate:
      case FetchItem::Kind::Size:
      case FetchItem::Kind::Uid: continue;
      case FetchItem::Kind::Envelope:
      case FetchItem::Kind::Body:
      case FetchItem::Kind::BodyStructure: needs.message = true; continue;
      case FetchItem::Kind::Rfc822Header: needs.header = true; continue;
      case FetchItem::Kind::Section:
      case FetchItem::Kind::Binary: needs.sets_seen = needs.sets_seen || !item.peek; break;
      case FetchItem::Kind::Rfc822:
      case FetchItem::Kind::Rfc822Text: needs.sets_seen = true; break;
      case FetchItem::Kind::BinarySize: break;
    }
    if (is_top_header(item)) {
      needs.header = true;
      continue;
    }
    needs.file = true;
    if (!is_whole(item)) needs.message = true;
  }
  return needs;
}

Outcome FetchedMessage::prepare(const FetchNeeds& needs) {
  if (needs.message) {
    if (parsed_) message_ = mail::decode(parsed_->message);
    if (!message_) {
      if (const auto opened = open(); !opened) return opened;
      mail::Parser parser;
      for (std::uint64_t offset = 0; offset < file_->size;) {
        const auto bytes = read({offset, kBlock});
        if (!bytes) return fail(bytes.error());
        if (bytes->empty()) break;
        parser.feed(*bytes);
        offset += bytes->size();
      }
      message_ = parser.finish();
    }
  }
  if (needs.file) return open();
  if (needs.header && !(parsed_ && parsed_->header_is_whole)) return open();
  return {};
}

Outcome FetchedMessage::open() {
  if (file_) return {};
  auto opened = mailbox_.open(uid_);
  if (!opened) return fail(opened.error());
  file_ = std::move(*opened);
  return {};
}

Result<std::string> FetchedMessage::header() const {
  if (parsed_ && parsed_->header_is_whole) return parsed_->header;
  auto bytes = read({0, kMaxFields});
  if (!bytes) return bytes;
  // A message that starts with the empty line has no header.
  if (bytes->starts_with("\r\n")) return std::string("\r\n");
  if (const auto end = bytes->find("\r\n\r\n"); end != std::string::npos) bytes->resize(end + 4);
  return bytes;
}

Result<std::string> FetchedMessage::read(ByteRange range) const {
  range.offset = std::min(range.offset, size());
  std::string bytes(static_cast<std::size_t>(std::min(range.size, size() - range.offset)), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(file()->get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(range.offset + done));
    if (got < 0 && errno == EINTR) continue;
    // Less than the size says: the literal is already announced with what there is, so no more.
    if (got <= 0) return fail(Error::Code::Temporary, "cannot read a message file");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::optional<Reply> write_section(const FetchItem& item, const FetchedMessage& message,
                                   Output& output) {
  if (is_top_header(item)) {
    const auto header = message.header();
    if (!header) return to_reply(header.error());
    const bool has_fields =
        item.kind == FetchItem::Kind::Section && item.section.kind != Section::Kind::Header;
    write_text(item, has_fields ? filter_header(*header, item.section) : *header, output);
    return std::nullopt;
  }
  if (is_whole(item)) {
    if (item.kind == FetchItem::Kind::BinarySize) {
      output << name_of(item) << " " << std::to_string(message.size());
      return std::nullopt;
    }
    return write_range(item, {0, message.size()}, message, output);
  }
  if (item.kind == FetchItem::Kind::Binary || item.kind == FetchItem::Kind::BinarySize) {
    return write_binary(item, message, output);
  }
  Section section = item.section;
  if (item.kind == FetchItem::Kind::Rfc822Text) section.kind = Section::Kind::Text;
  const Resolved resolved = resolve(section, message.message());
  if (resolved.kind == Resolved::Kind::Missing) {
    output << name_of(item) << " NIL";
    return std::nullopt;
  }
  if (resolved.kind == Resolved::Kind::Fields) {
    const auto header =
        message.read({resolved.range.offset, std::min(resolved.range.size, kMaxFields)});
    if (!header) return to_reply(header.error());
    write_text(item, filter_header(*header, section), output);
    return std::nullopt;
  }
  return write_range(item, resolved.range, message, output);
}

}  // namespace waxwing::imap
