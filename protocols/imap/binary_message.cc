#include "protocols/imap/binary_message.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "protocols/mail/header.h"
#include "protocols/mail/transfer.h"

namespace waxwing::imap {
namespace {

// As many octets make a line of 76 characters, and as many lines a piece.
constexpr std::uint64_t kLine = 57;
constexpr std::uint64_t kEncodedPiece = 1000 * kLine;

class Encoder {
 public:
  Encoder(Staged& message, Staged& target)
      : message_(message), target_(target), root_(message.finish().root) {}

  Outcome run() {
    find_bodies(root_);
    for (const mail::Part* part : bodies_) {
      const auto has_nul = holds_nul(part->body_offset, body_end(*part));
      if (!has_nul) return fail(has_nul.error());
      if (!*has_nul) continue;
      if (auto done = copy_to(part->header_offset); !done) return done;
      if (auto done = write_header(*part); !done) return done;
      if (auto done = write_body(*part); !done) return done;
    }
    return copy_to(message_.size());
  }

 private:
  // Those that can be encoded, in the order in which they lie there.
  void find_bodies(const mail::Part& part) {
    if (!part.parts.empty()) {
      for (const auto& inner : part.parts) find_bodies(inner);
    } else if (!part.is_multipart() && !part.is_message() && !mail::is_encoded(part.encoding)) {
      bodies_.push_back(&part);
    }
  }

  std::uint64_t body_end(const mail::Part& part) const {
    return std::min(part.body_offset + part.body_size, message_.size());
  }

  Result<bool> holds_nul(std::uint64_t start, std::uint64_t end) const {
    for (; start < end; start += kEncodedPiece) {
      const auto piece = message_.read(start, std::min(kEncodedPiece, end - start));
      if (!piece) return fail(piece.error());
      if (piece->find('\0') != std::string::npos) return true;
    }
    return false;
  }

  Outcome copy_to(std::uint64_t end) {
    while (copied_ < end) {
      const auto piece = message_.read(copied_, std::min(kEncodedPiece, end - copied_));
      if (!piece) return fail(piece.error());
      if (auto done = append_text(*piece); !done) return done;
      copied_ += piece->size();
    }
    return {};
  }

  Outcome write_header(const mail::Part& part) {
    const std::uint64_t size = part.body_offset - part.header_offset;
    if (size > mail::kMaxHeader) return fail(Error::Code::Invalid, "header is too long to change");
    const auto header = message_.read(part.header_offset, size);
    if (!header) return fail(header.error());
    std::string changed =
        mail::filter_header(*header, mail::Keep::Except, {"Content-Transfer-Encoding"});
    if (!changed.ends_with("\r\n")) return fail(Error::Code::Invalid, "header without an end");
    changed.resize(changed.size() - 2);
    if (&part == &root_ && !mail::find_field(*header, "MIME-Version")) {
      changed += "MIME-Version: 1.0\r\n";
    }
    return append_text(changed + "Content-Transfer-Encoding: base64\r\n\r\n");
  }

  Outcome write_body(const mail::Part& part) {
    const std::uint64_t end = body_end(part);
    std::string lines;
    for (std::uint64_t at = part.body_offset; at < end; at += kEncodedPiece) {
      const auto piece = message_.read(at, std::min(kEncodedPiece, end - at));
      if (!piece) return fail(piece.error());
      lines.clear();
      for (std::size_t line = 0; line < piece->size(); line += kLine) {
        // The end of a line belongs to the boundary when it is the last.
        if (at + line > part.body_offset) lines += "\r\n";
        lines += base64(std::string_view(*piece).substr(line, kLine));
      }
      if (auto done = append_text(lines); !done) return done;
    }
    copied_ = end;
    return &part == &root_ ? append_text("\r\n") : Outcome();
  }

  Outcome append_text(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
      return fail(Error::Code::Invalid, "NUL outside of a body part");
    }
    return target_.append(text);
  }

  Staged& message_;
  Staged& target_;
  const mail::Part& root_;
  std::vector<const mail::Part*> bodies_;
  std::uint64_t copied_ = 0;
};

}  // namespace

Outcome encode_binary(Staged& message, Staged& target) {
  return Encoder(message, target).run();
}

}  // namespace waxwing::imap
