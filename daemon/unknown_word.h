#pragma once

#include <string>

namespace CLI {
class App;
}

namespace waxwing {

// What to say of a command line that was refused because a word stands where a command should:
// which word, and what was probably meant. Empty when that is not what is wrong with it.
std::string unknown_word(const CLI::App& app);

}  // namespace waxwing
