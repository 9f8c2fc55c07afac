#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace waxwing::smtp {

// The argument of BDAT: so many octets follow, and whether they are the end of the message. RFC
// 3030
struct Chunk {
  std::uint64_t size = 0;
  bool last = false;
};
std::optional<Chunk> parse_chunk(std::string_view argument);

// Counts the octets of a chunk out of the stream.
class BdatReader {
 public:
  explicit BdatReader(Chunk chunk) : left_(chunk.size), last_(chunk.last) {}
  // Those of the next bytes that belong to the chunk; the caller has then used them.
  std::string_view read(std::string_view bytes);
  bool at_end() const { return left_ == 0; }
  bool is_last() const { return last_; }

 private:
  std::uint64_t left_;
  bool last_;
};

}  // namespace waxwing::smtp
