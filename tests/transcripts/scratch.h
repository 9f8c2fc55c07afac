#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/transcripts/transcript.h"

namespace waxwing::transcripts {

// A data_dir and a configuration file in which the world of a transcript is set up; removed in the
// end.
class Scratch {
 public:
  // `port_offset` goes into the configuration.
  Scratch(const Transcript& transcript, int port_offset);
  // For conversations that one server hears in turn. The accounts of each, with its mail, wait
  // under names of their own: parked("alice", 3) is the alice of the fourth.
  Scratch(const std::vector<Transcript>& all, int port_offset);
  static std::string parked(const std::string& user, std::size_t conversation);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string data_dir() const { return root_ / "data"; }
  std::string config() const { return root_ / "waxwing.yaml"; }
  std::string log() const { return root_ / "log"; }

 private:
  explicit Scratch(std::filesystem::path root);  // with the directory that all begin with
  void write_config(const std::vector<std::string>& lines, int port_offset);

  std::filesystem::path root_;
};

// messages/NAME.eml with CRLF line ends.
std::string message_text(std::string_view name);

}  // namespace waxwing::transcripts
