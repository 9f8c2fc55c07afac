#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/collation.h"
#include "protocols/imap/fuzzy.h"
#include "protocols/imap/section.h"
#include "protocols/mail/message.h"
#include "protocols/mail/search_text.h"

namespace waxwing::imap {

// What is searched for is folded (collation.h) once; what is searched in, as it is read.

// In time that grows with the text alone.
bool holds(std::string_view text, std::string_view needle);

// The header of a message, decoded and folded when a search key asks for it. Holds a view of the
// block.
class SearchedHeader {
 public:
  explicit SearchedHeader(std::string_view block, Collation collation = Collation::UnicodeCasemap);

  std::string_view block() const { return block_; }

  // A field of this name (in lower case) contains the needle; with an empty needle: is there.
  bool contains(std::string_view name, std::string_view needle);
  // "name: value" of any field contains it.
  bool contains(std::string_view needle);
  // The same for one of its words.
  bool is_near(std::string_view name, const FuzzyWord& word);
  bool is_near(const FuzzyWord& word);
  // The day of the Date: field on its sender's calendar, since 1970-01-01.
  std::optional<std::int64_t> sent_day() const;

 private:
  struct Field {
    std::string name;  // lower case
    std::string_view raw;
    std::optional<std::string> folded;  // the value
  };
  const std::string& folded(Field& field);
  const std::string& joined();

  Collation collation_;
  std::string_view block_;
  std::vector<Field> fields_;
  std::optional<std::string> joined_;  // all of them, "name: value"
};

// A text that is looked for in what is no header of the message itself.
struct Needle {
  std::string text;  // folded
  // Also in the header fields of MIME parts: what TEXT has before BODY.  RFC 9051 section 6.4.4
  bool in_part_headers = false;
  // Then a word that is near is enough.
  std::optional<FuzzyWord> near;
  bool operator==(const Needle&) const = default;
};

// Looks for all needles in the text parts of a message, and in the headers of messages enclosed in
// it, reading each part once; stops early when all are found. Attachments that are no text are not
// read. Piece by piece, so that a long message can wait for its turn. Held by one thread at a time.
class BodySearch {
 public:
  // The needles must outlive it.
  BodySearch(mail::Message message, ReadRange read, const std::vector<Needle>& needles,
             Collation collation = Collation::UnicodeCasemap);

  // Looks at one piece more: a header, or some ten thousand octets. True: that was all.
  Result<bool> step();
  // By the needle's position.
  const std::vector<bool>& found() const { return found_; }

 private:
  using PartHeaders = mail::SearchText::PartHeaders;
  using Piece = mail::SearchText::Piece;

  void search_header(const Piece& piece);
  void look_at(std::string folded);
  void mark(std::size_t needle);

  const std::vector<Needle>& needles_;
  std::vector<bool> found_;
  std::size_t missing_;
  std::size_t overlap_ = 0;
  mail::SearchText text_;
  std::string tail_;  // of the part, looked at; a needle may begin in it
  Collation collation_;
};

}  // namespace waxwing::imap
