#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
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

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const ByteRange&) const = default;
};

// What a section of a message is. Fields: the header block in `range` holds more than was asked
// for, filter_header() gives the answer. Missing: there is no such part (the answer is NIL or "").
struct Resolved {
  enum class Kind { Missing, Range, Fields };
  Kind kind = Kind::Missing;
  ByteRange range;                   // into the message's bytes
  const mail::Part* part = nullptr;  // the part that was named; the root for the message itself
};
Resolved resolve(const Section& section, const mail::Message& message);

// The part itself, or nullptr. Part 1 of a message that is no multipart is its body.
const mail::Part* find_part(const std::vector<std::uint32_t>& part, const mail::Message& message);

// The fields of a header block that HEADER.FIELDS (or .NOT) asks for, folding and order kept, with
// the closing empty line.
std::string filter_header(std::string_view header, const Section& section);

// `partial` of `size` octets: cut to what is there.
ByteRange cut(ByteRange whole, const std::optional<Partial>& partial);

}  // namespace waxwing::imap
