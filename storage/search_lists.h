#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/search_block.h"

namespace waxwing {

// Lists of documents as they stand in the rows of a block: ascending positions as differences, or a
// bitmap where that is shorter; each with its size before it.

void append_number(std::string& out, std::uint64_t number);
// Takes it off the front; nothing when there is none.
std::optional<std::uint64_t> take_number(std::string_view& bytes);

void append_list(std::string& out, std::span<const BlockDoc> docs);

struct ListView {
  std::string_view bytes;
  bool is_bitmap = false;
  void add_to(DocSet& docs) const;
  std::vector<BlockDoc> docs() const;
};
// Takes the next list off the front.
std::optional<ListView> take_list(std::string_view& lists);

}  // namespace waxwing
