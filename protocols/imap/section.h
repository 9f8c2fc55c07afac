#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/mail/decoded.h"
#include "protocols/mail/message.h"

namespace waxwing::imap {

// What stands in the brackets of BODY[...] and BINARY[...].  RFC 9051 section 6.4.5.1
struct Section {
  enum class Kind { Whole, Header, HeaderFields, HeaderFieldsNot, Text, Mime };
  std::vector<std::uint32_t> part;  // {1, 2} for "1.2"; empty: the message itself
  Kind kind = Kind::Whole;
  std::vector<std::string> fields;  // HeaderFields, HeaderFieldsNot: as the client wrote them
  bool operator==(const Section&) const = default;

  // Without brackets: "1.2.HEADER.FIELDS (Subject)", field names as astrings.
  std::string to_string() const;
};

// "<0.1024>": octets from an offset.
struct Partial {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const Partial&) const = default;
};

using mail::ByteRange;
using mail::Decoded;
using mail::ReadRange;

// What a section of a message is. Missing: there is no such part (the answer is NIL). Fields: the
// header block in `range` holds more than was asked for, filter_header() gives the answer.
struct Resolved {
  enum class Kind { Missing, Range, Fields };
  Kind kind = Kind::Missing;
  ByteRange range;  // into the message's bytes
};
Resolved resolve(const Section& section, const mail::Message& message);

// The part itself, or nullptr. Part 1 of a message that is no multipart is its body.
const mail::Part* find_part(const std::vector<std::uint32_t>& part, const mail::Message& message);

// The most of a header that is read to pick fields from.
constexpr std::uint64_t kMaxFilteredHeader = 1024 * 1024;

// The fields of a header block that HEADER.FIELDS (or .NOT) asks for, folding and order kept, with
// the closing empty line.
std::string filter_header(std::string_view header, const Section& section);

// The octets of `whole` that a partial asks for and that are there.
ByteRange cut(ByteRange whole, const std::optional<Partial>& partial);

// What BINARY[...] decodes: nothing when there is no such part. BINARY[] is the message as it is,
// and so are the bodies of multiparts and enclosed messages.  RFC 9051 section 6.4.5.1
struct BinarySource {
  ByteRange range;
  std::string encoding;
  // False: the answer is NO [UNKNOWN-CTE].
  bool can_decode() const;
};
std::optional<BinarySource> resolve_binary(const Section& section, const mail::Message& message);

// What BINARY.SIZE says; reads the whole source.
Result<std::uint64_t> decoded_size(const BinarySource& source, const ReadRange& read);

}  // namespace waxwing::imap
