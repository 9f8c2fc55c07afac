#pragma once

#include <memory>

#include "tests/transcripts/in_process.h"
#include "tests/transcripts/wire.h"

namespace waxwing::transcripts {

// The real daemon as a process of its own on free loopback ports. Stopping it checks that it ends
// well and that its log holds no sanitizer report; trouble() tells.
class LiveServer : public Server {
 public:
  virtual std::string stop() = 0;
};

std::unique_ptr<LiveServer> live(const Transcript& transcript, Channel channel);

}  // namespace waxwing::transcripts
