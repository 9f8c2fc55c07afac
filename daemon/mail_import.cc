#include "base/encoding.h"
#include "daemon/administer.h"
#include "daemon/mail_source.h"
#include "daemon/mail_transport.h"
#include "daemon/progress_bar.h"

namespace waxwing {

namespace {

using nlohmann::json;

// Of messages that go over at once.
constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::size_t kBatch = 200;

Result<FoundMail> find(const ImportOrder& order) {
  if (order.from == "dovecot") return find_in_dovecot(order.path);
  if (order.from == "maildir") return find_in_maildir(order.path);
  if (order.from == "mbox") return find_in_mbox(order.path, order.mailbox);
  return fail(Error::Code::Invalid, "--from " + order.from + ": choose maildir, mbox or dovecot");
}

class Import {
 public:
  Import(Administration& administration, const ImportOrder& order, std::uint64_t messages)
      : administration_(administration), order_(order), bar_(messages) {}

  Outcome put(const FoundMailbox& mailbox) {
    // Also when there is nothing in it: it is to be there.
    begin(mailbox);
    for (const FoundMessage& message : mailbox.messages) {
      if (message.size == 0) {
        ++empty_;
        continue;
      }
      auto text = read_message(message);
      if (!text) return fail(text.error());
      json entry = {{"flags", message.flags}, {"date", message.date}, {"text", base64(*text)}};
      if (message.uid) entry["uid"] = *message.uid;
      if (!message.uidl.empty()) entry["uidl"] = message.uidl;
      bytes_ += text->size();
      request_["messages"].push_back(std::move(entry));
      if (bytes_ < kBatchBytes && request_["messages"].size() < kBatch) continue;
      if (auto done = send(mailbox.name); !done) return done;
      begin(mailbox);
    }
    return send(mailbox.name);
  }

  Outcome subscribe(const std::vector<std::string>& names) {
    const Answer answer = administration_.ask({{"command", "mailbox subscriptions"},
                                               {"address", order_.address},
                                               {"subscriptions", names}});
    if (answer.status != 0) return fail(Error::Code::Temporary, answer.text);
    return {};
  }

  std::uint64_t stored() const { return stored_; }
  std::uint64_t empty() const { return empty_; }

 private:
  void begin(const FoundMailbox& mailbox) {
    request_ = {{"command", "mailbox put"},
                {"address", order_.address},
                {"mailbox", mailbox.name},
                {"messages", json::array()}};
    if (mailbox.uid_validity) request_["uid_validity"] = *mailbox.uid_validity;
    bytes_ = 0;
  }

  Outcome send(const std::string& name) {
    const std::size_t count = request_["messages"].size();
    const Answer answer = administration_.ask(request_);
    if (answer.status != 0) return fail(Error::Code::Temporary, answer.text);
    stored_ += answer.result.value("stored", std::uint64_t{0});
    bar_.advance(count, name);
    return {};
  }

  Administration& administration_;
  const ImportOrder& order_;
  ProgressBar bar_;
  json request_;
  std::size_t bytes_ = 0;
  std::uint64_t stored_ = 0, empty_ = 0;
};

}  // namespace

Answer import_mail(const ImportOrder& order) {
  const auto mail = find(order);
  if (!mail) return failed(mail.error().text);
  auto administration = Administration::open(order.config);
  if (!administration) return failed(administration.error().text);
  std::uint64_t messages = 0;
  for (const auto& mailbox : mail->mailboxes) messages += mailbox.messages.size();
  Import import(*administration, order, messages);
  for (const auto& mailbox : mail->mailboxes) {
    if (auto done = import.put(mailbox); !done) {
      return failed(done.error().text + "; " + std::to_string(import.stored()) +
                    " messages are in, and the same command goes on from there");
    }
  }
  if (mail->subscriptions) {
    if (auto done = import.subscribe(*mail->subscriptions); !done) return failed(done.error().text);
  }
  std::string text = std::to_string(import.stored()) + " of " + std::to_string(messages) +
                     " messages put into " + std::to_string(mail->mailboxes.size()) + " mailboxes";
  if (import.empty() > 0) text += ", " + std::to_string(import.empty()) + " empty files left out";
  return done(
      text,
      {{"stored", import.stored()}, {"messages", messages}, {"mailboxes", mail->mailboxes.size()}});
}

}  // namespace waxwing
