#pragma once

#include <sys/mman.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/authenticator.h"
#include "base/text.h"
#include "storage/store.h"

// A world in memory for POP3 sessions: one INBOX and its owner, where a test decides what fails.
namespace waxwing::pop3 {

inline tl::unexpected<Error> not_here() {
  return fail(Error::Code::Invalid, "not in this world");
}

class FakeInbox final : public Mailbox {
 public:
  void add(Uid uid, std::string bytes) {
    files[uid] = std::move(bytes);
    show();
  }
  // As another session's EXPUNGE does.
  void remove(Uid uid) {
    files.erase(uid);
    show();
  }
  MailboxId id() const override { return {1}; }
  std::string name() const override { return "INBOX"; }
  std::uint32_t uid_validity() const override { return 7; }
  bool is_gone() const override { return false; }
  View::Version view() const override { return view_; }
  void watch(std::weak_ptr<Watcher>) override {}
  Outcome refresh() override { return {}; }
  Result<Uid> recent(Recent) override { return not_here(); }
  Result<std::vector<Uid>> append(std::span<const NewMessage>) override { return not_here(); }
  Result<Uid> replace(Uid, const NewMessage&, Mailbox&) override { return not_here(); }
  Result<FlagOutcome> change_flags(std::span<const Uid>, const FlagChange&,
                                   std::optional<ModSeq>) override {
    return not_here();
  }
  Result<std::vector<Uid>> expunge(std::span<const Uid> uids, Expunge) override {
    if (is_broken) return fail(Error::Code::Temporary, "/secret/path: I/O error");
    for (const Uid uid : uids) files.erase(uid);
    return std::vector<Uid>(uids.begin(), uids.end());
  }
  Result<Copied> copy(std::span<const Uid>, Mailbox&) override { return not_here(); }
  Result<Copied> move(std::span<const Uid>, Mailbox&) override { return not_here(); }
  Result<MessageFile> open(Uid uid) override {
    if (is_broken) return fail(Error::Code::Temporary, "/secret/path: I/O error");
    const auto found = files.find(uid);
    if (found == files.end()) return fail(Error::Code::NotFound, "/secret/path");
    const std::string& bytes = found->second;
    Fd file(::memfd_create("message", MFD_CLOEXEC));
    if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      return fail(Error::Code::Temporary, "memfd");
    }
    return MessageFile{std::make_shared<const Fd>(std::move(file)), bytes.size()};
  }
  Outcome read(std::span<const Uid>, Fields,
               const std::function<bool(Uid, const Parsed&)>&) override {
    return not_here();
  }
  Result<std::vector<std::string>> email_ids(std::span<const Uid>) override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::vector<Uid>>> find_email_ids(std::span<const std::string>) override {
    return std::vector<std::vector<Uid>>();
  }
  Outcome set_uidls(std::span<const std::pair<Uid, std::string>>) override { return {}; }
  Result<std::vector<std::string>> uidls(std::span<const Uid> uids) override {
    if (is_broken) return fail(Error::Code::Temporary, "/secret/path: I/O error");
    std::vector<std::string> ids;
    for (const Uid uid : uids) ids.push_back("7." + std::to_string(uid));
    return ids;
  }
  Result<std::vector<Uid>> hidden_from_pop3() override { return hidden; }
  Outcome hide_from_pop3(std::span<const Uid> uids) override {
    hidden.insert(hidden.end(), uids.begin(), uids.end());
    return {};
  }
  Result<std::optional<std::vector<Uid>>> expunged_since(ModSeq) override { return not_here(); }

  std::map<Uid, std::string> files;
  std::vector<Uid> hidden;
  bool is_broken = false;

 private:
  void show() {
    std::vector<MessageRow> rows;
    for (const auto& [each, text] : files) {
      MessageRow row;
      row.uid = each;
      row.size = static_cast<std::uint32_t>(text.size());
      rows.push_back(row);
    }
    view_ = View::make(std::move(rows), files.rbegin()->first + 1, 1, {});
  }

  View::Version view_ = View::make({}, 1, 1, {});
};

class FakeAccount final : public Account {
 public:
  const std::string& address() const override { return address_; }
  void watch(std::weak_ptr<Watcher>) override {}
  Result<std::vector<MailboxInfo>> mailboxes() override { return not_here(); }
  Result<std::shared_ptr<Mailbox>> mailbox(std::string_view) override { return inbox; }
  Result<MailboxStatus> status(std::string_view) override { return not_here(); }
  Result<std::shared_ptr<Mailbox>> create(std::string_view, SpecialUse) override {
    return not_here();
  }
  Result<std::shared_ptr<Mailbox>> import_mailbox(std::string_view, std::uint32_t) override {
    return not_here();
  }
  Outcome remove(std::string_view) override { return not_here(); }
  Outcome rename(std::string_view, std::string_view) override { return not_here(); }
  Outcome subscribe(std::string_view) override { return not_here(); }
  Outcome unsubscribe(std::string_view) override { return not_here(); }
  Result<std::string> special(SpecialUse) override { return not_here(); }
  Result<Annotations> annotations(std::string_view) override { return not_here(); }
  Result<std::uint64_t> annotate(std::string_view, const AnnotationChanges&) override {
    return not_here();
  }
  std::vector<Annotated> annotated_since(std::uint64_t) override { return {}; }
  std::uint64_t last_annotated() override { return 0; }
  Outcome set_special_use(std::string_view, SpecialUse) override { return not_here(); }
  Result<Usage> usage() override { return not_here(); }
  Result<QuotaLimits> quota() override { return not_here(); }

  const std::shared_ptr<FakeInbox> inbox = std::make_shared<FakeInbox>();

 private:
  std::string address_ = "alice@example.test";
};

class FakeStore final : public Store {
 public:
  Result<std::shared_ptr<Account>> account(std::string_view) override {
    if (is_broken) return fail(Error::Code::Temporary, "/secret/path: I/O error");
    return alice;
  }
  Outcome remove_account(std::string_view) override { return not_here(); }
  Outcome rename_account(std::string_view, std::string_view) override { return not_here(); }
  Result<std::unique_ptr<Staged>> stage(std::uint64_t) override { return not_here(); }
  Outcome check_space() override { return {}; }
  bool knows_space() const override { return false; }
  Outcome check_room(std::string_view, std::uint64_t) override { return {}; }
  Result<std::vector<Delivered>> deliver(Staged&, std::string_view, std::span<const Target>,
                                         Outgoing*) override {
    return not_here();
  }
  Result<Verdict> verify(std::string_view) override { return not_here(); }
  Outcome rebuild(std::string_view) override { return not_here(); }
  void close() override {}

  const std::shared_ptr<FakeAccount> alice = std::make_shared<FakeAccount>();
  bool is_broken = false;
};

// Knows one user, "alice" with the password " sec ret"; PLAIN takes the password alone.
class FakeAuthenticator final : public Authenticator {
 public:
  Result<Identity> password(const SignInContext&, std::string_view user, std::string_view password,
                            std::string_view) override {
    if (is_busy) return fail(Error::Code::Temporary, "throttled");
    if (user != "alice" || password != " sec ret") return fail(Error::Code::Denied, "wrong");
    return Identity{1, "alice@example.test", policy};
  }
  std::vector<std::string> mechanisms(const Offer& offer) override {
    return offer.clear_passwords_allowed ? std::vector<std::string>{"PLAIN"}
                                         : std::vector<std::string>{};
  }
  Result<std::unique_ptr<SaslExchange>> start(const SignInContext&, std::string_view mechanism,
                                              const Offer&) override {
    if (mechanism == "PLAIN") return std::make_unique<Exchange>(*this, "");
    if (mechanism == "TWO-WAY") return std::make_unique<Exchange>(*this, "proof");
    return fail(Error::Code::NotFound, "");
  }

  PopPolicy policy = PopPolicy::On;
  bool is_busy = false;

 private:
  struct Exchange final : SaslExchange {
    Exchange(FakeAuthenticator& owner, std::string last_word)
        : authenticator(owner), proof(std::move(last_word)) {}
    bool client_first() const override { return true; }
    Step respond(std::string_view message) override {
      auto identity = authenticator.password({}, "alice", message, "");
      if (!identity) return {Step::Kind::Failed, {}, {}, identity.error()};
      return {Step::Kind::Done, proof, *identity, {}};
    }
    FakeAuthenticator& authenticator;
    std::string proof;
  };
};

}  // namespace waxwing::pop3
