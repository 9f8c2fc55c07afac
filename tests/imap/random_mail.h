#pragma once

#include <random>
#include <string>
#include <string_view>

namespace waxwing::imap {

// Messages as the world sends them, and texts that somebody may look for in them: in any charset,
// transfer encoding and structure. Equal seeds give equal mail.
class RandomMail {
 public:
  explicit RandomMail(unsigned seed) : random_(seed) {}

  std::string message();
  // Something of a text like those of messages, as UTF-8: a word, several, or a piece of them.
  std::string needle();
  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  std::string text(std::size_t words);
  std::string header_value();
  std::string part(int depth);
  std::string leaf();
  // With this text in it, and with markup in its words.
  std::string html(const std::string& shown);

  std::mt19937 random_;
};

}  // namespace waxwing::imap
