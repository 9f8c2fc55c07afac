#pragma once

#include <cstdint>
#include <memory>

#include "base/fd.h"
#include "base/result.h"
#include "protocols/output.h"

namespace waxwing::smtp {

// A message behind DATA: its file, with a dot before each line that begins with one, and the line
// that ends it. RFC 5321 section 4.5.2
class StuffedText {
 public:
  StuffedText(std::shared_ptr<const Fd> file, std::uint64_t offset, std::uint64_t size)
      : file_(std::move(file)), offset_(offset), end_(offset + size) {}
  // Writes on until the output is full. True when all is written, the last line included. Reads the
  // file: may block.
  Result<bool> write(Output& output);

 private:
  std::shared_ptr<const Fd> file_;
  std::uint64_t offset_, end_;
  char last_ = '\n', before_last_ = '\r';
};

}  // namespace waxwing::smtp
