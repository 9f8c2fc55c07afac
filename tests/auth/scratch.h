#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "auth/directory.h"
#include "base/clock.h"

namespace waxwing {

// A directory in a folder of its own, gone with the test.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "waxwing-auth-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    open();
  }
  ~Scratch() {
    directory_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    directory_.reset();
    auto opened = Directory::open(path(), clock);
    if (!opened) ADD_FAILURE() << opened.error().text;
    directory_ = std::move(opened).value();
  }
  std::string path() const { return folder_ + "/directory.sqlite"; }
  Directory& directory() { return *directory_; }

  FakeClock clock;

 private:
  std::string folder_;
  std::unique_ptr<Directory> directory_;
};

inline std::string error_of(const Outcome& outcome) {
  return outcome ? "ok" : to_string(outcome.error().code);
}

}  // namespace waxwing
