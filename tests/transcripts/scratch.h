#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tests/transcripts/transcript.h"

namespace waxwing::transcripts {

// A data_dir and a configuration file in which the world of a transcript is set up; removed in the
// end.
class Scratch {
 public:
  // `port_offset` goes into the configuration.
  Scratch(const Transcript& transcript, int port_offset);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string data_dir() const { return root_ / "data"; }
  std::string config() const { return root_ / "waxwing.yaml"; }
  std::string log() const { return root_ / "log"; }

 private:
  std::filesystem::path root_;
};

// messages/NAME.eml with CRLF line ends.
std::string message_text(std::string_view name);

}  // namespace waxwing::transcripts
