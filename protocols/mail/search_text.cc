#include "protocols/mail/search_text.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/content.h"
#include "protocols/mail/encoded_word.h"
#include "protocols/mail/header.h"

namespace waxwing::mail {
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

// As far as the last line end; in a line without end, as HTML has them, as far as the last blank.
std::size_t piece_size(std::string_view bytes) {
  std::size_t last = bytes.rfind('\n');
  if (last == bytes.npos) last = bytes.rfind(' ');
  return last == bytes.npos ? bytes.size() : last + 1;
}

}  // namespace

std::string searched_value(std::string_view raw) {
  return decode_words(unfold(raw));
}

SearchText::SearchText(Message message, ReadRange read, PartHeaders part_headers)
    : message_(std::move(message)), read_(std::move(read)) {
  plan(message_.root, part_headers);
}

void SearchText::plan(const Part& part, PartHeaders part_headers) {
  for (const Part& child : part.parts) {
    if (part.is_message()) {
      jobs_.push_back({Piece::Kind::EnclosedHeader, &child});
    } else if (part_headers == PartHeaders::With) {
      jobs_.push_back({Piece::Kind::PartHeader, &child});
    }
    plan(child, part_headers);
  }
  if (part.type == "text") jobs_.push_back({Piece::Kind::Text, &part});
}

Result<std::optional<SearchText::Piece>> SearchText::next() {
  while (!is_over()) {
    if (text_) return text();
    const Job& job = jobs_[next_job_++];
    if (job.kind == Piece::Kind::Text) {
      begin_text(*job.part);
      continue;
    }
    auto block = header(job);
    if (!block || *block) return block;
  }
  return std::optional<Piece>();
}

Result<std::optional<SearchText::Piece>> SearchText::header(const Job& job) {
  const Part& part = *job.part;
  const std::uint64_t size =
      std::min(part.body_offset - std::min(part.header_offset, part.body_offset), kMaxInnerHeader);
  if (size == 0) return std::optional<Piece>();
  auto block = read_({part.header_offset, size});
  if (!block) return fail(block.error());
  return std::optional(Piece{job.kind, std::move(*block)});
}

void SearchText::begin_text(const Part& part) {
  const std::string* charset = find_parameter(part.parameters, "charset");
  text_.emplace(Text{Decoded({part.body_offset, part.body_size}, part.encoding, read_),
                     charset ? *charset : std::string(),
                     {},
                     {}});
  if (part.subtype == "html") text_->html.emplace(HtmlText::Extras::With);
}

Result<std::optional<SearchText::Piece>> SearchText::text() {
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
  const std::size_t size = is_last || is_wide_text ? text.bytes.size() : piece_size(text.bytes);
  Piece result{Piece::Kind::Text,
               guess_utf8(std::string_view(text.bytes).substr(0, size), text.charset),
               std::exchange(text.is_first, false)};
  text.bytes.erase(0, size);
  if (text.html) {
    const std::string source = std::exchange(result.text, {});
    text.html->feed(source, result.text);
    if (is_last) text.html->finish(result.text);
  }
  if (is_last) text_.reset();
  return std::optional(std::move(result));
}

}  // namespace waxwing::mail
