#include "base/encoding.h"
#include "base/text.h"
#include "daemon/administer.h"
#include "daemon/known_messages.h"
#include "daemon/mail_source.h"
#include "daemon/mail_transport.h"
#include "daemon/progress_bar.h"

namespace waxwing {

namespace {

using nlohmann::json;

// Of messages that go over at once.
constexpr std::size_t kBatch = 200;

Result<FoundMail> find(const ImportOrder& order) {
  if (!is_utf8(order.mailbox))
    return fail(Error::Code::Invalid,
                "--mailbox is not UTF-8: type it on a terminal that writes UTF-8");
  if (order.from == "dovecot") return find_in_dovecot(order.path);
  if (order.from == "maildir") return find_in_maildir(order.path);
  if (order.from == "mbox") return find_in_mbox(order.path, order.mailbox);
  return fail(Error::Code::Invalid, "--from " + order.from + ": choose maildir, mbox or dovecot");
}

class Import {
 public:
  Import(Administration& administration, const ImportOrder& order, FoundMail& mail,
         std::uint64_t messages)
      : administration_(administration), order_(order), mail_(mail), bar_(messages) {}

  // Before anything is put in: an account that is missing, or a mailbox that cannot keep the UIDs,
  // ends the import here. Mailboxes whose names the store does not take are left out.
  Outcome make_mailboxes() {
    std::vector<FoundMailbox> made;
    for (FoundMailbox& mailbox : mail_.mailboxes) {
      begin(mailbox);
      const Answer answer = administration_.ask(request_);
      if (answer.status != 0 && answer.result.is_object() && answer.result.contains("bad_name")) {
        mail_.left_out.add("a mailbox that cannot be made, " + answer.text,
                           mail_.files.path_of(mailbox.folder));
        continue;
      }
      if (answer.status != 0) return fail(Error::Code::Temporary, answer.text);
      made.push_back(std::move(mailbox));
    }
    mail_.mailboxes = std::move(made);
    return {};
  }

  Outcome put(const FoundMailbox& mailbox) {
    auto known = known_in(mailbox.name);
    if (!known) return fail(known.error());
    find_end_of_earlier_try(mailbox, *known);
    seen_ = known->uid_next();
    begin(mailbox);
    for (const FoundMessage& message : mailbox.messages) {
      if (message.size == 0) {
        ++empty_;
        continue;
      }
      const auto text = read_message(mail_.files, message);
      if (!text) {
        mail_.left_out.add(text.error().text, mail_.files.path_of(message.file));
        continue;
      }
      add(message, *text, known->meet(*text, message.uid.value_or(0)));
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
  std::uint64_t renumbered() const { return renumbered_; }
  std::uint64_t known() const { return known_; }
  std::uint64_t empty() const { return empty_; }

 private:
  json request(const char* command, const std::string& mailbox) const {
    return {{"command", command}, {"address", order_.address}, {"mailbox", mailbox}};
  }

  void begin(const FoundMailbox& mailbox) {
    request_ = request("mailbox put", mailbox.name);
    request_["messages"] = json::array();
    if (mailbox.uid_validity) request_["uid_validity"] = *mailbox.uid_validity;
    bytes_ = 0;
  }

  Result<KnownMessages> known_in(const std::string& mailbox) {
    KnownMessages known;
    for (Uid after = 0;;) {
      json asked = request("mailbox keys", mailbox);
      asked["after"] = after;
      const Answer answer = administration_.ask(asked);
      if (answer.status != 0) return fail(Error::Code::Temporary, answer.text);
      known.add(answer.result);
      const Uid last = answer.result.value("last", after);
      if (last == after) return known;
      after = last;
    }
  }

  void find_end_of_earlier_try(const FoundMailbox& mailbox, KnownMessages& known) const {
    for (auto message = mailbox.messages.rbegin(); message != mailbox.messages.rend(); ++message) {
      if (!message->uid || !known.has(*message->uid)) continue;
      const auto text = read_message(mail_.files, *message);
      if (!text || !known.is_in_place(*text, *message->uid)) continue;
      known.set_imported(*message->uid);
      return;
    }
  }

  void add(const FoundMessage& message, const std::string& text, KnownMessages::Verdict verdict) {
    using Verdict = KnownMessages::Verdict;
    json entry = json::object();
    if (message.uid) entry["uid"] = *message.uid;
    if (!message.uidl.empty()) entry["uidl"] = message.uidl;
    if (verdict == Verdict::Known || verdict == Verdict::InPlace) {
      ++known_;
      bar_.advance(1, "already there");
      // A try that was interrupted may have put the message in and not yet its id of POP3.
      const bool has_uidl = verdict == Verdict::InPlace && !message.uidl.empty();
      if (has_uidl) request_["messages"].push_back(std::move(entry));
      return;
    }
    entry["flags"] = message.flags;
    entry["date"] = message.date;
    entry["text"] = base64(text);
    bytes_ += text.size();
    request_["messages"].push_back(std::move(entry));
    ++sent_;
  }

  Outcome send(const std::string& name) {
    request_["seen"] = seen_;
    const Answer answer = administration_.ask(request_);
    if (answer.status != 0) return fail(Error::Code::Temporary, answer.text);
    const auto stored = answer.result.value("stored", std::uint64_t{0});
    stored_ += stored;
    known_ += sent_ - std::min(sent_, stored);
    seen_ = answer.result.value("uid_next", seen_);
    renumbered_ += answer.result.value("renumbered", std::uint64_t{0});
    bar_.advance(std::exchange(sent_, 0), name);
    return {};
  }

  Administration& administration_;
  const ImportOrder& order_;
  FoundMail& mail_;
  ProgressBar bar_;
  json request_;
  std::size_t bytes_ = 0;
  Uid seen_ = 0;            // what has this UID or a higher one came since we looked
  std::uint64_t sent_ = 0;  // of this request
  std::uint64_t stored_ = 0, renumbered_ = 0, known_ = 0, empty_ = 0;
};

std::string summary(const Import& import, const FoundMail& mail, std::uint64_t messages) {
  std::string text = std::to_string(import.stored()) + " of " + std::to_string(messages) +
                     " messages put into " + std::to_string(mail.mailboxes.size()) + " mailboxes";
  if (import.known() > 0) text += ", " + std::to_string(import.known()) + " were there already";
  if (import.renumbered() > 0) {
    text += ", " + std::to_string(import.renumbered()) + " got new UIDs, for others have theirs";
  }
  if (import.empty() > 0) text += ", " + std::to_string(import.empty()) + " empty files left out";
  return text + mail.left_out.lines();
}

}  // namespace

Answer import_mail(const ImportOrder& order) {
  auto mail = find(order);
  if (!mail) return failed(mail.error().text);
  auto administration = Administration::open(order.config);
  if (!administration) return failed(administration.error().text);
  std::uint64_t messages = 0;
  for (const auto& mailbox : mail->mailboxes) messages += mailbox.messages.size();
  Import import(*administration, order, *mail, messages);
  if (auto done = import.make_mailboxes(); !done) return failed(done.error().text);
  for (const auto& mailbox : mail->mailboxes) {
    if (auto done = import.put(mailbox); !done) {
      if (import.stored() == 0) return failed(done.error().text);
      return failed(done.error().text + "; " + std::to_string(import.stored()) +
                    " messages are in, and the same command goes on from there");
    }
  }
  if (mail->subscriptions) {
    if (auto done = import.subscribe(*mail->subscriptions); !done) return failed(done.error().text);
  }
  return done(summary(import, *mail, messages), {{"stored", import.stored()},
                                                 {"messages", messages},
                                                 {"known", import.known()},
                                                 {"left_out", mail->left_out.count()},
                                                 {"mailboxes", mail->mailboxes.size()}});
}

}  // namespace waxwing
