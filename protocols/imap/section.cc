#include "protocols/imap/section.h"

#include <algorithm>

#include "protocols/imap/writer.h"
#include "protocols/mail/header.h"

namespace waxwing::imap {
namespace {

bool asks_for_fields(const Section& section) {
  return section.kind == Section::Kind::HeaderFields ||
         section.kind == Section::Kind::HeaderFieldsNot;
}

ByteRange between(std::uint64_t start, std::uint64_t end) {
  return {start, end > start ? end - start : 0};
}

// HEADER, TEXT or all of a message whose root part is `root` and that ends at `end`.
Resolved of_message(const Section& section, const mail::Part& root, std::uint64_t start,
                    std::uint64_t end) {
  switch (section.kind) {
    case Section::Kind::Whole: return {Resolved::Kind::Range, between(start, end)};
    case Section::Kind::Header: return {Resolved::Kind::Range, between(start, root.body_offset)};
    case Section::Kind::HeaderFields:
    case Section::Kind::HeaderFieldsNot:
      return {Resolved::Kind::Fields, between(start, root.body_offset)};
    case Section::Kind::Text: return {Resolved::Kind::Range, between(root.body_offset, end)};
    case Section::Kind::Mime: break;
  }
  return {};
}

}  // namespace

std::string Section::to_string() const {
  std::string text;
  for (std::uint32_t number : part) {
    if (!text.empty()) text += '.';
    text += std::to_string(number);
  }
  if (kind != Kind::Whole && !text.empty()) text += '.';
  switch (kind) {
    case Kind::Whole: break;
    case Kind::Header: text += "HEADER"; break;
    case Kind::HeaderFields: text += "HEADER.FIELDS "; break;
    case Kind::HeaderFieldsNot: text += "HEADER.FIELDS.NOT "; break;
    case Kind::Text: text += "TEXT"; break;
    case Kind::Mime: text += "MIME"; break;
  }
  if (!asks_for_fields(*this)) return text;
  text += '(';
  for (const auto& field : fields) {
    if (text.back() != '(') text += ' ';
    text += to_astring(field);
  }
  return text + ')';
}

// Part numbers count the parts of a multipart. The body of a message that is no multipart, also of
// an enclosed one, is its part 1.  RFC 9051 section 6.4.5.1
const mail::Part* find_part(const std::vector<std::uint32_t>& part, const mail::Message& message) {
  const mail::Part* found = &message.root;
  bool is_message_body = true;  // `found` is the root part of a message
  for (std::uint32_t number : part) {
    if (!is_message_body && found->is_message()) {
      if (found->parts.empty()) return nullptr;
      found = &found->parts[0];
      is_message_body = true;
    }
    if (found->is_multipart()) {
      if (number == 0 || number > found->parts.size()) return nullptr;
      found = &found->parts[number - 1];
    } else if (!is_message_body || number != 1) {
      return nullptr;
    }
    is_message_body = false;
  }
  return found;
}

Resolved resolve(const Section& section, const mail::Message& message) {
  if (section.part.empty()) return of_message(section, message.root, 0, message.size);
  const mail::Part* part = find_part(section.part, message);
  if (!part) return {};
  if (section.kind == Section::Kind::Whole) {
    return {Resolved::Kind::Range, {part->body_offset, part->body_size}};
  }
  if (section.kind == Section::Kind::Mime) {
    return {Resolved::Kind::Range, between(part->header_offset, part->body_offset)};
  }
  // The others are of an enclosed message.
  if (!part->is_message() || part->parts.empty()) return {};
  return of_message(section, part->parts[0], part->body_offset,
                    part->body_offset + part->body_size);
}

std::string filter_header(std::string_view header, const Section& section) {
  auto keep = section.kind == Section::Kind::HeaderFields ? mail::Keep::Only : mail::Keep::Except;
  return mail::filter_header(header, keep, section.fields);
}

ByteRange cut(ByteRange whole, const std::optional<Partial>& partial) {
  if (!partial) return whole;
  std::uint64_t skipped = std::min(partial->offset, whole.size);
  return {whole.offset + skipped, std::min(partial->size, whole.size - skipped)};
}

bool BinarySource::can_decode() const {
  return mail::is_encoded(encoding) || encoding == "7bit" || encoding == "8bit" ||
         encoding == "binary";
}

std::optional<BinarySource> resolve_binary(const Section& section, const mail::Message& message) {
  if (section.part.empty()) return BinarySource{{0, message.size}, "binary"};
  const mail::Part* part = find_part(section.part, message);
  if (!part) return {};
  // What contains parts says only what may be in them.  RFC 2045 section 6.4
  bool is_container = part->is_multipart() || part->is_message();
  return BinarySource{{part->body_offset, part->body_size},
                      is_container ? "binary" : part->encoding};
}

Result<std::uint64_t> decoded_size(const BinarySource& source, const ReadRange& read) {
  Decoded decoded(source.range, source.encoding, read);
  std::uint64_t size = 0;
  while (true) {
    auto slice = decoded.next();
    if (!slice) return fail(slice.error());
    if (!*slice) return size;
    size += (*slice)->size();
  }
}

}  // namespace waxwing::imap
