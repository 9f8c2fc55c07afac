#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/fd.h"

namespace waxwing {

// An answer on its way to the client: bytes, and ranges of open files that are read only when the
// client is ready for them, so that no message is ever held in memory as a whole.
// Held by one thread at a time, with its session.
class Output {
 public:
  // A piece of an open file. The file stays open until its bytes are sent.
  struct FileRange {
    std::shared_ptr<const Fd> file;
    std::uint64_t offset;
    std::uint64_t size;
  };
  using Piece = std::variant<std::string, FileRange>;

  // A handler that produces more than this stops with Progress::Again; it is run again when the
  // client has read what was there.
  static constexpr std::uint64_t kFull = 256 * 1024;

  void write(std::string_view bytes);
  Output& operator<<(std::string_view bytes) {
    write(bytes);
    return *this;
  }
  // The same for bytes that nobody else needs: many of them are not copied.
  void give(std::string bytes);
  void write_file(std::shared_ptr<const Fd> file, std::uint64_t offset, std::uint64_t size);

  // Bytes that are waiting, those in files included.
  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool is_full() const { return size_ >= kFull; }

  // For whoever sends it: the oldest piece, by value. Only when not empty.
  Piece take();
  // Everything as one string; reads the files. For tests and short answers.
  std::string drain();

 private:
  std::deque<Piece> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace waxwing
