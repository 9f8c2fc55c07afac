#include "protocols/imap/search_match.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/content.h"
#include "protocols/mail/date.h"
#include "protocols/mail/encoded_word.h"
#include "protocols/mail/header.h"

namespace waxwing::imap {
namespace {

// Text is converted in pieces of about this size, cut at line ends: no charset of mail goes on with
// a shift state or half a character behind one, but for UTF-16 and UTF-32.
constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kMaxWidePiece = 2 * 1024 * 1024;
// A header inside of the message is searched up to here.
constexpr std::uint64_t kMaxInnerHeader = 256 * 1024;

bool is_wide(std::string_view charset) {
  return starts_with_ignoring_case(charset, "utf-16") ||
         starts_with_ignoring_case(charset, "utf-32") || starts_with_ignoring_case(charset, "ucs");
}

// In time that grows with the text alone: find() may need as much for every octet of the needle.
bool holds(std::string_view text, std::string_view needle) {
  return ::memmem(text.data(), text.size(), needle.data(), needle.size()) != nullptr;
}

bool is_in(const Needle& needle, std::string_view text) {
  return needle.near ? needle.near->is_near(text) : holds(text, needle.text);
}

bool is_in(const Needle& needle, SearchedHeader& header) {
  return needle.near ? header.is_near(*needle.near) : header.contains(needle.text);
}

}  // namespace

SearchedHeader::SearchedHeader(std::string_view block, Collation collation)
    : collation_(collation), block_(block) {
  mail::HeaderWalker walker(block);
  while (auto field = walker.next()) {
    if (!field->name.empty()) fields_.push_back({to_lower(field->name), field->value, {}});
  }
}

const std::string& SearchedHeader::folded(Field& field) {
  if (!field.folded) {
    field.folded = fold(collation_, mail::decode_words(mail::unfold(field.raw)));
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
    : message_(std::move(message)),
      read_(std::move(read)),
      needles_(needles),
      found_(needles.size()),
      missing_(needles.size()),
      collation_(collation) {
  for (const Needle& needle : needles) {
    overlap_ = std::max(overlap_, needle.text.size());
    wants_part_headers_ = wants_part_headers_ || needle.in_part_headers;
  }
  plan(message_.root);
}

void BodySearch::plan(const mail::Part& part) {
  for (const mail::Part& child : part.parts) {
    if (part.is_message()) {
      jobs_.push_back({Job::Kind::EnclosedHeader, &child});
    } else if (wants_part_headers_) {
      jobs_.push_back({Job::Kind::PartHeader, &child});
    }
    plan(child);
  }
  if (part.type == "text") jobs_.push_back({Job::Kind::Text, &part});
}

Result<bool> BodySearch::step() {
  if (text_) {
    const auto is_over = search_text();
    if (!is_over) return fail(is_over.error());
    if (*is_over) text_.reset();
  } else if (next_job_ < jobs_.size()) {
    const Job& job = jobs_[next_job_++];
    if (job.kind == Job::Kind::Text) {
      begin_text(*job.part);
    } else if (const auto searched = search_header(job); !searched) {
      return fail(searched.error());
    }
  }
  return missing_ == 0 || (!text_ && next_job_ == jobs_.size());
}

Outcome BodySearch::search_header(const Job& job) {
  const mail::Part& part = *job.part;
  const std::uint64_t size =
      std::min(part.body_offset - std::min(part.header_offset, part.body_offset), kMaxInnerHeader);
  if (size == 0) return {};
  const auto block = read_({part.header_offset, size});
  if (!block) return fail(block.error());
  SearchedHeader header(*block, collation_);
  for (std::size_t i = 0; i < needles_.size(); ++i) {
    if (job.kind == Job::Kind::PartHeader && !needles_[i].in_part_headers) continue;
    if (!found_[i] && is_in(needles_[i], header)) mark(i);
  }
  return {};
}

void BodySearch::begin_text(const mail::Part& part) {
  const std::string* charset = mail::find_parameter(part.parameters, "charset");
  text_.emplace(Text{Decoded({{part.body_offset, part.body_size}, part.encoding}, read_),
                     charset ? *charset : std::string(),
                     {},
                     {}});
}

// True at the end of the part.
Result<bool> BodySearch::search_text() {
  Text& text = *text_;
  const bool is_wide_text = is_wide(text.charset);
  const std::size_t most = is_wide_text ? kMaxWidePiece : kPiece;
  bool is_last = false;
  while (!is_last && text.bytes.size() < most) {
    auto slice = text.decoded.next();
    if (!slice) return fail(slice.error());
    is_last = !*slice;
    if (!is_last) text.bytes += **slice;
  }
  const std::size_t cut = is_last || is_wide_text ? text.bytes.npos : text.bytes.rfind('\n');
  const std::string piece = text.bytes.substr(0, cut == text.bytes.npos ? cut : cut + 1);
  text.bytes.erase(0, piece.size());
  look_at(fold(collation_, mail::guess_utf8(piece, text.charset)));
  return is_last;
}

// `folded` follows what was looked at before in the same part.
void BodySearch::look_at(std::string folded) {
  std::string text = std::exchange(text_->tail, {});
  // A run of blanks is one blank, also across pieces.
  if (text.ends_with(' ') && folded.starts_with(' ')) text.pop_back();
  text += folded;
  for (std::size_t i = 0; i < needles_.size(); ++i) {
    if (!found_[i] && is_in(needles_[i], text)) mark(i);
  }
  text_->tail = text.size() > overlap_ ? text.substr(text.size() - overlap_) : std::move(text);
}

void BodySearch::mark(std::size_t needle) {
  found_[needle] = true;
  --missing_;
}

}  // namespace waxwing::imap
