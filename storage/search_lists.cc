#include "storage/search_lists.h"

namespace waxwing {

void append_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

std::optional<std::uint64_t> take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 9; ++i) {
    const auto octet = static_cast<unsigned char>(bytes[i]);
    number |= std::uint64_t{octet & 0x7fu} << (7 * i);
    if (octet >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return number;
  }
  return std::nullopt;
}

void append_list(std::string& out, std::span<const BlockDoc> docs) {
  std::string list;
  std::size_t next = 0;
  for (const BlockDoc doc : docs) {
    append_number(list, doc - next);
    next = std::size_t{doc} + 1;
  }
  const std::size_t bitmap_size = (next + 7) / 8;
  const bool is_bitmap = bitmap_size < list.size();
  if (is_bitmap) {
    list.assign(bitmap_size, '\0');
    for (const BlockDoc doc : docs) {
      list[doc / 8] = static_cast<char>(list[doc / 8] | 1 << (doc % 8));
    }
  }
  append_number(out, list.size() << 1 | (is_bitmap ? 1 : 0));
  out += list;
}

std::optional<ListView> take_list(std::string_view& lists) {
  const auto head = take_number(lists);
  if (!head || *head >> 1 > lists.size()) return std::nullopt;
  const ListView list{lists.substr(0, *head >> 1), (*head & 1) != 0};
  lists.remove_prefix(list.bytes.size());
  return list;
}

void ListView::add_to(DocSet& docs) const {
  if (is_bitmap) return docs.add_bitmap(bytes);
  std::size_t next = 0;
  for (std::string_view rest = bytes; const auto gap = take_number(rest);) {
    docs.add(next + *gap);
    next += *gap + 1;
  }
}

std::vector<BlockDoc> ListView::docs() const {
  std::vector<BlockDoc> result;
  if (is_bitmap) {
    for (std::size_t doc = 0; doc < 8 * bytes.size() && doc < kMaxBlockDocs; ++doc) {
      if (bytes[doc / 8] >> (doc % 8) & 1) result.push_back(static_cast<BlockDoc>(doc));
    }
    return result;
  }
  std::size_t next = 0;
  for (std::string_view rest = bytes; const auto gap = take_number(rest);) {
    if (*gap >= kMaxBlockDocs || next + *gap >= kMaxBlockDocs) break;
    result.push_back(static_cast<BlockDoc>(next + *gap));
    next += *gap + 1;
  }
  return result;
}

}  // namespace waxwing
