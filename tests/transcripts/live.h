#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/transcripts/in_process.h"
#include "tests/transcripts/wire.h"

namespace waxwing::transcripts {

// The real daemon as a process of its own on free loopback ports. Stopping it checks that it ends
// well and that its log holds no sanitizer report; trouble() tells.
class LiveServer : public Server {
 public:
  virtual std::string stop() = 0;
};

// One for many conversations, in turn.
class SharedServer : public LiveServer {
 public:
  // From now on alice and bob are those of that conversation, and its client has an address of its
  // own. What went wrong; empty: nothing.
  virtual std::string begin(std::size_t conversation) = 0;
};

std::unique_ptr<SharedServer> shared(const std::vector<Transcript>& all, Channel channel);
std::unique_ptr<LiveServer> live(const Transcript& transcript, Channel channel);

}  // namespace waxwing::transcripts
