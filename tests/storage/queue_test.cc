#include "storage/queue.h"

#include <gmock/gmock.h>

#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

using ::testing::ElementsAre;
using State = QueuedRecipient::State;

std::string domain_of(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

class QueueTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open_queue();
  }
  void TearDown() override {
    queue_.reset();
    StoreTest::TearDown();
  }

  void open_queue() {
    auto queue = Queue::open({.data_dir = root_ + "/data"}, disk_, clock_, domain_of);
    ASSERT_TRUE(queue) << queue.error().text;
    queue_ = std::move(*queue);
  }
  // As after kill -9.
  void crash_queue() {
    copy_tree(root_ + "/data", root_ + "/copy");
    queue_.reset();
    go_on_with(root_ + "/copy");
    open_queue();
  }

  Envelope envelope(const std::vector<std::string>& recipients,
                    const std::string& account = kAlice) {
    Envelope result;
    char id[17];
    std::snprintf(id, sizeof id, "%016x", ++last_);
    result.id = id;
    result.sender = account;
    result.account = account;
    result.accepted = unix_seconds(clock_.now());
    for (const auto& address : recipients) result.recipients.push_back({.address = address});
    return result;
  }
  bool send(const Envelope& envelope, const std::vector<Store::Target>& targets = {},
            const std::string& text = message("s")) {
    auto staged = store_->stage();
    if (!staged || !(*staged)->append(text)) return false;
    Store::Outgoing outgoing{*queue_, envelope, 17};
    return store_->deliver(**staged, "Return-Path: <>\r\nReceived: here\r\n", targets, &outgoing)
        .has_value();
  }
  std::string sent_text(const std::string& id) {
    const auto found = queue_->envelope(id);
    const auto file = queue_->message(id);
    if (!found || !file) return "no such message";
    return disk_.read(*file, found->skip, found->size + 100).value_or("unreadable");
  }
  std::vector<Queue::Job> take(const std::string& destination, std::size_t max = 100) {
    auto jobs = queue_->take(destination, max);
    EXPECT_TRUE(jobs);
    return jobs.value_or(std::vector<Queue::Job>{});
  }
  Queue::Settlement settled(const Queue::Job& job, State state, std::optional<std::int64_t> due) {
    Queue::Settlement result{job, {}, due};
    for (const auto number : job.recipients)
      result.events.push_back({number, state, unix_seconds(clock_.now()), due.value_or(0), "2.0.0",
                               "mx.example.net", "250 ok"});
    return result;
  }
  std::vector<std::string> spool() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(root_ + "/data/queue/spool")) {
      if (!entry.is_directory()) names.push_back(entry.path().filename().string());
    }
    return names;
  }

  std::unique_ptr<Queue> queue_;
  unsigned last_ = 0;
};

TEST_F(QueueTest, SendsTheFileThatTheMailboxHas) {
  auto one = envelope({"carol@example.net"});
  const std::vector<Store::Target> targets = {
      {.account = kBob, .mailbox = "INBOX", .prefix = "Delivered-To: list@example.test\r\n"}};
  ASSERT_TRUE(send(one, targets));
  EXPECT_EQ(sent_text(one.id), "Received: here\r\n" + message("s"));
  const std::string name = files(folder(kBob) + "/Maildir/cur").at(0);
  EXPECT_EQ(disk_.stat(folder(kBob) + "/Maildir/cur/" + name)->inode,
            disk_.stat(queue_->message_path(one.id))->inode);
}

TEST_F(QueueTest, GroupsRecipientsByTheirWay) {
  ASSERT_TRUE(send(envelope({"a@one.example", "b@two.example", "c@one.example"})));
  const auto jobs = take("one.example");
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_THAT(jobs[0].recipients, ElementsAre(0, 2));
  EXPECT_THAT(take("two.example").at(0).recipients, ElementsAre(1));
  EXPECT_TRUE(take("one.example").empty()) << "a job is given out once";
}

TEST_F(QueueTest, GivesEachSenderATurn) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(send(envelope({"a@one.example"}, kAlice)));
  const auto first = take("one.example", 10);
  const auto late = envelope({"a@one.example"}, kBob);
  ASSERT_TRUE(send(late));
  const auto next = take("one.example", 2);
  EXPECT_THAT((std::vector<std::string>{next[0].message, next[1].message}),
              ::testing::Contains(late.id));
}

TEST_F(QueueTest, ForgetsAMessageWhenItsLastRecipientIsDone) {
  const auto one = envelope({"a@one.example", "b@two.example"});
  ASSERT_TRUE(send(one));
  ASSERT_TRUE(queue_->settle({settled(take("one.example").at(0), State::Delivered, {})}));
  EXPECT_EQ(queue_->envelope(one.id)->recipients[0].state, State::Delivered);
  EXPECT_EQ(queue_->envelope(one.id)->recipients[0].host, "mx.example.net");
  EXPECT_EQ(spool().size(), 2u);
  ASSERT_TRUE(queue_->settle({settled(take("two.example").at(0), State::Failed, {})}));
  EXPECT_TRUE(spool().empty());
  EXPECT_EQ(*queue_->count(), 0u);
}

TEST_F(QueueTest, RetriesWhenTheTimeHasCome) {
  ASSERT_TRUE(send(envelope({"a@one.example"})));
  const std::int64_t due = unix_seconds(clock_.now()) + 300;
  ASSERT_TRUE(queue_->settle({settled(take("one.example").at(0), State::Waiting, due)}));
  EXPECT_EQ(*queue_->wake(), due);
  EXPECT_TRUE(take("one.example").empty());
  std::vector<std::string> told;
  queue_->on_ready([&](const auto& destinations) { told = destinations; });
  clock_.advance(std::chrono::seconds(300));
  EXPECT_EQ(*queue_->wake(), std::nullopt);
  EXPECT_THAT(told, ElementsAre("one.example"));
  EXPECT_EQ(take("one.example").at(0).attempts, 1u);
}

TEST_F(QueueTest, ComesBackFromTheSpoolWithWhatIsDone) {
  auto one = envelope({"a@one.example", "b@one.example", "c@two.example"});
  one.ret = Envelope::Return::Headers;
  one.envelope_id = "QQ314159";
  one.recipients[1].original = "rfc822;list@one.example";
  one.recipients[1].notify = QueuedRecipient::kSuccess;
  ASSERT_TRUE(send(one));
  const auto job = take("one.example").at(0);
  const std::int64_t due = unix_seconds(clock_.now()) + 300;
  auto settlement = settled(job, State::Waiting, due);
  settlement.events[0].state = State::Delivered;
  ASSERT_TRUE(queue_->settle({settlement}));
  crash_queue();
  EXPECT_TRUE(take("one.example").empty());
  EXPECT_THAT(take("two.example").at(0).recipients, ElementsAre(2)) << "was taken by nobody now";
  clock_.advance(std::chrono::seconds(300));
  ASSERT_TRUE(queue_->wake());
  const auto again = take("one.example");
  ASSERT_EQ(again.size(), 1u);
  EXPECT_THAT(again[0].recipients, ElementsAre(1));
  EXPECT_EQ(again[0].attempts, 1u);
  const auto found = queue_->envelope(one.id);
  EXPECT_EQ(found->envelope_id, "QQ314159");
  EXPECT_EQ(found->ret, Envelope::Return::Headers);
  EXPECT_EQ(found->recipients[1].original, "rfc822;list@one.example");
  EXPECT_EQ(found->recipients[1].notify, QueuedRecipient::kSuccess);
}

TEST_F(QueueTest, RemembersAfterACleanStop) {
  ASSERT_TRUE(send(envelope({"a@one.example"})));
  ASSERT_EQ(take("one.example").size(), 1u);
  queue_.reset();
  // Without the spool: the database alone has it.
  std::filesystem::rename(root_ + "/data/queue/spool", root_ + "/data/queue/away");
  open_queue();
  EXPECT_EQ(*queue_->count(), 1u);
  EXPECT_EQ(take("one.example").size(), 1u);
}

TEST_F(QueueTest, ReadsAnEnvelopeWhoseLastLineWasCutOff) {
  const auto one = envelope({"a@one.example", "b@two.example"});
  ASSERT_TRUE(send(one));
  ASSERT_TRUE(queue_->append(one.id, {{0, State::Delivered, 1, 0, "2.0.0", "mx", "250"}}));
  const std::string path = queue_->envelope_path(one.id);
  write_file(path, read_file(path) + "\n{\"recipient\":1,\"sta");
  EXPECT_EQ(queue_->envelope(one.id)->recipients[1].state, State::Waiting);
  ASSERT_TRUE(queue_->append(one.id, {{1, State::Failed, 2, 0, "5.1.1", "mx", "550"}}));
  EXPECT_EQ(queue_->envelope(one.id)->recipients[0].state, State::Delivered);
  EXPECT_EQ(queue_->envelope(one.id)->recipients[1].state, State::Failed);
}

TEST_F(QueueTest, DropsHalvesOfMessagesThatWereNeverAccepted) {
  write_file(queue_->message_path("00000000000000aa"), "Subject: half\r\n\r\n");
  write_file(queue_->envelope_path("00000000000000bb"), print_envelope(envelope({"a@b.example"})));
  crash_queue();
  EXPECT_TRUE(spool().empty());
  EXPECT_EQ(*queue_->count(), 0u);
}

TEST_F(QueueTest, IsDoneWithAMessageWhoseRecipientsAllAre) {
  const auto one = envelope({"a@one.example"});
  ASSERT_TRUE(send(one));
  ASSERT_TRUE(queue_->append(one.id, {{0, State::Delivered, 1, 0, "2.0.0", "mx", "250"}}));
  crash_queue();
  EXPECT_TRUE(spool().empty());
  EXPECT_EQ(*queue_->count(), 0u);
}

TEST_F(QueueTest, EndsAJobWhoseResultsCannotBeWritten) {
  const auto one = envelope({"a@one.example", "b@one.example", "c@two.example"});
  ASSERT_TRUE(send(one));
  auto settlement = settled(take("one.example").at(0), State::Waiting, 300);
  settlement.events[0].state = State::Delivered;
  disk_.fail_call(1, Error::Code::NoSpace);
  EXPECT_FALSE(queue_->settle({settlement}));
  disk_.fail_call(0);
  ASSERT_TRUE(queue_->wake());
  const auto again = take("one.example");
  ASSERT_EQ(again.size(), 1u);
  EXPECT_THAT(again[0].recipients, ElementsAre(1)) << "who has it is not asked again";
}

TEST_F(QueueTest, IsDurableOrNotThereAtAll) {
  const std::vector<Store::Target> both = {{.account = kAlice}, {.account = kBob}};
  (void)account(kAlice);
  (void)account(kBob);
  for (int call = 1;; ++call) {
    const auto one = envelope({"carol@example.net"});
    const auto before = files(folder(kBob) + "/Maildir/cur").size();
    disk_.fail_call(call);
    const bool acknowledged = send(one, both, message(std::string(300'000, 'x')));
    const bool struck = disk_.calls() >= call;
    disk_.fail_call(0);
    if (acknowledged) {
      EXPECT_TRUE(queue_->envelope(one.id)) << disk_.failed();
      EXPECT_EQ(files(folder(kBob) + "/Maildir/cur").size(), before + 1);
    } else {
      EXPECT_FALSE(std::filesystem::exists(queue_->message_path(one.id))) << disk_.failed();
      EXPECT_FALSE(std::filesystem::exists(queue_->envelope_path(one.id))) << disk_.failed();
    }
    if (!struck) break;
    store_.reset();  // an account whose fsync failed is read-only until then
    open_store();
    ASSERT_LT(call, 200);
  }
}

TEST_F(QueueTest, HoldsRetriesAndRemoves) {
  const auto one = envelope({"a@one.example"}), two = envelope({"b@two.example"}, kBob);
  ASSERT_TRUE(send(one) && send(two));
  EXPECT_EQ(queue_->hold("one.example")->changed, 1u);
  EXPECT_TRUE(take("one.example").empty());
  EXPECT_TRUE(queue_->list(10)->at(0).is_held);
  EXPECT_EQ(queue_->retry(one.id)->changed, 1u);
  const auto jobs = take("one.example");
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(queue_->remove(one.id).error().code, Error::Code::Denied) << "it is being delivered";
  ASSERT_TRUE(queue_->give_back(jobs));
  ASSERT_TRUE(queue_->remove(one.id));
  EXPECT_EQ(queue_->remove(one.id).error().code, Error::Code::NotFound);
  EXPECT_EQ(queue_->hold("b@two.example")->changed, 1u) << "by a recipient";
  EXPECT_EQ(queue_->retry(kBob)->changed, 1u) << "by a sender";
  EXPECT_EQ(queue_->list(10)->size(), 1u);
  EXPECT_EQ(queue_->list(10, two.id)->size(), 0u);
}

TEST_F(QueueTest, KnowsRecipientsBehindARelayByTheirDomains) {
  ASSERT_TRUE(queue_->reroute([](const std::string&) { return "relay.example"; }));
  const auto one = envelope({"a@one.example", "b@one.example"}), two = envelope({"b@two.example"});
  ASSERT_TRUE(send(one) && send(two));
  EXPECT_EQ(queue_->hold("three.example")->changed, 0u);
  EXPECT_EQ(queue_->hold("TWO.example")->changed, 1u);
  EXPECT_TRUE(queue_->list(10)->at(1).is_held);
  const auto again = queue_->hold("two.example");
  EXPECT_EQ(again->changed, 0u);
  EXPECT_EQ(again->unchanged, 1u);
  ASSERT_TRUE(queue_->reroute([](const std::string&) { return "other.example"; }));
  EXPECT_EQ(queue_->retry("two.example")->changed, 1u) << "what is held keeps its way";
  const auto named = queue_->hold("A@one.example");
  EXPECT_EQ(named->changed, 1u);
  EXPECT_EQ(named->along, 1u) << "b@one.example is in the same delivery";
  EXPECT_THAT(named->destinations, ElementsAre(std::pair("other.example", 1u)));
}

TEST_F(QueueTest, RetriesOnlyDeliveriesThatHaveTheRecipient) {
  const auto one = envelope({"a@one.example", "b@two.example"});
  ASSERT_TRUE(send(one));
  ASSERT_EQ(queue_->hold(one.id)->changed, 2u);
  EXPECT_EQ(queue_->retry("b@two.example")->changed, 1u);
  EXPECT_TRUE(take("one.example").empty());
  EXPECT_EQ(take("two.example").size(), 1u);
  const auto named = queue_->retry("b@two.example");
  EXPECT_EQ(named->changed, 0u);
  EXPECT_EQ(named->taken, 1u);
}

TEST_F(QueueTest, SaysOfEachDeliveryWhetherItIsHeld) {
  const auto one = envelope({"a@one.example", "b@two.example", "c@one.example"});
  ASSERT_TRUE(send(one));
  ASSERT_EQ(queue_->hold("b@two.example")->changed, 1u);
  const auto deliveries = queue_->deliveries(one.id);
  ASSERT_EQ(deliveries->size(), 2u);
  for (const auto& each : *deliveries) {
    EXPECT_EQ(each.is_held, each.destination == "two.example");
    EXPECT_EQ(each.recipients.size(), each.is_held ? 1u : 2u);
  }
}

TEST_F(QueueTest, NamesMessagesThatHaveWaitedLong) {
  const auto one = envelope({"a@one.example"});
  ASSERT_TRUE(send(one));
  EXPECT_TRUE(queue_->overdue(10)->empty());
  clock_.advance(std::chrono::hours(4));
  const auto jobs = take("one.example");
  EXPECT_TRUE(queue_->overdue(10)->empty()) << "it may be delivered this moment";
  ASSERT_TRUE(queue_->give_back(jobs));
  EXPECT_THAT(*queue_->overdue(10), ElementsAre(one.id));
  ASSERT_TRUE(queue_->look_again(one.id, unix_seconds(clock_.now()) + 60));
  EXPECT_TRUE(queue_->overdue(10)->empty());
}

TEST_F(QueueTest, CutsJobsAnewWhenTheWayChanges) {
  ASSERT_TRUE(send(envelope({"a@one.example", "b@two.example"})));
  ASSERT_TRUE(queue_->reroute([](const std::string&) { return "relay.example"; }));
  EXPECT_TRUE(take("one.example").empty());
  EXPECT_THAT(take("relay.example").at(0).recipients, ElementsAre(0, 1));
}

// RFC 8689
TEST_F(QueueTest, DemandsOnTlsHaveDestinationsOfTheirOwn) {
  auto usual = envelope({"a@one.example"}), required = usual, optional = usual, report = usual;
  required.id = "00000000000000f1";
  required.require_tls = true;
  optional.id = "00000000000000f2";
  optional.tls_optional = true;
  report.id = "00000000000000f3";
  report.sender.clear();
  report.require_tls = true;
  for (const auto& each : {usual, required, optional, report}) ASSERT_TRUE(send(each));
  EXPECT_EQ(queue_->hold("one.example")->changed, 4u);
  EXPECT_EQ(queue_->retry("one.example")->changed, 4u);
  crash_queue();
  EXPECT_EQ(take("one.example").size(), 2u) << "a report demands nothing";
  ASSERT_EQ(take("one.example+requiretls").size(), 1u);
  ASSERT_EQ(take("one.example+tlsoptional").size(), 1u);
  EXPECT_TRUE(queue_->envelope(required.id)->require_tls);
  EXPECT_TRUE(queue_->envelope(optional.id)->tls_optional);
  EXPECT_EQ(Queue::plain_destination("one.example+requiretls"), "one.example");
  EXPECT_EQ(Queue::plain_destination("one.example"), "one.example");
}

}  // namespace
}  // namespace waxwing
