#pragma once

namespace waxwing {

// The program `waxwing`: the daemon and the administration commands. Returns the exit status: 0
// done, 1 failed, 2 usage.
int run_cli(int argc, char** argv);

}  // namespace waxwing
