#pragma once

#include <string>
#include <vector>

#include "auth/directory.h"

namespace waxwing {

// What an operator is told of aliases, line for line, each with a line end before it; empty when
// all is well. Addresses are canonical where not said otherwise. Any thread; may block.

// Of an account that has gone, or has the address `renamed` now: who still leads to the old one.
std::string advice_on_old_address(Directory& directory, const std::string& old_address,
                                  const std::string& renamed = {});

// Of an alias that was just made: which of its targets, as they were written, lead to nobody.
std::string advice_on_targets(Directory& directory, const std::string& alias,
                              const std::vector<std::string>& targets);

// An alias's address as the directory has it, "@domain" too; as it was written when it is none.
std::string canonical_alias(const std::string& address);

// Where an alias leads now; empty: there is none.
std::vector<std::string> targets_of(Directory& directory, const std::string& alias);

}  // namespace waxwing
