#include "protocols/output.h"

#include <cassert>
#include <span>

namespace waxwing {

// Below that a copy into the piece before is cheaper than a piece of its own.
constexpr std::size_t kWorthMoving = 4096;

void Output::write(std::string_view bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  if (!pieces_.empty()) {
    if (auto* last = std::get_if<std::string>(&pieces_.back()); last && last->size() < 64 * 1024) {
      last->append(bytes);
      return;
    }
  }
  pieces_.emplace_back(std::string(bytes));
}

void Output::give(std::string bytes) {
  if (bytes.size() < kWorthMoving) return write(bytes);
  size_ += bytes.size();
  pieces_.emplace_back(std::move(bytes));
}

void Output::write_file(std::shared_ptr<const Fd> file, std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return;
  size_ += size;
  pieces_.emplace_back(FileRange{std::move(file), offset, size});
}

Output::Piece Output::take() {
  assert(!pieces_.empty());
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  const auto* bytes = std::get_if<std::string>(&piece);
  size_ -= bytes ? bytes->size() : std::get<FileRange>(piece).size;
  return piece;
}

std::string Output::drain() {
  std::string all;
  while (!pieces_.empty()) {
    Piece piece = take();
    if (auto* bytes = std::get_if<std::string>(&piece)) {
      all.empty() ? all.swap(*bytes) : void(all += *bytes);
      continue;
    }
    const auto& range = std::get<FileRange>(piece);
    const std::size_t start = all.size();
    all.resize(start + range.size);
    [[maybe_unused]] const ssize_t got =
        read_at(*range.file, range.offset, std::span(all).subspan(start));
    assert(got >= 0 && static_cast<std::uint64_t>(got) == range.size);
  }
  return all;
}

}  // namespace waxwing
