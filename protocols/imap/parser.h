#pragma once

#include <string>
#include <tl/expected.hpp>

#include "protocols/imap/command.h"
#include "protocols/imap/framer.h"

namespace waxwing::imap {

// Why a command cannot be understood.
struct SyntaxError {
  std::string tag;   // empty: answer untagged
  std::string text;  // for the client, without "BAD"
};

// One complete command. Everything of IMAP4rev1 and IMAP4rev2 and the extensions in command.h,
// whether the state allows it or not. Bounded: nesting, list lengths.
tl::expected<Command, SyntaxError> parse(const RawCommand& raw);

}  // namespace waxwing::imap
