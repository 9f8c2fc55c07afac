#include "tests/daemon/memory_store.h"

#include <gtest/gtest.h>

namespace waxwing::test {
namespace {

class MemoryStaged final : public Staged {
 public:
  Outcome append(std::string_view bytes) override {
    text_ += bytes;
    return {};
  }
  std::uint64_t size() const override { return text_.size(); }
  bool fits_in_memory(std::size_t) const override { return true; }
  const mail::Message& finish() override {
    if (!finished_) message_ = mail::parse(text_);
    finished_ = true;
    return message_;
  }
  Result<std::string> read(std::uint64_t offset, std::size_t size) const override {
    return text_.substr(offset, size);
  }

 private:
  std::string text_;
  mail::Message message_;
  bool finished_ = false;
};

// Knows its mailboxes by name and nothing else.
class MemoryAccount final : public Account {
 public:
  MemoryAccount(std::string address, std::vector<MailboxInfo> mailboxes)
      : address_(std::move(address)), mailboxes_(std::move(mailboxes)) {}

  const std::string& address() const override { return address_; }
  void watch(std::weak_ptr<Watcher>) override {}
  Result<std::vector<MailboxInfo>> mailboxes() override { return mailboxes_; }

  Result<std::shared_ptr<Mailbox>> mailbox(std::string_view) override { return none(); }
  Result<MailboxStatus> status(std::string_view) override { return none(); }
  Result<std::shared_ptr<Mailbox>> create(std::string_view, SpecialUse) override { return none(); }
  Result<std::shared_ptr<Mailbox>> import_mailbox(std::string_view, std::uint32_t) override {
    return none();
  }
  Outcome remove(std::string_view) override { return none(); }
  Outcome rename(std::string_view, std::string_view) override { return none(); }
  Outcome subscribe(std::string_view) override { return none(); }
  Outcome unsubscribe(std::string_view) override { return none(); }
  Result<std::string> special(SpecialUse) override { return none(); }
  Result<Annotations> annotations(std::string_view) override { return none(); }
  Result<std::uint64_t> annotate(std::string_view, const AnnotationChanges&) override {
    return none();
  }
  std::vector<Annotated> annotated_since(std::uint64_t) override { return {}; }
  std::uint64_t last_annotated() override { return 0; }
  Outcome set_special_use(std::string_view, SpecialUse) override { return none(); }
  Result<Usage> usage() override { return none(); }
  Result<QuotaLimits> quota() override { return none(); }

 private:
  static tl::unexpected<Error> none() { return fail(Error::Code::NotFound, "only names here"); }

  std::string address_;
  std::vector<MailboxInfo> mailboxes_;
};

}  // namespace

std::string MemoryStore::text() const {
  EXPECT_EQ(copies.size(), 1u);
  return copies.empty() ? std::string() : copies.front().text;
}

Result<std::shared_ptr<Account>> MemoryStore::account(std::string_view address) {
  const std::string name(address);
  return std::make_shared<MemoryAccount>(name, mailboxes[name]);
}

Result<std::unique_ptr<Staged>> MemoryStore::stage(std::uint64_t) {
  return std::make_unique<MemoryStaged>();
}

Outcome MemoryStore::check_room(std::string_view account, std::uint64_t) {
  if (full_accounts.contains(std::string(account)))
    return fail(Error::Code::OverQuota, "the account is full");
  return {};
}

Outcome MemoryStore::check_space() {
  if (is_full) return fail(Error::Code::NoSpace, "no space left on /secret/path");
  return {};
}

Result<std::vector<Store::Delivered>> MemoryStore::deliver(Staged& message, std::string_view prefix,
                                                           std::span<const Target> targets,
                                                           Outgoing* outgoing) {
  if (is_full) return fail(Error::Code::NoSpace, "no space left on /secret/path");
  const auto bytes = message.read(0, message.size());
  std::vector<Delivered> delivered;
  for (const auto& target : targets) {
    copies.push_back(
        {target.account, target.mailbox, target.prefix + std::string(prefix) + *bytes});
    delivered.push_back({target.account, {1}, 1, static_cast<Uid>(copies.size())});
  }
  if (outgoing) {
    sent.push_back({outgoing->envelope, std::string(prefix.substr(outgoing->skip)) + *bytes});
  }
  return delivered;
}

}  // namespace waxwing::test
