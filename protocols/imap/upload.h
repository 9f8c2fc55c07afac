#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/imap/reply.h"
#include "storage/mailbox.h"
#include "storage/staged.h"

namespace waxwing::imap {

struct Conversation;

// The message of an APPEND while it comes in: from the announcement of its literal to the command's
// end. It goes to the store piece by piece, so its size costs no memory. Held by one thread at a
// time.
class Upload {
 public:
  // `mailbox` as the client sent it.
  Upload(std::string mailbox, std::uint64_t size, bool is_binary)
      : wire_name_(std::move(mailbox)), size_(size), is_binary_(is_binary) {}

  // Up to this size begin() may be left to deliver().
  static constexpr std::uint64_t kLateBegin = 64 * 1024;
  // Opens the mailbox and makes room; may block. A reply: the literal shall not be sent.
  std::optional<Reply> begin(Conversation& conversation);

  // More of the message. False: that will touch the disk, so call write() on a worker first.
  [[nodiscard]] bool add(std::string bytes, const Conversation& conversation);
  // Stages what is waiting; may block.
  void write(const Conversation& conversation);

  // What comes is thrown away, and this is what deliver() returns.
  void fail(Reply reply) { failure_ = std::move(reply); }

  // All of it is there: puts it into the mailbox. May block.
  Reply deliver(Conversation& conversation, const Mailbox::AppendOptions& options);

 private:
  std::string with_crlf(std::string bytes);

  std::string wire_name_;
  std::uint64_t size_;
  bool is_binary_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unique_ptr<Staged> staged_;
  std::string waiting_;
  char last_ = '\0';
  std::optional<Reply> failure_;
};

}  // namespace waxwing::imap
