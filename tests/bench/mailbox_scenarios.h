#pragma once

#include "tests/bench/scenarios.h"

namespace waxwing::bench {

// What mail programs do with one mailbox, `load.mailbox` of the account `load.user`.
Measured fill(const Load& load);     // `count` messages of `size`, many with one command
Measured command(const Load& load);  // `load.command`, `count` times, each from a new connection
Measured select_anew(const Load& load);  // SELECT from a new connection
Measured store(const Load& load);        // STORE of `load.messages` messages
Measured transfer(const Load& load);     // COPY or MOVE of as many
Measured day(const Load& load);          // sessions with a bit of everything
Measured hold(const Load& load);         // `connections` sessions that have it selected, as `idle`

}  // namespace waxwing::bench
