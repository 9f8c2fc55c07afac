#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/command.h"
#include "storage/view.h"

namespace waxwing::imap {

// What a search found: indexes into the view, in the order of the answer. That is the order of the
// mailbox, or for SORT the one that was asked for.
struct Found {
  const View& view;
  std::span<const std::size_t> indexes;
  std::span<const int> scores = {};  // of each, where the search was fuzzy
  bool tells_modseq =
      false;  // the highest mod-sequence of them.  RFC 7162 sections 3.1.5 to 3.1.10
};

// The number that the client knows a message by.
std::uint32_t number_of(const View& view, std::size_t index, Numbering numbering);

// "* SEARCH 2 3 6 (MODSEQ 917162500)" with its line end; or SORT.
std::string list_response(std::string_view name, const Found& found, Numbering numbering);

// "* ESEARCH ..." with its line end; empty when nothing is asked for but SAVE, and without data for
// CONTEXT and UPDATE alone.  RFC 9051 section
// 7.3.4, RFC 4731, RFC 5267 section 3.1, RFC 9394 section 3.1, RFC 6203 section 4
// `place`: what stands behind the tag, of another mailbox than the selected one.  RFC 7377
std::string esearch_response(const Found& found, const SearchReturn& returns, Numbering numbering,
                             std::string_view tag, std::string_view place = {});

// What "$" stands for after RETURN (SAVE ...): ascending.  RFC 5182 section 2.4, RFC 9394
// section 3.2
std::vector<Uid> saved_result(const Found& found, const SearchReturn& returns);

}  // namespace waxwing::imap
