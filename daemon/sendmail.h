#pragma once

#include <string>
#include <vector>

namespace waxwing {

// `waxwing sendmail`, which is the program `sendmail` as well: takes one message from standard
// input and hands it to the server that runs on this machine. `words` are those behind the name of
// the program. Returns a status of sysexits.h: EX_OK when the server has taken it for every
// recipient; EX_TEMPFAIL when it may be tried again, also when no server runs; otherwise what was
// wrong, with a sentence on standard error.
int run_sendmail(const std::vector<std::string>& words);

}  // namespace waxwing
