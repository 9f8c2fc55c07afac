#include "protocols/imap/fetch_line.h"

#include <algorithm>

#include "protocols/imap/conversation.h"
#include "protocols/mail/transfer.h"

namespace waxwing::imap {
namespace {

// What is decoded for BINARY is in memory until the client has it, and so is all that is copied.
constexpr std::uint64_t kMaxDecoded = 32 * 1024 * 1024;
constexpr std::uint64_t kMaxResponse = 64 * 1024 * 1024;

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

Reply too_much_at_once() {
  return Reply::no("That is too much at once: fetch it in pieces, or with BODY", "LIMIT");
}

Reply refuse(const Error& error) {
  return error.code == Error::Code::Limit ? too_much_at_once() : to_reply(error);
}

std::optional<Reply> write_literal(const PreparedItem& item, std::string bytes,
                                   FetchedMessage& message, FetchResponse& response) {
  if (!message.spend(bytes.size())) return too_much_at_once();
  const bool has_nul = bytes.find('\0') != std::string::npos;
  const bool is_literal8 = has_nul && item.kind == FetchItem::Kind::Binary;
  response << item.name << (is_literal8 ? " ~{" : " {") << std::to_string(bytes.size()) << "}\r\n";
  // A blank in place of a NUL, as in FetchResponse.  RFC 9051 section 4.3.1
  if (has_nul && !is_literal8) std::ranges::replace(bytes, '\0', ' ');
  response.give(std::move(bytes));
  return std::nullopt;
}

std::optional<Reply> write_text(const PreparedItem& item, std::string_view text,
                                FetchedMessage& message, FetchResponse& response) {
  const ByteRange range = cut({0, text.size()}, item.partial);
  return write_literal(item,
                       std::string(text.substr(static_cast<std::size_t>(range.offset),
                                               static_cast<std::size_t>(range.size))),
                       message, response);
}

std::optional<Reply> write_range(const PreparedItem& item, ByteRange whole, FetchedMessage& message,
                                 FetchResponse& response) {
  // The file has the last word on where the message ends.
  whole.offset = std::min(whole.offset, message.size());
  whole.size = std::min(whole.size, message.size() - whole.offset);
  const ByteRange range = cut(whole, item.partial);
  if (range.size <= kCopied) {
    auto bytes = message.read(range);
    if (!bytes) return to_reply(bytes.error());
    return write_literal(item, std::move(*bytes), message, response);
  }
  // A literal8 need not hold a NUL, so nobody has to look for it.  RFC 3516 section 4.3
  const bool may_hold_nul = message.may_hold_nul();
  const bool is_literal8 = may_hold_nul && item.kind == FetchItem::Kind::Binary;
  response << item.name << (is_literal8 ? " ~{" : " {") << std::to_string(range.size) << "}\r\n";
  response.write_file(
      message.file(), range.offset, range.size,
      may_hold_nul && !is_literal8 ? FetchResponse::Nul::Blank : FetchResponse::Nul::Keep);
  return std::nullopt;
}

// A part without its Content-Transfer-Encoding.  RFC 9051 section 6.4.5, BINARY
std::optional<Reply> write_binary(const PreparedItem& item, FetchedMessage& message,
                                  FetchResponse& response) {
  const auto source = resolve_binary(item.section, message.message());
  if (!source) {
    response << item.name << (item.kind == FetchItem::Kind::BinarySize ? " 0" : " NIL");
    return std::nullopt;
  }
  if (!source->can_decode()) {
    return Reply::no("The part's transfer encoding is unknown", "UNKNOWN-CTE");
  }
  if (item.kind == FetchItem::Kind::BinarySize) {
    const auto size = message.decoded_size(*source);
    if (!size) return to_reply(size.error());
    response << item.name << " " << std::to_string(*size);
    return std::nullopt;
  }
  if (!mail::is_encoded(source->encoding)) {
    return write_range(item, source->range, message, response);
  }
  const auto text = message.decoded(*source);
  if (!text) return refuse(text.error());
  return write_text(item, *text, message, response);
}

}  // namespace

PreparedItem::PreparedItem(FetchItem wanted) : FetchItem(std::move(wanted)) {
  if (!is_section(*this) && kind != Kind::Rfc822 && kind != Kind::Rfc822Header &&
      kind != Kind::Rfc822Text) {
    return;
  }
  name = name_of(*this);
  if (section.kind == Section::Kind::HeaderFields) {
    fields.emplace(mail::Keep::Only, section.fields);
  } else if (section.kind == Section::Kind::HeaderFieldsNot) {
    fields.emplace(mail::Keep::Except, section.fields);
  }
}

FetchNeeds needs_of(const std::vector<FetchItem>& items) {
  FetchNeeds needs;
  for (const FetchItem& item : items) {
    switch (item.kind) {
      case FetchItem::Kind::Flags:
      case FetchItem::Kind::InternalDate:
      case FetchItem::Kind::ModSeq:
      case FetchItem::Kind::SaveDate:
      case FetchItem::Kind::Size:
      case FetchItem::Kind::Uid: continue;
      case FetchItem::Kind::Envelope:
      case FetchItem::Kind::Body:
      case FetchItem::Kind::BodyStructure: needs.message = true; continue;
      case FetchItem::Kind::EmailId: needs.id = true; continue;
      case FetchItem::Kind::Annotation: needs.annotations = true; continue;
      case FetchItem::Kind::ThreadId: needs.id = needs.header = true; continue;
      case FetchItem::Kind::Rfc822Header: needs.header = true; continue;
      case FetchItem::Kind::Preview: (item.is_lazy ? needs.known : needs.message) = true; continue;
      case FetchItem::Kind::Section:
      case FetchItem::Kind::Binary: needs.sets_seen = needs.sets_seen || !item.peek; break;
      case FetchItem::Kind::Rfc822:
      case FetchItem::Kind::Rfc822Text: needs.sets_seen = needs.sets_seen || !item.peek; break;
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

std::optional<Reply> refuse_items(const Conversation& conversation, const FetchNeeds& needs) {
  if (!needs.annotations || conversation.offers(kAnnotate)) return std::nullopt;
  return Reply::bad("There is no FETCH item ANNOTATION");
}

std::optional<Mailbox::Fields> FetchNeeds::fields() const {
  if (message || file || (header && known)) return Mailbox::Fields::All;
  if (known) return Mailbox::Fields::Indexed;
  if (header) return Mailbox::Fields::Header;
  return std::nullopt;
}

Outcome FetchedMessage::prepare(const FetchNeeds& needs) {
  if (needs.message) {
    if (parsed_) message_ = mail::decode(parsed_->message);
    if (!message_) {
      if (const auto opened = open(); !opened) return opened;
      auto parsed = parse_file(*file_);
      if (!parsed) return fail(parsed.error());
      message_ = std::move(*parsed);
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

const mail::Message* FetchedMessage::known() {
  if (!message_ && parsed_) message_ = mail::decode(parsed_->message);
  return message_ ? &*message_ : nullptr;
}

bool FetchedMessage::may_hold_nul() {
  return !known() || message_->may_hold_nul;
}

Result<std::string_view> FetchedMessage::header() {
  if (parsed_ && parsed_->header_is_whole) return std::string_view(parsed_->header);
  if (!header_) {
    auto bytes = read({0, kMaxFilteredHeader});
    if (!bytes) return fail(bytes.error());
    // A message that starts with the empty line has no header.
    if (bytes->starts_with("\r\n")) {
      bytes->resize(2);
    } else if (const auto end = bytes->find("\r\n\r\n"); end != std::string::npos) {
      bytes->resize(end + 4);
    }
    header_ = std::move(*bytes);
  }
  return std::string_view(*header_);
}

Result<std::string_view> FetchedMessage::decoded(const BinarySource& source) {
  const Place place{source.range.offset, source.range.size};
  if (const auto known = decoded_.find(place); known != decoded_.end()) {
    return std::string_view(known->second);
  }
  Decoded decoded(source.range, source.encoding, [this](ByteRange range) { return read(range); });
  std::string text;
  while (true) {
    const auto slice = decoded.next();
    if (!slice) return fail(slice.error());
    if (!*slice) break;
    text += **slice;
    if (text.size() > kMaxDecoded || !spend((*slice)->size())) {
      return fail(Error::Code::Limit, "too much to decode");
    }
  }
  return std::string_view(decoded_[place] = std::move(text));
}

Result<std::uint64_t> FetchedMessage::decoded_size(const BinarySource& source) {
  if (!mail::is_encoded(source.encoding)) {
    const std::uint64_t offset = std::min(source.range.offset, size());
    return std::min(source.range.size, size() - offset);
  }
  if (const auto known = decoded_.find({source.range.offset, source.range.size});
      known != decoded_.end()) {
    return known->second.size();
  }
  return imap::decoded_size(source, [this](ByteRange range) { return read(range); });
}

bool FetchedMessage::spend(std::uint64_t bytes) {
  spent_ += bytes;
  return spent_ <= kMaxResponse;
}

std::optional<Reply> write_section(const PreparedItem& item, FetchedMessage& message,
                                   FetchResponse& response) {
  if (is_top_header(item)) {
    const auto header = message.header();
    if (!header) return to_reply(header.error());
    const bool has_fields =
        item.kind == FetchItem::Kind::Section && item.section.kind != Section::Kind::Header;
    if (!has_fields) return write_text(item, *header, message, response);
    // A client may ask a thousand times for other fields of it.
    if (!message.spend(header->size())) return too_much_at_once();
    return write_text(item, item.fields->apply(*header), message, response);
  }
  if (is_whole(item)) {
    if (item.kind == FetchItem::Kind::BinarySize) {
      response << item.name << " " << std::to_string(message.size());
      return std::nullopt;
    }
    return write_range(item, {0, message.size()}, message, response);
  }
  if (item.kind == FetchItem::Kind::Binary || item.kind == FetchItem::Kind::BinarySize) {
    return write_binary(item, message, response);
  }
  Section section = item.section;
  if (item.kind == FetchItem::Kind::Rfc822Text) section.kind = Section::Kind::Text;
  const Resolved resolved = resolve(section, message.message());
  if (resolved.kind == Resolved::Kind::Missing) {
    response << item.name << " NIL";
    return std::nullopt;
  }
  if (resolved.kind == Resolved::Kind::Fields) {
    const auto header =
        message.read({resolved.range.offset, std::min(resolved.range.size, kMaxFilteredHeader)});
    if (!header) return to_reply(header.error());
    if (!message.spend(header->size())) return too_much_at_once();
    return write_text(item, item.fields->apply(*header), message, response);
  }
  return write_range(item, resolved.range, message, response);
}

}  // namespace waxwing::imap
