#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "config/settings.h"
#include "protocols/input.h"
#include "protocols/smtp/bdat_reader.h"
#include "protocols/smtp/content.h"
#include "protocols/smtp/data_reader.h"
#include "protocols/smtp/intake.h"

namespace waxwing::smtp {

// One mail transaction: MAIL, RCPT and DATA or BDAT.  RFC 5321 section 3.3, RFC 3030. Held by one
// thread at a time, with its session. Where the comment says so a call may block and belongs on the
// Storage lane.
class Transaction {
 public:
  // All three outlive it.
  Transaction(const Settings& settings, Intake& intake, const Origin& origin);

  Reply mail(std::string_view argument);  // may block; when it is refused there is no transaction
  Reply rcpt(std::string_view argument);  // may block
  Reply data();                           // may block; 354: the text follows

  // A chunk of this size follows. What is wrong with it, its reply says at its end.
  void bdat(Chunk chunk);

  // What the input held of the text.
  enum class Text {
    More,     // all is taken, and more will come
    Disk,     // call write(), then read on
    End,      // call end()
    Hopeless  // the message is so far over the limit that its end is not worth waiting for
  };
  Text read(Input& input);
  void write();  // may block
  // The reply to the text or chunk that has been read; nothing: call examine(), then accept(). May
  // block.
  std::optional<Reply> end();
  // Waits for other servers: Network lane. True when accept() will not block.
  bool examine();
  // The reply. May block.
  Reply accept();
  // Whatever comes of the text, this is its reply.
  void refuse(Reply reply) { content_.refuse(std::move(reply)); }
  // False when end() was about a chunk, and more of them are expected.
  bool is_over() const { return over_; }

  const MailEnvelope& envelope() const { return envelope_; }
  // RCPT commands that were taken, those that named an address again as well.
  std::size_t recipients() const { return recipients_; }

 private:
  Text read_data(Input& input);
  Text read_chunk(Input& input);

  const Settings& settings_;
  Intake& intake_;
  const Origin& origin_;
  MailEnvelope envelope_;
  std::uint64_t announced_size_ = 0;
  Content content_;
  DataReader data_reader_;
  std::optional<BdatReader> chunk_;  // since the first BDAT
  std::size_t recipients_ = 0;
  bool over_ = false;
  std::unique_ptr<Staged> message_;  // whole, not accepted yet
  Findings findings_;                // about it
};

}  // namespace waxwing::smtp
