#include "protocols/imap/search_match.h"

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
constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kMaxWidePiece = 16 * 1024 * 1024;
// A header of an enclosed message is searched up to here.
constexpr std::uint64_t kMaxEnclosedHeader = 256 * 1024;

bool is_wide(std::string_view charset) {
  return starts_with_ignoring_case(charset, "utf-16") ||
         starts_with_ignoring_case(charset, "utf-32") || starts_with_ignoring_case(charset, "ucs");
}

class BodySearch {
 public:
  BodySearch(const ReadRange& read, const std::vector<std::string>& needles)
      : read_(read), needles_(needles), found_(needles.size()), missing_(needles.size()) {
    for (const auto& needle : needles) overlap_ = std::max(overlap_, needle.size());
  }

  Outcome search(const mail::Part& part) {
    if (is_done()) return {};
    for (const auto& child : part.parts) {
      if (part.is_message()) {
        auto header = search_enclosed_header(child);
        if (!header) return header;
      }
      auto outcome = search(child);
      if (!outcome || is_done()) return outcome;
    }
    return part.type == "text" ? search_text(part) : Outcome{};
  }

  std::vector<bool> found() && { return std::move(found_); }

 private:
  bool is_done() const { return missing_ == 0; }

  Outcome search_enclosed_header(const mail::Part& root) {
    std::uint64_t size = std::min(root.body_offset - std::min(root.header_offset, root.body_offset),
                                  kMaxEnclosedHeader);
    if (size == 0) return {};
    auto block = read_({root.header_offset, size});
    if (!block) return fail(block.error());
    SearchedHeader header(*block);
    for (std::size_t i = 0; i < needles_.size(); ++i) {
      if (!found_[i] && header.contains(needles_[i])) mark(i);
    }
    return {};
  }

  Outcome search_text(const mail::Part& part) {
    const std::string* charset = mail::find_parameter(part.parameters, "charset");
    std::string_view name = charset ? std::string_view(*charset) : std::string_view();
    std::size_t most = is_wide(name) ? kMaxWidePiece : kPiece;
    Decoded decoded({{part.body_offset, part.body_size}, part.encoding}, read_);
    std::string bytes;
    tail_.clear();
    while (!is_done()) {
      auto slice = decoded.next();
      if (!slice) return fail(slice.error());
      bool is_last = !*slice;
      if (!is_last) bytes += **slice;
      if (!is_last && bytes.size() < most) continue;
      std::size_t cut = is_last || is_wide(name) ? bytes.npos : bytes.rfind('\n');
      std::string piece = bytes.substr(0, cut == bytes.npos ? cut : cut + 1);
      bytes.erase(0, piece.size());
      look_at(mail::fold_for_search(mail::guess_utf8(piece, name)));
      if (is_last) break;
    }
    return {};
  }

  // `folded` follows what was looked at before in the same part.
  void look_at(std::string folded) {
    std::string text = std::exchange(tail_, {}) + folded;
    for (std::size_t i = 0; i < needles_.size(); ++i) {
      if (!found_[i] && text.find(needles_[i]) != text.npos) mark(i);
    }
    tail_ = text.size() > overlap_ ? text.substr(text.size() - overlap_) : std::move(text);
  }

  void mark(std::size_t needle) {
    found_[needle] = true;
    --missing_;
  }

  const ReadRange& read_;
  const std::vector<std::string>& needles_;
  std::vector<bool> found_;
  std::size_t missing_;
  std::size_t overlap_ = 0;
  std::string tail_;
};

}  // namespace

SearchedHeader::SearchedHeader(std::string_view block) {
  mail::HeaderWalker walker(block);
  while (auto field = walker.next()) {
    if (!field->name.empty()) fields_.push_back({to_lower(field->name), field->value, {}});
  }
}

const std::string& SearchedHeader::folded(Field& field) {
  if (!field.folded) {
    field.folded = mail::fold_for_search(mail::decode_words(mail::unfold(field.raw)));
  }
  return *field.folded;
}

bool SearchedHeader::contains(std::string_view name, std::string_view needle) {
  return std::any_of(fields_.begin(), fields_.end(), [&](Field& field) {
    return field.name == name &&
           (needle.empty() || folded(field).find(needle) != std::string::npos);
  });
}

bool SearchedHeader::contains(std::string_view needle) {
  return std::any_of(fields_.begin(), fields_.end(), [&](Field& field) {
    return (field.name + ": " + folded(field)).find(needle) != std::string::npos;
  });
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

Result<std::vector<bool>> find_in_body(const mail::Message& message, const ReadRange& read,
                                       const std::vector<std::string>& needles) {
  BodySearch search(read, needles);
  auto outcome = search.search(message.root);
  if (!outcome) return fail(outcome.error());
  return std::move(search).found();
}

}  // namespace waxwing::imap
