#include "protocols/imap/base_subject.h"

#include "base/text.h"
#include "protocols/mail/charset.h"
#include "protocols/mail/encoded_word.h"

// The words of RFC 5256 section 5: a blob is "[...]", a refwd "Re:" or "Fwd:", perhaps with a blob
// before its colon; a leader is a refwd with any number of blobs before it.

namespace waxwing::imap {
namespace {

constexpr std::string_view kForward = "[fwd:";
constexpr std::string_view kTrailer = "(fwd)";

std::size_t past_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

// Behind the blob that starts here; `at` itself when none does.
std::size_t past_blob(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != '[') return at;
  const std::size_t end = text.find_first_of("[]", at + 1);
  if (end == text.npos || text[end] == '[') return at;
  return past_blanks(text, end + 1);
}

// Behind the refwd that starts here; `at` itself when none does.
std::size_t past_refwd(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  std::size_t end = at;
  if (starts_with_ignoring_case(rest, "fwd")) {
    end += 3;
  } else if (starts_with_ignoring_case(rest, "re") || starts_with_ignoring_case(rest, "fw")) {
    end += 2;
  } else {
    return at;
  }
  end = past_blob(text, past_blanks(text, end));
  return end < text.size() && text[end] == ':' ? end + 1 : at;
}

class Extraction {
 public:
  explicit Extraction(std::string_view subject) : rest_(subject) {}

  BaseSubject run() {
    do {
      cut_trailers();
      cut_leaders();
    } while (cut_forward());
    return {std::string(rest_), is_reply_};
  }

 private:
  // Step 2.
  void cut_trailers() {
    while (true) {
      if (rest_.ends_with(' ')) {
        rest_.remove_suffix(1);
      } else if (rest_.size() >= kTrailer.size() &&
                 equals_ignoring_case(rest_.substr(rest_.size() - kTrailer.size()), kTrailer)) {
        rest_.remove_suffix(kTrailer.size());
        is_reply_ = true;
      } else {
        return;
      }
    }
  }

  // Steps 3 to 5. All blobs in a row are looked at once: those before a refwd go with it, others
  // go one by one, and the last one stays when nothing is behind it.
  void cut_leaders() {
    while (true) {
      rest_.remove_prefix(past_blanks(rest_, 0));
      std::size_t last = 0, end = 0;
      for (std::size_t next = past_blob(rest_, 0); next != end; next = past_blob(rest_, end)) {
        last = end;
        end = next;
      }
      const std::size_t behind = past_refwd(rest_, end);
      if (behind == end) {
        rest_.remove_prefix(end < rest_.size() ? end : last);
        return;
      }
      is_reply_ = true;
      rest_.remove_prefix(behind);
    }
  }

  // Step 6.
  bool cut_forward() {
    if (!starts_with_ignoring_case(rest_, kForward) || !rest_.ends_with(']')) return false;
    rest_.remove_prefix(kForward.size());
    rest_.remove_suffix(1);
    is_reply_ = true;
    return true;
  }

  std::string_view rest_;
  bool is_reply_ = false;
};

}  // namespace

BaseSubject base_subject(std::string_view subject) {
  const std::string text = mail::with_single_blanks(mail::decode_words(subject));
  return Extraction(text).run();
}

}  // namespace waxwing::imap
