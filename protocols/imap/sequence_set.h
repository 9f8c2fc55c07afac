#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/view.h"

namespace waxwing::imap {

// Message numbers or UIDs as a client wrote them: "1:4,7,10:*", or "$" for the saved search result
// (RFC 9051 section 6.4.4.1). Ranges are kept in the order of writing until resolved.
class SequenceSet {
 public:
  static constexpr std::uint32_t kStar = 0;  // "*": the highest number in the mailbox
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  // equal to first for a single number
    bool operator==(const Range&) const = default;
  };

  SequenceSet() = default;
  explicit SequenceSet(std::vector<Range> ranges) : ranges_(std::move(ranges)) {}
  // Nothing when the text is no sequence-set; "$" is one.
  static std::optional<SequenceSet> parse(std::string_view text);
  // "$"
  static SequenceSet saved();

  bool is_saved() const { return saved_; }
  const std::vector<Range>& ranges() const { return ranges_; }
  std::string to_string() const;
  bool operator==(const SequenceSet&) const = default;

  // Ascending, neither overlapping nor touching, each first <= last, with "*" taken as `highest`.
  // When `highest` is 0 (an empty mailbox) "*" stands for nothing.
  std::vector<Range> normalised(std::uint32_t highest) const;

 private:
  std::vector<Range> ranges_;
  bool saved_ = false;
};

// Ascending indexes into `view`; costs what the result and the set are long. UIDs that are not
// there are passed over. Not for a saved set: the session knows what that is.
std::vector<std::size_t> resolve_uids(const SequenceSet& set, const View& view);
// Nothing when the set names a message number that the view has not: the command is then BAD.
// RFC 9051 section 9, seq-number
std::optional<std::vector<std::size_t>> resolve_numbers(const SequenceSet& set, const View& view);

// Numbers as a set, in the order given: "1:4,7"; ranges only go up. Empty for none.
std::string to_uid_set(const std::vector<Uid>& uids);

}  // namespace waxwing::imap
