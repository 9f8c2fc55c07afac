#include "protocols/imap/first_fields.h"

#include "base/text.h"
#include "protocols/mail/date.h"
#include "protocols/mail/header.h"

namespace waxwing::imap {
namespace {

struct FieldName {
  std::string_view name;
  std::string_view FirstFields::*value;
};
constexpr FieldName kFieldNames[] = {
    {"Cc", &FirstFields::cc},
    {"Date", &FirstFields::date},
    {"From", &FirstFields::from},
    {"In-Reply-To", &FirstFields::in_reply_to},
    {"Message-ID", &FirstFields::message_id},
    {"References", &FirstFields::references},
    {"Subject", &FirstFields::subject},
    {"To", &FirstFields::to},
};

}  // namespace

FirstFields::FirstFields(std::string_view block) {
  for (mail::HeaderWalker walker(block); const auto field = walker.next();) {
    for (const FieldName& known : kFieldNames) {
      if (field->name.size() != known.name.size()) continue;
      if (!equals_ignoring_case(field->name, known.name)) continue;
      std::string_view& value = this->*known.value;
      if (value.empty()) value = trim(field->value);
    }
  }
}

std::int64_t FirstFields::sent(std::int64_t internal_date) const {
  const auto sent = mail::parse_broken_date(date);
  return sent ? sent->unix_seconds : internal_date;
}

}  // namespace waxwing::imap
