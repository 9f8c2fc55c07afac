#pragma once

#include <string>

#include "storage/queue.h"
#include "storage/store.h"
#include "storage/store_context.h"

namespace waxwing {

// The part of a Delivery that goes out: the file that the mailboxes get gets one name more, in the
// spool, and an envelope beside it. Held by one thread at a time.
class Spooling {
 public:
  // Both outlive it.
  Spooling(StoreContext& context, Store::Outgoing& outgoing);
  // What was made and is not kept goes again.
  ~Spooling();

  // `own`: octets in front of `size` others which are for mailboxes only, beside those of
  // Outgoing::skip.
  void describe(std::uint64_t own, std::uint64_t size);
  const std::string& message_path() const { return message_path_; }
  // The message has that name now.
  void has_message() { has_message_ = true; }
  // Writes the envelope and gives it its name.
  Outcome write_envelope();
  Outcome sync();
  // Both files are durable: they stay, and the queue learns of them.
  void publish();

 private:
  StoreContext& context_;
  Store::Outgoing& outgoing_;
  std::string message_path_, envelope_path_;
  Fd envelope_;
  bool has_message_ = false, has_envelope_ = false;
};

}  // namespace waxwing
