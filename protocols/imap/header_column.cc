#include "protocols/imap/header_column.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/little_endian.h"
#include "base/text.h"
#include "protocols/imap/base_subject.h"
#include "protocols/imap/first_fields.h"
#include "protocols/imap/search_match.h"
#include "protocols/imap/thread_column.h"
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
    case HeaderColumn::Thread: return thread_value(FirstFields(block), collation);
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
  append_word(value, static_cast<std::uint64_t>(number));
  return value;
}

std::optional<std::int64_t> number_of_value(std::string_view value) {
  if (value.size() != 8) return std::nullopt;
  return static_cast<std::int64_t>(read_word(value.data()));
}

}  // namespace waxwing::imap
