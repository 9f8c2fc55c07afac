// What is left when the index has nothing of a message that can be read: the file.

#include <gtest/gtest.h>

#include "protocols/imap/fetch_line.h"
#include "protocols/imap/search_run.h"
#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

// A mailbox as it is, but for what the index says of messages.
class DamagedIndex final : public Mailbox {
 public:
  explicit DamagedIndex(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  MailboxId id() const override { return mailbox_->id(); }
  std::string name() const override { return mailbox_->name(); }
  std::uint32_t uid_validity() const override { return mailbox_->uid_validity(); }
  bool is_gone() const override { return mailbox_->is_gone(); }
  View::Version view() const override { return mailbox_->view(); }
  void watch(std::weak_ptr<Watcher> watcher) override { mailbox_->watch(std::move(watcher)); }
  Outcome refresh() override { return mailbox_->refresh(); }
  Result<Uid> recent(Recent how) override { return mailbox_->recent(how); }
  Result<std::vector<Uid>> append(std::span<const NewMessage> messages) override {
    return mailbox_->append(messages);
  }
  Result<Uid> replace(Uid uid, const NewMessage& message, Mailbox& target) override {
    return mailbox_->replace(uid, message, target);
  }
  Result<FlagOutcome> change_flags(std::span<const Uid> uids, const FlagChange& change,
                                   std::optional<ModSeq> unchanged_since) override {
    return mailbox_->change_flags(uids, change, unchanged_since);
  }
  Result<std::vector<Uid>> expunge(std::span<const Uid> uids, Expunge which) override {
    return mailbox_->expunge(uids, which);
  }
  Result<Copied> copy(std::span<const Uid> uids, Mailbox& target) override {
    return mailbox_->copy(uids, target);
  }
  Result<Copied> move(std::span<const Uid> uids, Mailbox& target) override {
    return mailbox_->move(uids, target);
  }
  Result<MessageFile> open(Uid uid) override { return mailbox_->open(uid); }
  Outcome read(std::span<const Uid> uids, Fields fields,
               const std::function<bool(Uid, const Parsed&)>& visit) override {
    return mailbox_->read(uids, fields, [&](Uid uid, const Parsed& parsed) {
      Parsed damaged = parsed;
      damaged.message = "no message";
      return visit(uid, damaged);
    });
  }
  Result<std::vector<std::string>> email_ids(std::span<const Uid> uids) override {
    return mailbox_->email_ids(uids);
  }
  Result<std::vector<std::vector<Uid>>> find_email_ids(std::span<const std::string> ids) override {
    return mailbox_->find_email_ids(ids);
  }
  Outcome set_uidls(std::span<const std::pair<Uid, std::string>> uidls) override {
    return mailbox_->set_uidls(uidls);
  }
  Result<std::vector<std::string>> uidls(std::span<const Uid> uids) override {
    return mailbox_->uidls(uids);
  }
  Result<std::vector<Uid>> hidden_from_pop3() override { return mailbox_->hidden_from_pop3(); }
  Outcome hide_from_pop3(std::span<const Uid> uids) override {
    return mailbox_->hide_from_pop3(uids);
  }
  Result<std::optional<std::vector<Uid>>> expunged_since(ModSeq modseq) override {
    return mailbox_->expunged_since(modseq);
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
};

TEST(DamagedIndex, IsSearchedByItsFiles) {
  SessionWorld world;
  world.deliver("Subject: x\r\n\r\nneedle\r\n");
  DamagedIndex mailbox(world.mailbox());
  MailboxSource source(mailbox);
  auto opened = source.open(1);
  ASSERT_TRUE(opened);
  const std::vector<Needle> needles = {{"needle", false}};
  BodySearch search(std::move(opened->message), std::move(opened->read), needles);
  for (auto is_over = search.step(); is_over && !*is_over; is_over = search.step()) {
  }
  EXPECT_EQ(search.found(), std::vector<bool>{true});
  EXPECT_EQ(source.open(2).error().code, Error::Code::NotFound);
}

TEST(DamagedIndex, IsFetchedFromItsFiles) {
  SessionWorld world;
  world.deliver("Subject: x\r\n\r\nbody\r\n");
  DamagedIndex mailbox(world.mailbox());
  const Parsed damaged{"", false, "no message"};
  FetchedMessage message(mailbox, 1, &damaged);
  FetchNeeds needs;
  needs.message = needs.header = true;
  ASSERT_TRUE(message.prepare(needs));
  EXPECT_EQ(message.message().envelope.subject, "x");
  EXPECT_EQ(*message.header(), "Subject: x\r\n\r\n");
}

// Of a long message it is not known then whether it holds a NUL, so somebody has to look.
TEST(DamagedIndex, SendsNoNulFromALongMessage) {
  SessionWorld world;
  const std::string body = std::string(200'000, 'x') + '\0' + "\r\n";
  world.deliver("Subject: x\r\n\r\n" + body);
  DamagedIndex mailbox(world.mailbox());
  const Parsed damaged{"", false, "no message"};
  FetchedMessage message(mailbox, 1, &damaged);
  FetchItem item;
  item.kind = FetchItem::Kind::Section;
  ASSERT_TRUE(message.prepare(needs_of({item})));
  FetchResponse response;
  ASSERT_FALSE(write_section(PreparedItem(item), message, response));
  std::string sent;
  for (bool is_over = false; !is_over;) {
    Output output;
    is_over = response.hand_over(output).value_or(true);
    sent += output.drain();
  }
  EXPECT_EQ(sent, "BODY[] {200017}\r\nSubject: x\r\n\r\n" + std::string(200'000, 'x') + " \r\n");
}

}  // namespace
}  // namespace waxwing::imap
