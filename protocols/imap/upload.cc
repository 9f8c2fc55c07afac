#include "protocols/imap/upload.h"

#include "protocols/imap/conversation.h"

namespace waxwing::imap {

std::optional<Reply> Upload::begin(Conversation& conversation) {
  // Before a client sends a gigabyte it learns that there is no place for it.
  if (size_ > conversation.services.settings->limits.message_size) {
    return to_reply({Error::Code::TooLarge, {}});
  }
  // RFC 3502 section 3: an empty literal is no message.
  if (size_ == 0) return Reply::no("A message has at least one octet", "CANNOT");
  const auto name = conversation.decode(wire_name_);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  auto mailbox = conversation.account->mailbox(*name);
  if (!mailbox) {
    if (mailbox.error().code != Error::Code::NotFound) return conversation.refuse(mailbox.error());
    return Reply::no("There is no such mailbox", "TRYCREATE");
  }
  auto staged = conversation.services.store.stage(size_);
  if (!staged) return conversation.refuse(staged.error());
  mailbox_ = std::move(*mailbox);
  staged_ = std::move(*staged);
  return std::nullopt;
}

bool Upload::add(std::string bytes, const Conversation& conversation) {
  if (failure_) return true;
  waiting_ += is_binary_ ? std::move(bytes) : with_crlf(std::move(bytes));
  if (!staged_) return true;
  if (!staged_->fits_in_memory(waiting_.size())) return false;
  write(conversation);
  return true;
}

void Upload::write(const Conversation& conversation) {
  if (failure_ || waiting_.empty()) return;
  if (auto written = staged_->append(waiting_); !written) {
    failure_ = conversation.refuse(written.error());
  }
  waiting_.clear();
}

Reply Upload::deliver(Conversation& conversation, const Mailbox::AppendOptions& options) {
  if (!failure_ && !staged_) failure_ = begin(conversation);
  write(conversation);
  if (failure_) return *failure_;
  staged_->finish();
  const auto uid = mailbox_->append(*staged_, options);
  if (!uid) {
    if (uid.error().code == Error::Code::NotFound) {
      return Reply::no("The mailbox has gone", "TRYCREATE");
    }
    return conversation.refuse(uid.error());
  }
  return Reply::ok("Appended", "APPENDUID " + std::to_string(mailbox_->uid_validity()) + " " +
                                   std::to_string(*uid));
}

// Some clients append lines that end in a bare LF. Nobody could fetch such a message as the
// standards have it, so it is stored as it should have been sent.  RFC 5322 section 2.3
std::string Upload::with_crlf(std::string bytes) {
  bool is_clean = true;
  char before = last_;
  for (const char c : bytes) {
    if (c == '\n' && before != '\r') is_clean = false;
    before = c;
  }
  if (!is_clean) {
    std::string fixed;
    fixed.reserve(bytes.size() + bytes.size() / 32);
    before = last_;
    for (const char c : bytes) {
      if (c == '\n' && before != '\r') fixed += '\r';
      fixed += c;
      before = c;
    }
    bytes = std::move(fixed);
  }
  last_ = before;
  return bytes;
}

}  // namespace waxwing::imap
