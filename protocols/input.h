#pragma once

#include <string>
#include <string_view>

namespace waxwing {

// Bytes that a client sent and nobody has read yet. Held by one thread at a time, with its session.
class Input {
 public:
  std::string_view view() const { return std::string_view(bytes_).substr(read_); }
  std::size_t size() const { return bytes_.size() - read_; }
  bool empty() const { return size() == 0; }
  // True once the client has closed its side: nothing will follow view().
  bool ended() const { return ended_; }

  // Forgets the first `count` bytes of view(), which then starts behind them.
  void consume(std::size_t count);
  void clear() { consume(size()); }

  void append(std::string_view bytes) { bytes_.append(bytes); }
  void end() { ended_ = true; }

 private:
  std::string bytes_;
  std::size_t read_ = 0;
  bool ended_ = false;
};

}  // namespace waxwing
