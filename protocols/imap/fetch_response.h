#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "protocols/output.h"

namespace waxwing::imap {

// One FETCH response on its way: made in full before any of it is sent, so that what cannot be made
// leaves nothing behind. Long pieces of a message stay in their file until the client reads them.
class FetchResponse {
 public:
  FetchResponse& operator<<(std::string_view bytes);
  // The same for bytes that nobody else needs, which are not copied.
  void give(std::string bytes);
  // NUL may stand in a literal8 alone; elsewhere a blank goes in its place, so that all lengths
  // stay true.  RFC 9051 section 4.3.1
  enum class Nul { Keep, Blank };
  void write_file(std::shared_ptr<const Fd> file, std::uint64_t offset, std::uint64_t size,
                  Nul nul);
  void append(FetchResponse&& rest);

  // Bytes that are left, those in files included.
  std::uint64_t size() const { return size_; }
  // Some of it is sent and some is not: nothing else may be said now.
  bool is_amid() const { return has_begun_ && next_ < pieces_.size(); }

  // Moves it to the output. False: the output is full, and there is more.
  Result<bool> hand_over(Output& output);

 private:
  struct Piece {
    std::string bytes;  // where there is no file
    std::shared_ptr<const Fd> file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    Nul nul = Nul::Keep;
  };
  // Reads and blanks; false as above.
  Result<bool> hand_over_blanked(Piece& piece, Output& output);

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;  // those before are sent
  std::uint64_t size_ = 0;
  bool has_begun_ = false;
};

}  // namespace waxwing::imap
