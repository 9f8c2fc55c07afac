#pragma once

#include <string_view>

#include "protocols/imap/task.h"

namespace waxwing::imap {

enum class State { NotAuthenticated, Authenticated, Selected };

// The states that a command is legal in.  RFC 9051 section 3
enum class In { Any, NotAuthenticated, SignedIn, Selected };

// Where a command runs. Loop: at once, it never blocks. The others are lanes; a task that
// is_quick() stays on the loop all the same.
enum class On { Loop, Storage, Search, Password };

// What a command means for message sequence numbers, and so what the client may be told of its
// mailbox when the command is through.  RFC 9051 sections 5.2, 5.5 and 7.5.1
enum class Numbers {
  Keep,  // nothing: the mailbox changes with it, or the connection ends
  Hold,  // new messages and flags; never EXPUNGE, for the client is using numbers
  Free,  // everything
};

struct Entry {
  std::string_view name;
  In states;
  On lane;
  Numbers numbers;
  Handler handler;
  std::string_view extension = {};  // the capability without which there is no such command
};

// A command that takes message numbers, or answers with them.
bool has_numbers(const Entry& entry);

// The command of this name, in upper case: "FETCH", "UID FETCH"; or nullptr.
const Entry* find_entry(std::string_view name);
bool is_legal(In states, State state);

}  // namespace waxwing::imap
