// Keeps the direction of includes that ARCHITECTURE.md draws. Every folder of sources has a file
// `.may_include` that names, one a line, the other folders whose headers it may include, and the
// libraries it may use as a header or the beginning of one: `<sqlite3.h>`, `<event2/`. A line
// `!<openssl/ssl.h>` takes one back. What the C library, POSIX, C++ and tl::expected (until C++23
// has its own) bring is free to all.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

// Lowest first. A folder that is not here is not part of the program.
constexpr std::array<std::string_view, 11> kFolders = {
    "base",      "config",         "protocols/mail", "protocols/dns",  "storage", "auth",
    "protocols", "protocols/smtp", "protocols/pop3", "protocols/imap", "daemon"};

struct Rules {
  std::set<std::string, std::less<>> folders;
  std::vector<std::string> libraries;
  std::vector<std::string> forbidden;
};

struct Include {
  std::string file;
  int line = 0;
  std::string header;  // as written, with its quotes or brackets
};

fs::path source_dir() {
  return WAXWING_SOURCE_DIR;
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Rules rules_of(std::string_view folder) {
  Rules rules;
  for (const auto& raw : lines_of(source_dir() / folder / ".may_include")) {
    const std::string line(trim(raw));
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '!') {
      rules.forbidden.push_back(line.substr(1));
    } else if (line[0] == '<') {
      rules.libraries.push_back(line);
    } else {
      rules.folders.insert(line);
    }
  }
  return rules;
}

std::vector<Include> includes_in(const fs::path& path) {
  std::vector<Include> found;
  int number = 0;
  for (const auto& raw : lines_of(path)) {
    ++number;
    std::string_view line = trim(raw);
    if (line.empty() || line[0] != '#') continue;
    line = trim(line.substr(1));
    if (!line.starts_with("include")) continue;
    line = trim(line.substr(7));
    const auto end = line.find_first_of(line.starts_with('<') ? ">" : "\"", 1);
    if (end == std::string_view::npos) continue;
    found.push_back(
        {fs::relative(path, source_dir()), number, std::string(line.substr(0, end + 1))});
  }
  return found;
}

std::vector<Include> includes_of(std::string_view folder) {
  std::vector<Include> found;
  for (const auto& entry : fs::directory_iterator(source_dir() / folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cc") continue;
    const auto more = includes_in(entry.path());
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

bool begins_one_of(const std::string& header, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string& beginning) { return header.starts_with(beginning); });
}

// A header of ours, of a known library, or of a library that no folder has named yet.
bool is_library(const std::string& header) {
  static const std::vector<std::string> system = {"<arpa/",    "<linux/", "<net/",
                                                  "<netinet/", "<sys/",   "<tl/"};
  static const std::vector<std::string> known = [] {
    std::vector<std::string> all;
    for (const auto folder : kFolders) {
      const auto libraries = rules_of(folder).libraries;
      all.insert(all.end(), libraries.begin(), libraries.end());
    }
    return all;
  }();
  if (begins_one_of(header, known)) return true;
  return header.find('/') != std::string::npos && !begins_one_of(header, system);
}

std::string folder_of(const std::string& quoted) {
  const auto slash = quoted.rfind('/');
  return slash == std::string::npos ? std::string() : quoted.substr(1, slash - 1);
}

// Empty when the include is fine, else what is wrong with it.
std::string objection(std::string_view folder, const Rules& rules, const Include& include) {
  const std::string where = include.file + ":" + std::to_string(include.line) + ": ";
  if (include.header[0] == '<') {
    if (!is_library(include.header)) return {};
    if (begins_one_of(include.header, rules.libraries) &&
        !begins_one_of(include.header, rules.forbidden)) {
      return {};
    }
    return where + include.header + " is not for " + std::string(folder);
  }
  const std::string target = folder_of(include.header);
  if (target == folder || rules.folders.contains(target)) return {};
  return where + std::string(folder) + " may not include " + include.header;
}

TEST(Layering, EveryFolderSaysWhatItMayInclude) {
  for (const auto folder : kFolders) {
    EXPECT_TRUE(fs::exists(source_dir() / folder / ".may_include")) << folder;
  }
}

TEST(Layering, RulesOnlyPointDown) {
  for (auto folder = kFolders.begin(); folder != kFolders.end(); ++folder) {
    for (const auto& target : rules_of(*folder).folders) {
      EXPECT_NE(std::find(kFolders.begin(), folder, target), folder)
          << *folder << " may include " << target << ", which is not below it";
    }
  }
}

TEST(Layering, ConversationsDoNotKnowEachOther) {
  for (const std::string folder : {"protocols/smtp", "protocols/pop3", "protocols/imap"}) {
    for (const std::string other : {"protocols/smtp", "protocols/pop3", "protocols/imap"}) {
      EXPECT_FALSE(rules_of(folder).folders.contains(other)) << folder << " and " << other;
    }
  }
}

TEST(Layering, EveryIncludeIsAllowed) {
  for (const auto folder : kFolders) {
    const Rules rules = rules_of(folder);
    for (const auto& include : includes_of(folder)) {
      EXPECT_EQ(objection(folder, rules, include), "");
    }
  }
}

// A folder that nobody listed would be a folder without rules.
TEST(Layering, EverySourceFolderIsKnown) {
  for (const std::string top : {"base", "config", "protocols", "storage", "auth", "daemon"}) {
    for (const auto& entry : fs::recursive_directory_iterator(source_dir() / top)) {
      if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
      const std::string folder = fs::relative(entry.path().parent_path(), source_dir());
      EXPECT_NE(std::find(kFolders.begin(), kFolders.end(), folder), kFolders.end())
          << entry.path();
    }
  }
}

// The checker itself: a test that cannot fail proves nothing.
TEST(Layering, SeesWhatIsForbidden) {
  const auto refused = [](std::string_view folder, const std::string& header) {
    return !objection(folder, rules_of(folder), {"x.cc", 1, header}).empty();
  };
  EXPECT_TRUE(refused("base", "\"storage/store.h\""));
  EXPECT_TRUE(refused("storage", "\"protocols/session.h\""));
  EXPECT_TRUE(refused("protocols/imap", "\"protocols/pop3/session.h\""));
  EXPECT_TRUE(refused("protocols/smtp", "\"daemon/loop.h\""));
  EXPECT_TRUE(refused("protocols/smtp", "<event2/event.h>"));
  EXPECT_TRUE(refused("protocols/imap", "<sqlite3.h>"));
  EXPECT_TRUE(refused("auth", "<openssl/ssl.h>"));
  EXPECT_TRUE(refused("daemon", "<sqlite3.h>"));
  EXPECT_TRUE(refused("protocols/dns", "<curl/curl.h>"));
  EXPECT_FALSE(refused("daemon", "<openssl/ssl.h>"));
  EXPECT_FALSE(refused("auth", "<openssl/evp.h>"));
  EXPECT_FALSE(refused("storage", "<sqlite3.h>"));
  EXPECT_FALSE(refused("storage", "<sys/stat.h>"));
  EXPECT_FALSE(refused("protocols/imap", "\"protocols/imap/framer.h\""));
}

}  // namespace
}  // namespace waxwing
