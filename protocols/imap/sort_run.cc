#include "protocols/imap/sort_run.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "protocols/mail/charset.h"

namespace waxwing::imap {
namespace {

// The beginning of an annotation is compared.
constexpr std::size_t kMaxAnnotation = 4096;
// Of messages whose annotations are read at once.
constexpr std::size_t kAnnotated = 256;

// Nothing where the row has it.
std::optional<HeaderColumn> column_of(SortKey::Kind kind) {
  using Kind = SortKey::Kind;
  switch (kind) {
    case Kind::Cc: return HeaderColumn::Cc;
    case Kind::Date: return HeaderColumn::Sent;
    case Kind::DisplayFrom: return HeaderColumn::DisplayFrom;
    case Kind::DisplayTo: return HeaderColumn::DisplayTo;
    case Kind::From: return HeaderColumn::From;
    case Kind::Subject: return HeaderColumn::Subject;
    case Kind::To: return HeaderColumn::To;
    case Kind::Annotation:
    case Kind::Arrival:
    case Kind::Relevancy:
    case Kind::Size: return std::nullopt;
  }
  return std::nullopt;
}

std::vector<HeaderColumn> columns_of(const SortKeys& keys) {
  std::vector<HeaderColumn> columns;
  for (const SortKey& key : keys) {
    const auto column = column_of(key.kind);
    if (column && std::ranges::find(columns, *column) == columns.end()) columns.push_back(*column);
  }
  return columns;
}

// Eight octets from there on, as a number that compares as they do.
std::uint64_t octets_at(std::string_view text, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = at; i < at + 8; ++i) {
    number = number << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  }
  return number;
}

// As a number without a sign that compares as it does.
std::uint64_t without_sign(std::int64_t number) {
  return static_cast<std::uint64_t>(number) ^ std::uint64_t{1} << 63;
}

}  // namespace

SortRun::SortRun(const SortKeys& keys, View::Version view, std::vector<std::size_t> found,
                 std::vector<int> scores, Collation collation)
    : collation_(collation),
      headers_(std::move(view), std::move(found), columns_of(keys), collation),
      scores_(std::move(scores)) {
  const std::size_t count = headers_.indexes().size();
  std::size_t in_header = 0;
  for (const SortKey& key : keys) {
    // Where a key has not decided, the same key will not.
    const auto is_same = [&](const Column& column) {
      return column.key.kind == key.kind && column.key.entry == key.entry &&
             column.key.whose == key.whose;
    };
    if (std::ranges::any_of(columns_, is_same)) continue;
    Column& column = columns_.emplace_back();
    column.key = key;
    if (column_of(key.kind)) column.value = in_header++;
    const bool is_annotation = key.kind == SortKey::Kind::Annotation;
    wants_annotations_ = wants_annotations_ || is_annotation;
    column.is_text = is_annotation || (column.value && key.kind != SortKey::Kind::Date);
    if (column.is_text) column.ends.reserve(count);
    if (!column.is_text) column.numbers.resize(count);
  }
  wants_headers_ = in_header > 0;
  for (std::size_t position = 0; position < count; ++position) fill_from_row(position);
}

Result<bool> SortRun::step(SearchSource& source, const std::function<bool()>& is_time_up) {
  if (wants_headers_) {
    const auto is_over =
        headers_.step(source, is_time_up,
                      [&](std::size_t position, const auto& values) { fill(position, values.of); });
    if (!is_over || !*is_over) return is_over;
  }
  if (wants_annotations_) {
    const auto is_over = fill_from_annotations(source, is_time_up);
    if (!is_over || !*is_over) return is_over;
  }
  if (!order_) order_.emplace(items(), Less{this});
  while (!order_->step()) {
    if (is_time_up()) return false;
  }
  for (const Item& item : order_->items()) {
    sorted_.push_back(headers_.indexes()[item.position]);
    if (!scores_.empty()) sorted_scores_.push_back(scores_[item.position]);
  }
  return true;
}

void SortRun::fill_from_row(std::size_t position) {
  const MessageRow& row = headers_.row(position);
  for (Column& column : columns_) {
    if (column.key.kind == SortKey::Kind::Arrival) column.numbers[position] = row.internal_date;
    if (column.key.kind == SortKey::Kind::Size) column.numbers[position] = row.size;
    if (column.key.kind == SortKey::Kind::Relevancy && !scores_.empty()) {
      column.numbers[position] = -scores_[position];
    }
  }
}

void SortRun::fill(std::size_t position, std::span<const std::string_view> values) {
  for (Column& column : columns_) {
    if (!column.value) continue;
    const std::string_view value = values[*column.value];
    if (column.is_text) {
      column.add(position, value);
    } else {
      const auto date = number_of_value(value);
      column.numbers[position] = date ? *date : headers_.row(position).internal_date;
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
  for (Column& column : columns_) {
    if (column.key.kind == SortKey::Kind::Annotation) column.fill_up_to(annotated_);
  }
  return true;
}

void SortRun::fill_from_annotations(std::size_t position,
                                    std::span<const MessageAnnotation> annotations) {
  for (const auto& [entry, whose, value] : annotations) {
    for (Column& column : columns_) {
      if (column.key.entry != entry || column.key.whose != whose) continue;
      const std::string text = mail::guess_utf8(std::string_view(value).substr(0, kMaxAnnotation));
      column.add(position, std::string_view(order_key(collation_, text)).substr(0, kMaxOrderKey));
    }
  }
}

void SortRun::Column::add(std::size_t position, std::string_view text) {
  fill_up_to(position);
  texts += text;
  ends.push_back(texts.size());
}

void SortRun::Column::fill_up_to(std::size_t position) {
  ends.resize(std::max(position, ends.size()), texts.size());
}

std::string_view SortRun::Column::text(std::size_t position) const {
  const std::size_t begin = position == 0 ? 0 : ends[position - 1];
  return std::string_view(texts).substr(begin, ends[position] - begin);
}

// What all texts begin with tells nothing.
std::size_t SortRun::Column::common() const {
  if (ends.empty()) return 0;
  std::string_view prefix = text(0);
  for (std::size_t position = 1; position < ends.size() && !prefix.empty(); ++position) {
    const std::string_view other = text(position);
    const auto differ = std::ranges::mismatch(prefix, other);
    prefix = prefix.substr(0, static_cast<std::size_t>(differ.in1 - prefix.begin()));
  }
  return prefix.size();
}

std::vector<SortRun::Item> SortRun::items() const {
  std::vector<Item> items(headers_.indexes().size());
  const Column& first = columns_.front();
  const std::size_t common = first.common();
  const bool is_ascending = first.key.order == SortKey::Order::Ascending;
  for (std::size_t position = 0; position < items.size(); ++position) {
    const std::uint64_t lead = first.is_text ? octets_at(first.text(position), common)
                                             : without_sign(first.numbers[position]);
    items[position] = {is_ascending ? lead : ~lead, static_cast<std::uint32_t>(position)};
  }
  return items;
}

bool SortRun::is_less(const Item& a, const Item& b) const {
  if (a.lead != b.lead) return a.lead < b.lead;
  for (const Column& column : columns_) {
    const bool is_ascending = column.key.order == SortKey::Order::Ascending;
    if (column.is_text) {
      const int difference = column.text(a.position).compare(column.text(b.position));
      if (difference != 0) return (difference < 0) == is_ascending;
    } else if (column.numbers[a.position] != column.numbers[b.position]) {
      return (column.numbers[a.position] < column.numbers[b.position]) == is_ascending;
    }
  }
  return a.position < b.position;
}

}  // namespace waxwing::imap
