// Message to bytes and back, for the index: a version, a checksum, then the fields in the order of
// message.h; numbers as LEB128, strings and lists with their length before them.

#include <cstring>

#include "protocols/mail/message.h"

namespace waxwing::mail {
namespace {

constexpr char kVersion = 2;
// Without may_hold_nul. Such bytes are still in every index that is older.
constexpr char kFirstVersion = 1;
constexpr std::size_t kChecksumSize = 8;
// Deeper trees than the parser makes are not ours.
constexpr int kMaxStoredDepth = 128;

// Tells our bytes from damaged ones; no protection against a forger.
std::string checksum(std::string_view bytes) {
  std::uint64_t hash = 0x9e3779b97f4a7c15u ^ bytes.size();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
  };
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    mix(word);
  }
  std::uint64_t tail = 0;
  if (!bytes.empty()) std::memcpy(&tail, bytes.data(), bytes.size());
  mix(tail);
  std::string text(kChecksumSize, '\0');
  std::memcpy(text.data(), &hash, kChecksumSize);
  return text;
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  // 0: absent; else the length and one.
  void maybe(const std::optional<std::string>& value) {
    number(value ? value->size() + 1 : 0);
    if (value) out_ += *value;
  }
  void parameters(const Parameters& list) {
    number(list.size());
    for (const auto& [name, value] : list) {
      text(name);
      text(value);
    }
  }
  void addresses(const std::vector<EnvelopeAddress>& list) {
    number(list.size());
    for (const EnvelopeAddress& address : list) {
      text(address.name);
      text(address.mailbox);
      text(address.host);
    }
  }
  void envelope(const Envelope& envelope) {
    maybe(envelope.date);
    maybe(envelope.subject);
    for (const auto* list : {&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to,
                             &envelope.cc, &envelope.bcc}) {
      addresses(*list);
    }
    maybe(envelope.in_reply_to);
    maybe(envelope.message_id);
  }
  void part(const Part& part) {
    text(part.type);
    text(part.subtype);
    text(part.encoding);
    parameters(part.parameters);
    for (const auto* field :
         {&part.id, &part.description, &part.disposition, &part.location, &part.md5}) {
      maybe(*field);
    }
    parameters(part.disposition_parameters);
    number(part.languages.size());
    for (const std::string& language : part.languages) text(language);
    for (const std::uint64_t value :
         {part.header_offset, part.body_offset, part.body_size, part.lines}) {
      number(value);
    }
    number(part.envelope ? 1 : 0);
    if (part.envelope) envelope(*part.envelope);
    number(part.parts.size());
    for (const Part& inner : part.parts) this->part(inner);
  }

 private:
  std::string& out_;
};

// Reads what Writer wrote; on anything else is_good() turns false, and zeros come back.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool is_good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    return bad();
  }
  // The length of a list whose entries take at least a byte each.
  std::size_t count() {
    const std::uint64_t value = number();
    return value <= rest_.size() ? value : bad();
  }
  std::string text() { return take(count()); }
  std::optional<std::string> maybe() {
    const std::uint64_t value = number();
    if (value == 0) return std::nullopt;
    return take(value - 1);
  }
  Parameters parameters() {
    Parameters list;
    for (std::size_t left = count(); left > 0 && good_; --left) {
      std::string name = text();
      list.emplace_back(std::move(name), text());
    }
    return list;
  }
  std::vector<EnvelopeAddress> addresses() {
    std::vector<EnvelopeAddress> list;
    for (std::size_t left = count(); left > 0 && good_; --left) {
      EnvelopeAddress address;
      address.name = text();
      address.mailbox = text();
      address.host = text();
      list.push_back(std::move(address));
    }
    return list;
  }
  Envelope envelope() {
    Envelope envelope;
    envelope.date = maybe();
    envelope.subject = maybe();
    for (auto* list : {&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to,
                       &envelope.cc, &envelope.bcc}) {
      *list = addresses();
    }
    envelope.in_reply_to = maybe();
    envelope.message_id = maybe();
    return envelope;
  }
  Part part(int depth = 0) {
    Part part;
    if (depth > kMaxStoredDepth) {
      bad();
      return part;
    }
    part.type = text();
    part.subtype = text();
    part.encoding = text();
    part.parameters = parameters();
    for (auto* field :
         {&part.id, &part.description, &part.disposition, &part.location, &part.md5}) {
      *field = maybe();
    }
    part.disposition_parameters = parameters();
    for (std::size_t left = count(); left > 0 && good_; --left) part.languages.push_back(text());
    for (auto* value : {&part.header_offset, &part.body_offset, &part.body_size, &part.lines}) {
      *value = number();
    }
    if (number() != 0) part.envelope = std::make_shared<const Envelope>(envelope());
    for (std::size_t left = count(); left > 0 && good_; --left) {
      part.parts.push_back(this->part(depth + 1));
    }
    return part;
  }

 private:
  std::uint64_t bad() {
    good_ = false;
    rest_ = {};
    return 0;
  }
  std::string take(std::uint64_t size) {
    if (size > rest_.size()) size = bad();
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string encode(const Message& message) {
  std::string body;
  body.reserve(message.header.size() + message.preview.size() + 1024);
  Writer writer(body);
  writer.number(message.size);
  writer.number(message.header_is_whole ? 1 : 0);
  writer.number(message.may_hold_nul ? 1 : 0);
  writer.text(message.header);
  writer.text(message.preview);
  writer.envelope(message.envelope);
  writer.part(message.root);
  return kVersion + checksum(body) + body;
}

std::optional<Message> decode(std::string_view bytes) {
  if (bytes.size() < 1 + kChecksumSize) return std::nullopt;
  const char version = bytes[0];
  if (version != kVersion && version != kFirstVersion) return std::nullopt;
  const std::string_view body = bytes.substr(1 + kChecksumSize);
  if (bytes.substr(1, kChecksumSize) != checksum(body)) return std::nullopt;
  Reader reader(body);
  Message message;
  message.size = reader.number();
  message.header_is_whole = reader.number() != 0;
  message.may_hold_nul = version == kFirstVersion || reader.number() != 0;
  message.header = reader.text();
  message.preview = reader.text();
  message.envelope = reader.envelope();
  message.root = reader.part();
  if (!reader.is_good() || !reader.at_end()) return std::nullopt;
  return message;
}

}  // namespace waxwing::mail
