#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waxwing {

// Hands the message in a file, or from standard input ("-"), on in pieces, so that its size costs
// no memory. Where its first line ends with a bare LF, as in files that people save, every LF
// becomes CRLF: what was on the wire.
Outcome for_each_piece(const std::string& file, const std::function<void(std::string_view)>& piece);

}  // namespace waxwing
