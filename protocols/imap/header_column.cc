#include "protocols/imap/header_column.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "protocols/imap/base_subject.h"
#include "protocols/imap/first_fields.h"
#include "protocols/imap/message_ids.h"
#include "protocols/imap/search_match.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/date.h"
#include "protocols/mail/encoded_word.h"
#include "protocols/mail/header.h"
#include "protocols/mail/search_text.h"

namespace waxwing::imap {
namespace {

// The first address stands in the beginning of its field.
constexpr std::size_t kMaxAddressField = 4096;

constexpr std::array<std::pair<std::string_view, HeaderColumn>, 5> kTexts = {{
    {"subject", HeaderColumn::SubjectTexts},
    {"from", HeaderColumn::FromTexts},
    {"to", HeaderColumn::ToTexts},
    {"cc", HeaderColumn::CcTexts},
    {"message-id", HeaderColumn::MessageIdTexts},
}};

std::string texts(std::string_view name, std::string_view block, Collation collation) {
  std::string result;
  for (mail::HeaderWalker walker(block); const auto field = walker.next();) {
    if (field->name.size() != name.size() || !equals_ignoring_case(field->name, name)) continue;
    result += fold(collation, mail::searched_value(field->value));
    result += '\0';
  }
  return result;
}

std::string sent_day(std::string_view block) {
  const auto day = SearchedHeader(block).sent_day();
  return day ? to_value(*day) : std::string();
}

std::optional<mail::EnvelopeAddress> first_address(std::string_view field) {
  auto list = mail::parse_address_list(field.substr(0, kMaxAddressField));
  if (list.empty()) return std::nullopt;
  return std::move(list.front());
}

std::string mailbox_of(std::string_view field) {
  const auto address = first_address(field);
  return address ? mail::guess_utf8(address->mailbox) : std::string();
}

// RFC 5957 section 3
std::string display_of(std::string_view field) {
  const auto address = first_address(field);
  if (!address) return {};
  std::string name = mail::decode_words(address->name);
  if (!name.empty()) return name;
  // The name of a group has no host.
  if (address->host.empty()) return mail::guess_utf8(address->mailbox);
  return mail::guess_utf8(address->mailbox + "@" + address->host);
}

std::string sent(const FirstFields& fields) {
  const auto sent = mail::parse_broken_date(fields.date);
  return sent ? to_value(sent->unix_seconds) : std::string();
}

void add_text(std::string& value, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  for (int shift = 0; shift < 32; shift += 8) value += static_cast<char>(size >> shift);
  value += text;
}

// RFC 5256 section 3
std::string thread(const FirstFields& fields, Collation collation) {
  const BaseSubject subject = base_subject(fields.subject);
  std::string value(1, subject.is_reply ? '\1' : '\0');
  add_text(value, subject.text.empty() ? std::string() : order_key(collation, subject.text));
  add_text(value, MessageIds(fields.message_id).next().value_or(std::string()));
  MessageIds ids(fields.references);
  bool has_references = false;
  while (const auto id = ids.next()) {
    add_text(value, *id);
    has_references = true;
  }
  if (has_references) return value;
  // Behind the first there may be addresses.
  if (const auto id = MessageIds(fields.in_reply_to).next()) add_text(value, *id);
  return value;
}

std::optional<std::string_view> take_text(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  std::uint32_t size = 0;
  for (int i = 3; i >= 0; --i) {
    size = size << 8 | static_cast<unsigned char>(rest[static_cast<std::size_t>(i)]);
  }
  rest.remove_prefix(4);
  if (rest.size() < size) return std::nullopt;
  const auto text = rest.substr(0, size);
  rest.remove_prefix(size);
  return text;
}

}  // namespace

std::string column_value(HeaderColumn column, std::string_view block, Collation collation) {
  const auto in_order = [&](const std::string& text) {
    return order_key(collation, text).substr(0, kMaxOrderKey);
  };
  switch (column) {
    case HeaderColumn::SubjectTexts: return texts("subject", block, collation);
    case HeaderColumn::FromTexts: return texts("from", block, collation);
    case HeaderColumn::ToTexts: return texts("to", block, collation);
    case HeaderColumn::CcTexts: return texts("cc", block, collation);
    case HeaderColumn::MessageIdTexts: return texts("message-id", block, collation);
    case HeaderColumn::SentDay: return sent_day(block);
    case HeaderColumn::Sent: return sent(FirstFields(block));
    case HeaderColumn::Subject: return in_order(base_subject(FirstFields(block).subject).text);
    case HeaderColumn::From: return in_order(mailbox_of(FirstFields(block).from));
    case HeaderColumn::To: return in_order(mailbox_of(FirstFields(block).to));
    case HeaderColumn::Cc: return in_order(mailbox_of(FirstFields(block).cc));
    case HeaderColumn::DisplayFrom: return in_order(display_of(FirstFields(block).from));
    case HeaderColumn::DisplayTo: return in_order(display_of(FirstFields(block).to));
    case HeaderColumn::Thread: return thread(FirstFields(block), collation);
  }
  return {};
}

std::optional<HeaderColumn> texts_column(std::string_view field) {
  for (const auto& [name, column] : kTexts) {
    if (name == field) return column;
  }
  return std::nullopt;
}

std::string to_value(std::int64_t number) {
  std::string value;
  for (int shift = 0; shift < 64; shift += 8) {
    value += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
  }
  return value;
}

std::optional<std::int64_t> number_of_value(std::string_view value) {
  if (value.size() != 8) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8 | static_cast<unsigned char>(value[i]);
  return static_cast<std::int64_t>(number);
}

void ThreadTexts::read(std::string_view value) {
  references.clear();
  is_reply = !value.empty() && value[0] != '\0';
  value.remove_prefix(std::min<std::size_t>(1, value.size()));
  subject = take_text(value).value_or(std::string_view());
  id = take_text(value).value_or(std::string_view());
  while (const auto text = take_text(value)) references.push_back(*text);
}

}  // namespace waxwing::imap
