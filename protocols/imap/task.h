#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "protocols/imap/command.h"
#include "protocols/imap/reply.h"
#include "protocols/output.h"

namespace waxwing::imap {

struct Conversation;

// How far a command came.
enum class Step {
  Done,   // reply() is the tagged answer
  Again,  // the output is full
  Yield,  // the time slice is used up
  Line,   // the client's next line, outside of command syntax, goes to line()
};

// A command under way. Held by one thread at a time, like the session it belongs to.
class Task {
 public:
  virtual ~Task() = default;

  // Asked on the loop thread before a worker is taken: is there so little to do, and none of it on
  // the disk, that run() may be called here?
  virtual bool is_quick(Conversation&) { return false; }
  virtual Step run(Conversation& conversation, Output& output) = 0;
  // After Step::Line. Stores the line; run() is called next.
  virtual void line(std::string) {}
  // While it waits for that line, changes of the mailbox are told as they come (IDLE).
  virtual bool is_idling() const { return false; }
  // Message numbers stand in a command whose row does not say so: EXPUNGE is held back.
  virtual bool has_numbers() const { return false; }
  // How far a long command is; nothing when it does not know.
  struct Extent {
    std::uint64_t done = 0;
    std::uint64_t goal = 0;
  };
  virtual std::optional<Extent> extent() const { return std::nullopt; }
  // A part of an answer has gone out and the rest has not: whatever is said now would be taken for
  // that rest. If run() says Done in this state, it cannot be had, and the connection has to end.
  virtual bool is_amid_line() const { return false; }

  const Reply& reply() const { return reply_; }

 protected:
  Step done(Reply reply) {
    reply_ = std::move(reply);
    return Step::Done;
  }

 private:
  Reply reply_;
};

// Makes the task for a command.
using Handler = std::unique_ptr<Task> (*)(Command&&);

// A command that is answered in one go, by a function: Reply noop(Conversation&, Noop&, Output&).
template <class Body>
class Once final : public Task {
 public:
  using Function = Reply (*)(Conversation&, Body&, Output&);
  Once(Function function, Body body) : function_(function), body_(std::move(body)) {}
  Step run(Conversation& conversation, Output& output) override {
    return done(function_(conversation, body_, output));
  }

 private:
  Function function_;
  Body body_;
};

namespace detail {
template <class Body, Reply (*function)(Conversation&, Body&, Output&)>
std::unique_ptr<Task> make_once(Command&& command) {
  return std::make_unique<Once<Body>>(function, std::get<Body>(std::move(command.body)));
}
template <class Body>
Body body_of(Reply (*)(Conversation&, Body&, Output&));
}  // namespace detail

template <auto function>
inline constexpr Handler once = detail::make_once<decltype(detail::body_of(function)), function>;

}  // namespace waxwing::imap
