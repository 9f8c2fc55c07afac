#include "protocols/imap/upload.h"

#include "base/encoding.h"
#include "base/text.h"
#include "protocols/imap/binary_message.h"
#include "protocols/imap/conversation.h"
#include "protocols/imap/message_limit.h"

namespace waxwing::imap {
namespace {

// Texts that wait for the command's end are in memory.
constexpr std::size_t kMaxWaiting = 64 * 1024;

// RFC 4469 section 4.1. What may not stand in a response code stands there as in a URL.
Reply bad_url(std::string_view url) {
  constexpr std::size_t kMost = 1000;
  return Reply::no("That URL names no message here",
                   "BADURL " + percent(url.substr(0, kMost), "-._~!$&'()*+,;=:@/?#%\""));
}

Reply message_too_large() {
  return to_reply({Error::Code::TooLarge, {}});
}

}  // namespace

tl::expected<AppendReader::Literal, SyntaxError> Upload::announced(const RawCommand& so_far) {
  const auto literal = reader_.announced(so_far);
  if (literal && *literal == AppendReader::Literal::Text) {
    is_binary_ = so_far.literals.back().is_binary;
    last_ = '\0';
    waiting_.emplace_back();
  }
  return literal;
}

bool Upload::may_wait() const {
  return waiting_bytes_ + reader_.append().messages.back().parts.back().size <= kMaxWaiting;
}

std::optional<Reply> Upload::begin(Conversation& conversation) {
  if (reader_.replaced()) {
    const auto found = find_replaced(conversation, reader_.numbering(), *reader_.replaced());
    if (!found) fail(found.error());
  }
  catch_up(conversation, reader_.append(), false);
  return failure_;
}

// Stages parts in their order: those that came while nothing was begun, and at last the one that is
// coming; of that one, what is there.
void Upload::catch_up(Conversation& conversation, const Append& append, bool is_whole) {
  for (; message_ < append.messages.size(); ++message_, part_ = 0) {
    const auto& parts = append.messages[message_].parts;
    if (staged_.size() == message_) begin_message(conversation, append);
    for (; part_ < parts.size(); ++part_) {
      if (failure_) return;
      if (parts[part_].kind == AppendPart::Kind::Url) {
        append_url(conversation, parts[part_].text);
        continue;
      }
      if (!is_begun_) begin_text(conversation, append.messages[message_], parts[part_]);
      if (failure_) return;
      is_begun_ = true;
      write(conversation);
      const bool is_coming =
          !is_whole && message_ + 1 == append.messages.size() && part_ + 1 == parts.size();
      if (is_coming) return;
      waiting_.pop_front();
      is_begun_ = false;
    }
    if (!failure_) end_message(conversation, append.messages[message_]);
    if (failure_) return;
  }
}

void Upload::end_message(const Conversation& conversation, const AppendMessage& appended) {
  const mail::Message& message = staged_.back()->finish();
  if (message.size == 0) return fail(Reply::no("A message has at least one octet", "CANNOT"));
  // RFC 6855 section 4. Octets that are no UTF-8 are no header of that kind: old mail is full of
  // them, and RFC 3501 lets it in.
  const bool has_utf8 = !is_ascii(message.header) && is_utf8(message.header);
  if (has_utf8 && !conversation.speaks_utf8()) {
    return fail(Reply::no("UTF-8 in header fields needs ENABLE UTF8=ACCEPT", "CANNOT"));
  }
  if (!has_parts(appended.annotations, message)) return fail(no_such_part());
  if (!message.may_hold_nul) return;
  auto encoded = conversation.services.store.stage();
  if (!encoded) return fail(conversation.refuse(encoded.error()));
  if (const auto done = encode_binary(*staged_.back(), **encoded); !done) {
    return fail(done.error().code == Error::Code::Invalid
                    ? Reply::no("NUL may stand in the body of a part alone", "UNKNOWN-CTE")
                    : conversation.refuse(done.error()));
  }
  (*encoded)->finish();
  staged_.back() = std::move(*encoded);
}

void Upload::begin_message(Conversation& conversation, const Append& append) {
  if (failure_) return;
  if (const auto most = save_limit(conversation); most && message_ >= *most) {
    return fail(too_many_to_save(*most));
  }
  if (message_ == limits_.messages) {
    return fail(Reply::no("That are too many messages for one command", "LIMIT"));
  }
  const auto& annotations = append.messages[message_].annotations;
  if (auto refusal = refuse_annotations(conversation, annotations)) {
    return fail(std::move(*refusal));
  }
  if (!mailbox_) {
    const auto name = conversation.decode(append.mailbox);
    if (!name) return fail(Reply::no(name.error().text, "CANNOT"));
    auto mailbox = conversation.account->mailbox(*name);
    if (!mailbox) {
      return fail(mailbox.error().code == Error::Code::NotFound
                      ? Reply::no("There is no such mailbox", "TRYCREATE")
                      : conversation.refuse(mailbox.error()));
    }
    mailbox_ = std::move(*mailbox);
  }
  const auto& parts = append.messages[message_].parts;
  const std::uint64_t size = parts.empty() ? 0 : parts.front().size;
  const auto room = conversation.services.store.check_room(conversation.account->address(), size);
  // What REPLACE takes away makes room; that is known when it is done.
  if (!room && !reader_.replaced()) return fail(conversation.refuse(room.error()));
  put_away(conversation);
  auto staged = conversation.services.store.stage();
  if (!staged) return fail(conversation.refuse(staged.error()));
  staged_.push_back(std::move(*staged));
}

// Before a client sends a gigabyte it learns that there is no place for it.
void Upload::begin_text(const Conversation& conversation, const AppendMessage& message,
                        const AppendPart& part) {
  // RFC 3502: an empty literal is no message, and calls the whole command off.
  if (part.size == 0 && !message.is_catenated) {
    return fail(Reply::no("A message has at least one octet", "CANNOT"));
  }
  const std::uint64_t most = conversation.services.settings->limits.message_size;
  if (part.size > most || part.size + staged_.back()->size() > most)
    return fail(message_too_large());
  count(part.size);
}

void Upload::append_url(Conversation& conversation, const std::string& url) {
  if (++urls_ > limits_.urls) {
    return fail(Reply::no("That are too many URLs for one command", "LIMIT"));
  }
  const std::uint64_t before = staged_.back()->size();
  if (const auto done = url_texts_.append(conversation, url, *staged_.back()); !done) {
    return fail(done.error().code == Error::Code::Invalid ? bad_url(url)
                                                          : conversation.refuse(done.error()));
  }
  count(staged_.back()->size() - before);
}

void Upload::count(std::uint64_t bytes) {
  bytes_ += bytes;
  if (message_ > 0 && bytes_ > limits_.bytes) {
    fail(Reply::no("That is too much for one command", "LIMIT"));
  }
}

// Messages that are complete stay in memory while all of them are no more than one may be.
void Upload::put_away(const Conversation& conversation) {
  std::uint64_t in_memory = 0;
  for (std::size_t n = put_away_; n < staged_.size(); ++n) in_memory += staged_[n]->size();
  if (in_memory <= Staged::kInMemory) return;
  for (; put_away_ < staged_.size(); ++put_away_) {
    if (const auto done = staged_[put_away_]->put_away(); !done) {
      return fail(conversation.refuse(done.error()));
    }
  }
}

bool Upload::add(std::string bytes, const Conversation& conversation) {
  if (failure_) return true;
  if (!is_binary_) bytes = with_crlf(std::move(bytes));
  waiting_bytes_ += bytes.size();
  waiting_.back() += std::move(bytes);
  if (!is_begun_) return true;
  if (!staged_.back()->fits_in_memory(waiting_.front().size())) return false;
  write(conversation);
  return true;
}

void Upload::write(const Conversation& conversation) {
  if (failure_ || !is_begun_ || waiting_.front().empty()) return;
  if (auto written = staged_.back()->append(waiting_.front()); !written) {
    fail(conversation.refuse(written.error()));
  }
  waiting_bytes_ -= waiting_.front().size();
  waiting_.front().clear();
}

std::optional<Reply> Upload::finish(Conversation& conversation, const Append& append) {
  catch_up(conversation, append, true);
  return failure_;
}

std::vector<Mailbox::NewMessage> Upload::messages(const Append& append) const {
  std::vector<Mailbox::NewMessage> messages;
  for (std::size_t n = 0; n < append.messages.size(); ++n) {
    const AppendMessage& message = append.messages[n];
    Mailbox::NewMessage fresh;
    fresh.message = staged_[n].get();
    fresh.options.flags = {FlagChange::Mode::Replace, message.flags.system, message.flags.keywords};
    fresh.options.internal_date = message.internal_date;
    fresh.options.annotations = message.annotations;
    messages.push_back(std::move(fresh));
  }
  return messages;
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

tl::expected<Uid, Reply> find_replaced(const Conversation& conversation, Numbering numbering,
                                       const SequenceSet& set) {
  const Selected& selected = *conversation.selected;
  if (selected.is_read_only()) {
    return tl::unexpected(Reply::no("The mailbox is open for reading", "READ-ONLY"));
  }
  const auto indexes = selected.resolve(set, numbering);
  if (!indexes) return tl::unexpected(Reply::bad("There is no message of that number"));
  if (indexes->empty()) return tl::unexpected(Reply::no("There is no such message", "NONEXISTENT"));
  return selected.uids(*indexes).front();
}

}  // namespace waxwing::imap
