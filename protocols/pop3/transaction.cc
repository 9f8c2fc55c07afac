// The commands of the TRANSACTION state: what a client does with its mail.  RFC 1939 sections 5 to
// 7

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "protocols/pop3/conversation.h"

namespace waxwing::pop3 {
namespace {

// So many unique ids are asked of the store at a time.
constexpr std::size_t kUidlSlice = 1000;

void write_scan_line(std::size_t number, std::string_view text, Output& output) {
  output << std::to_string(number) << " " << text << "\r\n";
}

}  // namespace

Progress Conversation::stat(const std::string&, Output& output) {
  output << "+OK " << std::to_string(maildrop_->message_count()) << " "
         << std::to_string(maildrop_->total_octets()) << "\r\n";
  return Progress::Done;
}

// The message that the client means, or its refusal.
std::optional<std::size_t> Conversation::message_number(std::string_view text,
                                                        Output& output) const {
  const auto number = parse_number(trim(text), maildrop_->size());
  if (!number || *number == 0) {
    output << "-ERR No such message\r\n";
    return std::nullopt;
  }
  if (maildrop_->is_deleted(*number)) {
    output << "-ERR Message is deleted\r\n";
    return std::nullopt;
  }
  return *number;
}

Progress Conversation::list(const std::string& argument, Output& output) {
  if (!trim(argument).empty()) {
    if (const auto number = message_number(argument, output)) {
      output << "+OK ";
      write_scan_line(*number, std::to_string(maildrop_->octets(*number)), output);
    }
    return Progress::Done;
  }
  if (next_number_ == 0) {
    output << "+OK " << std::to_string(maildrop_->message_count()) << " messages\r\n";
    next_number_ = 1;
  }
  for (; next_number_ <= maildrop_->size(); ++next_number_) {
    if (output.is_full()) return Progress::Again;
    if (maildrop_->is_deleted(next_number_)) continue;
    write_scan_line(next_number_, std::to_string(maildrop_->octets(next_number_)), output);
  }
  next_number_ = 0;
  output << ".\r\n";
  return Progress::Done;
}

Progress Conversation::uidl(const std::string& argument, Output& output) {
  if (!trim(argument).empty()) {
    const auto number = message_number(argument, output);
    if (!number) return Progress::Done;
    const auto ids = maildrop_->uidls(*number, 1);
    if (ids) {
      output << "+OK ";
      write_scan_line(*number, ids->front(), output);
    } else {
      output << "-ERR [SYS/TEMP] Try again later\r\n";
    }
    return Progress::Done;
  }
  bool has_begun = next_number_ > 0;
  if (!has_begun) next_number_ = 1;
  do {
    const std::size_t count = std::min(kUidlSlice, maildrop_->size() + 1 - next_number_);
    const auto ids = maildrop_->uidls(next_number_, count);
    if (!ids) {
      log.error("uidl-failed", {{"session", peer_.session_id}, {"error", ids.error().text}});
      next_number_ = 0;
      if (has_begun) end_ = Next::close();  // a listing cannot take back what it said
      if (!has_begun) output << "-ERR [SYS/TEMP] Try again later\r\n";
      return Progress::Done;
    }
    if (!std::exchange(has_begun, true)) output << "+OK Unique ids follow\r\n";
    for (const std::string& id : *ids) {
      if (!maildrop_->is_deleted(next_number_)) write_scan_line(next_number_, id, output);
      ++next_number_;
    }
    if (output.is_full() && next_number_ <= maildrop_->size()) return Progress::Again;
  } while (next_number_ <= maildrop_->size());
  next_number_ = 0;
  output << ".\r\n";
  return Progress::Done;
}

Progress Conversation::retr(const std::string& argument, Output& output) {
  if (writer_) return write_message(output);
  const auto number = message_number(argument, output);
  if (!number) return Progress::Done;
  const auto progress = send_message(*number, {}, output);
  if (progress == Progress::Done) read_ahead_.sent(*number, *maildrop_);
  return progress;
}

bool Conversation::retr_at_once(const std::string& argument, Output& output) {
  const auto number = parse_number(trim(argument), maildrop_->size());
  if (!number || *number == 0) return false;
  auto text = read_ahead_.take(*number, *maildrop_);
  if (!text) return false;
  output.give(std::move(*text));
  return true;
}

Progress Conversation::top(const std::string& argument, Output& output) {
  if (writer_) return write_message(output);
  const auto pieces = words(argument);
  const auto lines = pieces.size() == 2 ? parse_number(pieces[1]) : std::nullopt;
  if (!lines) {
    reject("Syntax: TOP message lines", output);
    return Progress::Done;
  }
  const auto number = message_number(pieces[0], output);
  return number ? send_message(*number, *lines, output) : Progress::Done;
}

Progress Conversation::send_message(std::size_t number, std::optional<std::uint64_t> body_lines,
                                    Output& output) {
  auto message = maildrop_->open_message(number);
  if (!message && message.error().code == Error::Code::NotFound) {
    output << "-ERR Message was deleted by another program\r\n";
    return Progress::Done;
  }
  if (!message) {
    log.error("message-failed", {{"session", peer_.session_id}, {"error", message.error().text}});
    output << "-ERR [SYS/TEMP] The message cannot be read now, try again later\r\n";
    return Progress::Done;
  }
  if (body_lines) {
    output << "+OK Top of message follows\r\n";
  } else {
    output << "+OK " << std::to_string(message->size) << " octets\r\n";
  }
  writer_.emplace(std::move(*message), body_lines);
  return write_message(output);
}

Progress Conversation::write_message(Output& output) {
  const auto progress = writer_->write(output);
  if (!progress) {
    log.error("message-failed", {{"session", peer_.session_id}, {"error", progress.error().text}});
    end_ = Next::close();  // without the closing dot, so nobody takes a part for the whole
  }
  if (!progress || *progress == Progress::Done) writer_.reset();
  return progress.value_or(Progress::Done);
}

Progress Conversation::dele(const std::string& argument, Output& output) {
  if (const auto number = message_number(argument, output)) {
    maildrop_->mark_deleted(*number);
    output << "+OK Message " << std::to_string(*number) << " will be deleted\r\n";
  }
  return Progress::Done;
}

Progress Conversation::rset(const std::string&, Output& output) {
  maildrop_->unmark_all();
  output << "+OK " << std::to_string(maildrop_->message_count()) << " messages\r\n";
  return Progress::Done;
}

Progress Conversation::noop(const std::string&, Output& output) {
  output << "+OK\r\n";
  return Progress::Done;
}

Progress Conversation::quit(const std::string&, Output& output) {
  if (maildrop_ && maildrop_->message_count() < maildrop_->size()) {
    task_ = Task{Lane::Storage, &Conversation::update, {}};
    return Progress::Done;
  }
  output << "+OK Goodbye\r\n";
  end_ = Next::close();
  return Progress::Done;
}

// The UPDATE state: all that DELE marked goes, or nothing.  RFC 1939 section 6
Progress Conversation::update(const std::string&, Output& output) {
  end_ = Next::close();
  const auto deleted = maildrop_->commit();
  if (!deleted) {
    log.error("delete-failed",
              {{"session", peer_.session_id}, {"account", user_}, {"error", deleted.error().text}});
    output << "-ERR [SYS/TEMP] Deleted messages were not removed\r\n";
    return Progress::Done;
  }
  log.info("deleted", {{"session", peer_.session_id}, {"account", user_}, {"messages", *deleted}});
  output << "+OK Goodbye\r\n";
  return Progress::Done;
}

}  // namespace waxwing::pop3
