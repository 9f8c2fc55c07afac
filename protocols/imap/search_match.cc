#include "protocols/imap/search_match.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocols/mail/date.h"
#include "protocols/mail/header.h"

namespace waxwing::imap {
namespace {

bool is_in(const Needle& needle, std::string_view text) {
  return needle.near ? needle.near->is_near(text) : holds(text, needle.text);
}

bool is_in(const Needle& needle, SearchedHeader& header) {
  return needle.near ? header.is_near(*needle.near) : header.contains(needle.text);
}

}  // namespace

// find() may need as much for every octet of the needle.
bool holds(std::string_view text, std::string_view needle) {
  return ::memmem(text.data(), text.size(), needle.data(), needle.size()) != nullptr;
}

SearchedHeader::SearchedHeader(std::string_view block, Collation collation)
    : collation_(collation), block_(block) {
  mail::HeaderWalker walker(block);
  while (auto field = walker.next()) {
    if (!field->name.empty()) fields_.push_back({to_lower(field->name), field->value, {}});
  }
}

const std::string& SearchedHeader::folded(Field& field) {
  if (!field.folded) {
    field.folded = fold(collation_, mail::searched_value(field.raw));
  }
  return *field.folded;
}

bool SearchedHeader::contains(std::string_view name, std::string_view needle) {
  return std::any_of(fields_.begin(), fields_.end(), [&](Field& field) {
    return field.name == name && (needle.empty() || holds(folded(field), needle));
  });
}

bool SearchedHeader::is_near(std::string_view name, const FuzzyWord& word) {
  return std::any_of(fields_.begin(), fields_.end(), [&](Field& field) {
    return field.name == name && word.is_near(folded(field));
  });
}

bool SearchedHeader::contains(std::string_view needle) {
  return holds(joined(), needle);
}

bool SearchedHeader::is_near(const FuzzyWord& word) {
  return word.is_near(joined());
}

const std::string& SearchedHeader::joined() {
  if (!joined_) {
    joined_.emplace();
    // Nobody searches for a NUL, so nothing is found across two fields.
    for (Field& field : fields_) *joined_ += field.name + ": " + folded(field) + '\0';
  }
  return *joined_;
}

std::optional<std::int64_t> SearchedHeader::sent_day() const {
  for (const Field& field : fields_) {
    if (field.name != "date") continue;
    auto date = mail::parse_date(mail::unfold(field.raw));
    if (!date) return {};
    return date->local_day();
  }
  return {};
}

BodySearch::BodySearch(mail::Message message, ReadRange read, const std::vector<Needle>& needles,
                       Collation collation)
    : needles_(needles),
      found_(needles.size()),
      missing_(needles.size()),
      text_(std::move(message), std::move(read),
            std::ranges::any_of(needles, &Needle::in_part_headers) ? PartHeaders::With
                                                                   : PartHeaders::Without),
      collation_(collation) {
  for (const Needle& needle : needles) overlap_ = std::max(overlap_, needle.text.size());
}

Result<bool> BodySearch::step() {
  const auto piece = text_.next();
  if (!piece) return fail(piece.error());
  if (!*piece) return true;
  if ((*piece)->kind == Piece::Kind::Text) {
    if ((*piece)->is_first) tail_.clear();
    look_at(fold(collation_, (*piece)->text));
  } else {
    search_header(**piece);
  }
  return missing_ == 0 || text_.is_over();
}

void BodySearch::search_header(const Piece& piece) {
  SearchedHeader header(piece.text, collation_);
  for (std::size_t i = 0; i < needles_.size(); ++i) {
    if (piece.kind == Piece::Kind::PartHeader && !needles_[i].in_part_headers) continue;
    if (!found_[i] && is_in(needles_[i], header)) mark(i);
  }
}

// `folded` follows what was looked at before in the same part.
void BodySearch::look_at(std::string folded) {
  std::string text = std::exchange(tail_, {});
  // A run of blanks is one blank, also across pieces.
  if (text.ends_with(' ') && folded.starts_with(' ')) text.pop_back();
  text += folded;
  for (std::size_t i = 0; i < needles_.size(); ++i) {
    if (!found_[i] && is_in(needles_[i], text)) mark(i);
  }
  tail_ = text.size() > overlap_ ? text.substr(text.size() - overlap_) : std::move(text);
}

void BodySearch::mark(std::size_t needle) {
  found_[needle] = true;
  --missing_;
}

}  // namespace waxwing::imap
