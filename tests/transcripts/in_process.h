#pragma once

#include <memory>

#include "tests/transcripts/wire.h"

namespace waxwing::transcripts {

enum class Chunks { Whole, Bytes };  // how a client's line reaches the session
enum class Channel { Clear, Tls };

// The real sessions over a real store and directory, without sockets and threads: every lane runs
// at once, a pause moves the clock.
std::unique_ptr<Server> in_process(const Transcript& transcript, Chunks chunks, Channel channel);

}  // namespace waxwing::transcripts
