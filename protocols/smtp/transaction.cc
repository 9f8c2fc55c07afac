#include "protocols/smtp/transaction.h"

#include <string>
#include <utility>

#include "protocols/smtp/path.h"
#include "protocols/smtp/reply.h"

namespace waxwing::smtp {

Transaction::Transaction(const Settings& settings, Intake& intake, const Origin& origin)
    : settings_(settings), intake_(intake), origin_(origin), content_(settings) {}

Reply Transaction::mail(std::string_view argument) {
  auto mail = parse_mail(argument);
  if (!mail) return mail.error();
  if (mail->size.value_or(0) > settings_.limits.message_size) {
    return {552, "5.3.4", "Message is larger than this server takes"};
  }
  announced_size_ = mail->size.value_or(0);
  envelope_.announced_size = announced_size_;
  envelope_.sender = std::move(mail->sender);
  envelope_.body = mail->body;
  envelope_.smtp_utf8 = mail->smtp_utf8;
  envelope_.ret = mail->ret;
  envelope_.envelope_id = std::move(mail->envelope_id);
  // RFC 8689 section 2: only under TLS is it offered, and means what it says.
  if (mail->require_tls && origin_.tls_version.empty()) {
    return {530, "5.7.0", "REQUIRETLS needs TLS"};
  }
  envelope_.require_tls = mail->require_tls;
  return intake_.check_sender(origin_, envelope_);
}

Reply Transaction::rcpt(std::string_view argument) {
  if (chunk_) return {503, "5.5.1", "Recipients come before the message"};
  auto rcpt = parse_rcpt(argument, envelope_.smtp_utf8);
  if (!rcpt) return rcpt.error();
  if (envelope_.recipients.size() >= settings_.limits.recipients) {
    return {452, "4.5.3", "Too many recipients, send the rest in another transaction"};
  }
  auto answer = intake_.add_recipient(
      origin_, envelope_,
      {std::move(rcpt->recipient), {}, rcpt->notify, std::move(rcpt->original)});
  if (is_positive(answer)) ++recipients_;
  return answer;
}

Reply Transaction::data() {
  if (chunk_) return {503, "5.5.1", "DATA does not follow BDAT"};
  // RFC 2033 section 4.2 wants 503.
  const bool is_lmtp = origin_.peer.service == Service::Lmtp;
  if (envelope_.recipients.empty()) return {is_lmtp ? 503 : 554, "5.5.1", "No valid recipients"};
  content_.open(intake_, announced_size_);
  if (content_.refusal()) {
    over_ = true;
    return *content_.refusal();
  }
  return {354, "", "End the message with <CR><LF>.<CR><LF>"};
}

void Transaction::bdat(Chunk chunk) {
  if (envelope_.recipients.empty()) content_.refuse({554, "5.5.1", "No valid recipients"});
  chunk_.emplace(chunk);
}

Transaction::Text Transaction::read(Input& input) {
  const auto text = chunk_ ? read_chunk(input) : read_data(input);
  if (text == Text::End || text == Text::Hopeless) return text;
  content_.flush_to_memory();
  return content_.wants_disk() ? Text::Disk : text;
}

Transaction::Text Transaction::read_data(Input& input) {
  while (!input.empty()) {
    const auto read = data_reader_.read(input.view());
    content_.take(read.text);
    input.consume(read.used);
    if (read.ended) return Text::End;
    if (content_.is_hopeless()) return Text::Hopeless;
  }
  return Text::More;
}

Transaction::Text Transaction::read_chunk(Input& input) {
  const auto text = chunk_->read(input.view());
  content_.take(text);
  input.consume(text.size());
  if (chunk_->at_end()) return Text::End;
  return content_.is_hopeless() ? Text::Hopeless : Text::More;
}

void Transaction::write() {
  if (!content_.is_open() && !content_.refusal()) content_.open(intake_, announced_size_);
  content_.flush();
}

std::optional<Reply> Transaction::end() {
  over_ = !chunk_ || chunk_->is_last();
  write();
  if (over_) message_ = content_.finish();
  if (content_.refusal()) return *content_.refusal();
  if (!over_) return Reply{250, "2.0.0", "Chunk is here"};
  if (intake_.asks_network(origin_)) return std::nullopt;
  examine();
  return accept();
}

bool Transaction::examine() {
  findings_ = intake_.examine(origin_, envelope_, *message_);
  return findings_.refusal.has_value();
}

Reply Transaction::accept() {
  return intake_.accept(origin_, envelope_, std::move(message_), findings_);
}

}  // namespace waxwing::smtp
