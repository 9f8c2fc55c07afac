#include "daemon/unknown_word.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "base/text.h"
#include "config/words.h"

namespace waxwing {

std::string unknown_word(const CLI::App& app) {
  const CLI::App* at = &app;
  std::string path = app.get_name();
  for (auto parsed = at->get_subcommands(); !parsed.empty(); parsed = at->get_subcommands()) {
    at = parsed.front();
    path += " " + at->get_name();
  }
  if (at->get_require_subcommand_min() == 0) return "";
  const auto words = at->remaining();
  const auto word =
      std::ranges::find_if(words, [](const auto& each) { return !each.starts_with('-'); });
  if (word == words.end()) return "";
  std::vector<std::string> known;
  for (const auto* each : at->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(each->get_name());
  const std::string text = "there is no command \"" + path + " " + printable(*word) + "\"";
  const auto near = nearest(*word, known);
  if (!near.empty()) return text + "; did you mean \"" + path + " " + near + "\"?";
  return text + ": `" + path + " --help` shows those that there are";
}

}  // namespace waxwing
