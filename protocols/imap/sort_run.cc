#include "protocols/imap/sort_run.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "protocols/imap/base_subject.h"
#include "protocols/imap/first_fields.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/encoded_word.h"

namespace waxwing::imap {
namespace {

using Kind = SortKey::Kind;

// The first address stands in the beginning of its field.
constexpr std::size_t kMaxAddressField = 4096;
// No more of a text is kept for comparing, or a mailbox made for it would take all memory.
constexpr std::size_t kMaxKey = 500;
constexpr std::size_t kMaxAnnotation = 4096;
// Of messages whose annotations are read at once.
constexpr std::size_t kAnnotated = 256;

bool is_text(Kind kind) {
  switch (kind) {
    case Kind::Arrival:
    case Kind::Date:
    case Kind::Relevancy:
    case Kind::Size: return false;
    case Kind::Annotation:
    case Kind::Cc:
    case Kind::DisplayFrom:
    case Kind::DisplayTo:
    case Kind::From:
    case Kind::Subject:
    case Kind::To: return true;
  }
  return false;
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

std::string text_of(Kind kind, const FirstFields& fields) {
  switch (kind) {
    case Kind::Cc: return mailbox_of(fields.cc);
    case Kind::From: return mailbox_of(fields.from);
    case Kind::To: return mailbox_of(fields.to);
    case Kind::DisplayFrom: return display_of(fields.from);
    case Kind::DisplayTo: return display_of(fields.to);
    case Kind::Subject: return base_subject(fields.subject).text;
    case Kind::Annotation:
    case Kind::Arrival:
    case Kind::Date:
    case Kind::Relevancy:
    case Kind::Size: return {};
  }
  return {};
}

}  // namespace

SortRun::SortRun(const SortKeys& keys, View::Version view, std::vector<std::size_t> found,
                 std::vector<int> scores, Collation collation)
    : collation_(collation),
      headers_(std::move(view), std::move(found)),
      scores_(std::move(scores)) {
  const std::size_t count = headers_.indexes().size();
  for (const SortKey& key : keys) {
    // Where a key has not decided, the same key will not.
    const auto is_same = [&](const Column& column) {
      return column.key.kind == key.kind && column.key.entry == key.entry &&
             column.key.whose == key.whose;
    };
    if (std::ranges::any_of(columns_, is_same)) continue;
    Column& column = columns_.emplace_back();
    column.key = key;
    column.is_text = is_text(key.kind);
    const bool is_annotation = key.kind == Kind::Annotation;
    wants_annotations_ = wants_annotations_ || is_annotation;
    wants_headers_ = wants_headers_ || (column.is_text && !is_annotation) || key.kind == Kind::Date;
    if (column.is_text) column.texts.resize(count);
    if (!column.is_text) column.numbers.resize(count);
  }
  for (std::size_t position = 0; position < count; ++position) fill_from_row(position);
}

Result<bool> SortRun::step(SearchSource& source, const std::function<bool()>& is_time_up) {
  if (wants_headers_) {
    const auto is_over = headers_.step(source, is_time_up, [&](std::size_t position, auto block) {
      fill_from_header(position, block);
    });
    if (!is_over || !*is_over) return is_over;
  }
  if (wants_annotations_) {
    const auto is_over = fill_from_annotations(source, is_time_up);
    if (!is_over || !*is_over) return is_over;
  }
  if (!order_) {
    std::vector<std::uint32_t> positions(headers_.indexes().size());
    std::iota(positions.begin(), positions.end(), 0);
    order_.emplace(std::move(positions), Less{this});
  }
  while (!order_->step()) {
    if (is_time_up()) return false;
  }
  for (const std::uint32_t position : order_->items()) {
    sorted_.push_back(headers_.indexes()[position]);
    if (!scores_.empty()) sorted_scores_.push_back(scores_[position]);
  }
  return true;
}

void SortRun::fill_from_row(std::size_t position) {
  const MessageRow& row = headers_.row(position);
  for (Column& column : columns_) {
    if (column.key.kind == Kind::Arrival) column.numbers[position] = row.internal_date;
    if (column.key.kind == Kind::Size) column.numbers[position] = row.size;
    if (column.key.kind == Kind::Relevancy && !scores_.empty()) {
      column.numbers[position] = -scores_[position];
    }
  }
}

void SortRun::fill_from_header(std::size_t position, std::string_view block) {
  const FirstFields fields(block);
  for (Column& column : columns_) {
    if (column.key.kind == Kind::Annotation) continue;
    if (column.is_text) {
      const std::string key = order_key(collation_, text_of(column.key.kind, fields));
      column.texts[position] = key.substr(0, kMaxKey);
    } else if (column.key.kind == Kind::Date) {
      column.numbers[position] = fields.sent(headers_.row(position).internal_date);
    }
  }
}

// RFC 5257 section 4.9. Messages without the annotation come first, as those without a subject do.
Result<bool> SortRun::fill_from_annotations(SearchSource& source,
                                            const std::function<bool()>& is_time_up) {
  AnnotationQuery query;
  query.wants = [&](std::string_view entry) {
    return std::ranges::any_of(columns_, [&](const Column& c) { return c.key.entry == entry; });
  };
  while (annotated_ < headers_.indexes().size()) {
    if (annotated_ > 0 && is_time_up()) return false;
    const std::size_t count = std::min(kAnnotated, headers_.indexes().size() - annotated_);
    std::vector<Uid> uids;
    for (std::size_t n = 0; n < count; ++n) uids.push_back(headers_.row(annotated_ + n).uid);
    const auto read = source.annotations(
        uids, query, [&](Uid uid, std::span<const MessageAnnotation> annotations) {
          const auto place = std::ranges::lower_bound(uids, uid) - uids.begin();
          fill_from_annotations(annotated_ + static_cast<std::size_t>(place), annotations);
          return true;
        });
    if (!read) return fail(read.error());
    annotated_ += count;
  }
  return true;
}

void SortRun::fill_from_annotations(std::size_t position,
                                    std::span<const MessageAnnotation> annotations) {
  for (const auto& [entry, whose, value] : annotations) {
    for (Column& column : columns_) {
      if (column.key.entry != entry || column.key.whose != whose) continue;
      const std::string text = mail::guess_utf8(std::string_view(value).substr(0, kMaxAnnotation));
      column.texts[position] = order_key(collation_, text).substr(0, kMaxKey);
    }
  }
}

bool SortRun::is_less(std::uint32_t a, std::uint32_t b) const {
  for (const Column& column : columns_) {
    const bool is_ascending = column.key.order == SortKey::Order::Ascending;
    if (column.is_text) {
      const int difference = column.texts[a].compare(column.texts[b]);
      if (difference != 0) return (difference < 0) == is_ascending;
    } else if (column.numbers[a] != column.numbers[b]) {
      return (column.numbers[a] < column.numbers[b]) == is_ascending;
    }
  }
  return a < b;
}

}  // namespace waxwing::imap
