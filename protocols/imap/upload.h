#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/append_reader.h"
#include "protocols/imap/reply.h"
#include "protocols/imap/url_texts.h"
#include "storage/mailbox.h"
#include "storage/staged.h"

namespace waxwing::imap {

struct Conversation;

// The messages of one APPEND or REPLACE while they come in: from the announcement of the first
// literal to the command's end. They go to the store piece by piece, so their size costs no memory,
// and many small ones cost little: what is complete is put away. Held by one thread at a time.
class Upload {
 public:
  struct Limits {
    std::size_t messages = 1000;
    std::uint64_t bytes = 256ull << 20;  // of several messages together
    std::size_t urls = 1000;
  };
  Upload() = default;
  explicit Upload(Limits limits) : limits_(limits) {}

  // As AppendReader::announced().
  tl::expected<AppendReader::Literal, SyntaxError> announced(const RawCommand& so_far);
  // Nobody waits for our word on a short text that comes anyway: it may be taken at once, and
  // begin() left out.
  bool may_wait() const;
  // Makes room for the announced text; may block. A reply: it shall not be sent.
  std::optional<Reply> begin(Conversation& conversation);

  // More of the text. False: that will touch the disk, so call write() on a worker first.
  [[nodiscard]] bool add(std::string bytes, const Conversation& conversation);
  // Stages what is waiting; may block.
  void write(const Conversation& conversation);

  // What comes is thrown away, and this is what begin() and finish() return.
  void fail(Reply reply) { failure_ = std::move(reply); }

  // All of `append` has come; may block. A reply: it was refused. Else it can be delivered.
  std::optional<Reply> finish(Conversation& conversation, const Append& append);
  // After finish():
  Mailbox& mailbox() const { return *mailbox_; }
  std::vector<Mailbox::NewMessage> messages(const Append& append) const;

 private:
  void catch_up(Conversation& conversation, const Append& append, bool is_whole);
  void begin_message(Conversation& conversation, const Append& append);
  void begin_text(const Conversation& conversation, const AppendMessage& message,
                  const AppendPart& part);
  void append_url(Conversation& conversation, const std::string& url);
  void count(std::uint64_t bytes);
  void end_message(const Conversation& conversation, const AppendMessage& appended);
  void put_away(const Conversation& conversation);
  std::string with_crlf(std::string bytes);

  Limits limits_;
  AppendReader reader_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::unique_ptr<Staged>> staged_;
  std::size_t put_away_ = 0;  // as many of them
  // The part that is to be staged next.
  std::size_t message_ = 0, part_ = 0;
  bool is_begun_ = false;  // that part
  // Octets that came and are not staged, of that part and of those behind it.
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t bytes_ = 0;  // of all texts
  std::size_t urls_ = 0;
  UrlTexts url_texts_;
  bool is_binary_ = false;  // what comes
  char last_ = '\0';
  std::optional<Reply> failure_;
};

// The message that REPLACE takes away, or why it cannot.
tl::expected<Uid, Reply> find_replaced(const Conversation& conversation, Numbering numbering,
                                       const SequenceSet& set);

}  // namespace waxwing::imap
