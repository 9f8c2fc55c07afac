#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace waxwing {

// What went wrong, in the terms a caller decides by. The code chooses the reply to the client, the
// text is for the log: it may hold paths and system errors, so it is never sent to a client.
struct Error {
  enum class Code {
    NotFound,       // no such mailbox, message, account ...
    AlreadyExists,  // the name is taken
    Invalid,        // the request itself makes no sense
    TooLarge,       // over a configured size
    Limit,          // over some other limit: depth, count, name length
    OverQuota,      // the account is full
    NoSpace,        // the disk is (nearly) full; temporary
    ReadOnly,       // the mailbox or account may not be written now
    Denied,         // who asks may not do this
    Temporary,      // try again later
    Corrupt,        // stored data contradicts itself
    Cancelled,      // the client has gone or time is up
  };
  Code code;
  std::string text;
};

template <class T>
using Result = tl::expected<T, Error>;

// Nothing to return, but it can fail.
using Outcome = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Error::Code code, std::string text) {
  return tl::unexpected<Error>(Error{code, std::move(text)});
}

// Hands on the error of another result: if (!x) return fail(x.error());
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// A stable lower-case word for logs: "not-found", "no-space" ...
const char* to_string(Error::Code code);

}  // namespace waxwing
