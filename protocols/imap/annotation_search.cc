#include "protocols/imap/annotation_search.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "protocols/imap/annotation.h"
#include "protocols/imap/name.h"
#include "protocols/imap/set_of_uids.h"
#include "protocols/mail/charset.h"

namespace waxwing::imap {
namespace {

// As for other texts that are looked for in every message.
constexpr std::size_t kMaxAnnotationText = 1000;
constexpr std::size_t kMaxAnnotationTexts = 100;
constexpr std::size_t kAnnotationsRead = 256;

bool stands_for(const SearchKey& key, const MessageAnnotation& annotation) {
  const auto whose =
      annotation.whose == Whose::Private ? SearchKey::kPrivateValue : SearchKey::kSharedValue;
  if ((key.mask & whose) == 0) return false;
  return key.field == annotation.entry ||
         (has_wildcards(key.field) && matches_pattern(annotation.entry, key.field));
}

// The messages that a set in the outermost keys leaves over.
std::vector<Uid> candidates(const SearchKey& program, const View& view) {
  std::vector<Uid> uids;
  for (const SearchKey& key : program.keys) {
    const bool is_set = key.kind == SearchKey::Kind::Uids || key.kind == SearchKey::Kind::Numbers;
    if (program.kind != SearchKey::Kind::And || !is_set || key.set.is_saved()) continue;
    const auto indexes = key.kind == SearchKey::Kind::Uids
                             ? std::optional(resolve_uids(key.set, view))
                             : resolve_numbers(key.set, view);
    if (!indexes) continue;
    for (const std::size_t index : *indexes) uids.push_back(view[index].uid);
    return uids;
  }
  uids.reserve(view.size());
  for (std::size_t index = 0; index < view.size(); ++index) uids.push_back(view[index].uid);
  return uids;
}

}  // namespace

AnnotationLookup::AnnotationLookup(SearchKey& program, std::string charset, const View& view,
                                   Collation collation)
    : program_(program),
      charset_(std::move(charset)),
      collation_(collation),
      uids_(candidates(program, view)) {
  collect(program_);
}

void AnnotationLookup::collect(SearchKey& key) {
  if (key.kind == SearchKey::Kind::Annotation) wanted_.push_back({&key, {}, {}});
  for (SearchKey& child : key.keys) collect(child);
}

Outcome AnnotationLookup::begin() {
  if (!charset_.empty() && !mail::is_known_charset(charset_)) {
    return fail(Error::Code::NotFound, "unknown charset");
  }
  if (wanted_.size() > kMaxAnnotationTexts) return fail(Error::Code::Limit, "too many texts");
  for (Wanted& wanted : wanted_) {
    if (wanted.key->text.size() > kMaxAnnotationText)
      return fail(Error::Code::Limit, "a text is too long");
    const auto utf8 = charset_.empty() ? std::optional(mail::guess_utf8(wanted.key->text))
                                       : mail::to_utf8(wanted.key->text, charset_);
    if (!utf8) return fail(Error::Code::NotFound, "unknown charset");
    wanted.text = fold(collation_, *utf8);
  }
  return {};
}

Result<bool> AnnotationLookup::step(Mailbox& mailbox, const std::function<bool()>& is_time_up) {
  if (!std::exchange(has_begun_, true)) {
    if (const auto begun = begin(); !begun) return fail(begun.error());
  }
  AnnotationQuery query;
  query.wants = [&](std::string_view entry) {
    return std::ranges::any_of(wanted_, [&](const Wanted& wanted) {
      const std::string& pattern = wanted.key->field;
      return pattern == entry || (has_wildcards(pattern) && matches_pattern(entry, pattern));
    });
  };
  while (next_ < uids_.size()) {
    const auto some =
        std::span(uids_).subspan(next_, std::min(kAnnotationsRead, uids_.size() - next_));
    std::size_t count = some.size();
    const auto read = mailbox.read_annotations(
        some, query, [&](Uid uid, std::span<const MessageAnnotation> annotations) {
          look_at(uid, annotations);
          if (!is_time_up()) return true;
          count = static_cast<std::size_t>(std::ranges::upper_bound(some, uid) - some.begin());
          return false;
        });
    if (!read) return fail(read.error());
    next_ += count;
    if (next_ < uids_.size() && is_time_up()) return false;
  }
  finish();
  return true;
}

bool AnnotationLookup::is_match(const Wanted& wanted, const MessageAnnotation& annotation) const {
  if (!stands_for(*wanted.key, annotation)) return false;
  const bool is_nil = wanted.key->number == 0;
  if (is_nil || wanted.text.empty()) return true;
  return fold(collation_, mail::guess_utf8(annotation.value)).find(wanted.text) !=
         std::string::npos;
}

void AnnotationLookup::look_at(Uid uid, std::span<const MessageAnnotation> annotations) {
  for (Wanted& wanted : wanted_) {
    const bool is_found = std::ranges::any_of(
        annotations, [&](const auto& annotation) { return is_match(wanted, annotation); });
    if (is_found) wanted.uids.push_back(uid);
  }
}

// NIL is what the others have.
void AnnotationLookup::finish() {
  for (Wanted& wanted : wanted_) {
    if (wanted.key->number == 0) {
      std::vector<Uid> others;
      std::ranges::set_difference(uids_, wanted.uids, std::back_inserter(others));
      wanted.uids = std::move(others);
    }
    wanted.key->set = set_of(wanted.uids);
  }
}

}  // namespace waxwing::imap
