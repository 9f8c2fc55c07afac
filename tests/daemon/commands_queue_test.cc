#include <gmock/gmock.h>

#include <fstream>

#include "auth/directory.h"
#include "daemon/commands.h"
#include "storage/queue.h"
#include "storage/trace.h"
#include "tests/daemon/house.h"
#include "tests/daemon/memory_store.h"

namespace waxwing::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The queue of a server that hands all its mail to a relay, but for what the configuration holds.
class QueueCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    auto directory = Directory::open(folder_.path("directory.sqlite"), clock_);
    auto trace = Trace::open(folder_.path(), disk_, clock_);
    ASSERT_TRUE(directory && trace);
    directory_ = std::move(*directory);
    trace_ = std::move(*trace);
    ASSERT_TRUE(queue_->reroute([](const std::string& address) {
      return address.ends_with("@held.test") ? "held.test" : "relay:smart.test:25";
    }));
    settings_->queue.hold = {"held.test"};
  }

  // Returns its id.
  std::string send(const std::vector<std::string>& recipients) {
    char id[17];
    std::snprintf(id, sizeof id, "%016x", ++last_);
    Envelope envelope;
    envelope.id = id;
    envelope.sender = envelope.account = "alice@example.test";
    envelope.message_id = "<1@example.test>";
    for (const auto& address : recipients) envelope.recipients.push_back({.address = address});
    std::ofstream(queue_->envelope_path(id)) << print_envelope(envelope);
    std::ofstream(queue_->message_path(id)) << "text";
    EXPECT_TRUE(queue_->add(envelope));
    return id;
  }

  Answer run(const std::string& command, const std::string& word) {
    World world{*directory_, store_, *queue_, trace_.get()};
    world.settings = settings_;
    world.destinations = [this] { return destinations_; };
    world.try_now = [this](const std::string& name) { asked_.push_back(name); };
    const char* key = command == "trace" ? "what" : "which";
    if (command == "queue show" || command == "queue remove") key = "id";
    return run_command(world, {{"command", command}, {key, word}});
  }
  std::string text(const std::string& command, const std::string& word) {
    return run(command, word).text;
  }

  Folder folder_;
  SystemClock clock_;
  SystemDisk disk_;
  std::unique_ptr<Queue> queue_ = make_queue(folder_, clock_);
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Trace> trace_;
  MemoryStore store_;
  std::shared_ptr<Settings> settings_ = std::make_shared<Settings>();
  std::vector<Destination::Summary> destinations_;
  std::vector<std::string> asked_;
  unsigned last_ = 0;
};

TEST_F(QueueCommands, KnowDomainsBehindARelay) {
  const auto id = send({"bob@far.test"});
  EXPECT_THAT(text("queue list", ""), HasSubstr("relay:smart.test:25"));
  EXPECT_EQ(text("queue hold", "far.test"), "1 delivery held until `waxwing queue retry`");
  EXPECT_THAT(text("queue list", ""), HasSubstr("  held  "));
  EXPECT_EQ(text("queue retry", "far.test"), "1 delivery tried now");
  EXPECT_THAT(asked_, ElementsAre("relay:smart.test:25"));
  const auto wrong = run("queue retry", "other.test");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.text, HasSubstr("nothing in the queue goes by \"other.test\""));
}

TEST_F(QueueCommands, TryTheDeliveriesOfARecipientAndSayWhatGoesAlong) {
  send({"bob@far.test", "carol@far.test"});
  send({"dave@far.test"});
  EXPECT_EQ(text("queue retry", "bob@far.test"),
            "1 delivery tried now, and with it 1 more recipient of the same messages");
  Destination::Summary down;
  down.name = "relay:smart.test:25";
  down.trouble = "451 later";
  destinations_ = {down};
  EXPECT_EQ(text("queue retry", "dave@far.test"),
            "1 delivery tried now\nrelay:smart.test:25 is asked again, also for other mail that "
            "waits for it");
}

TEST_F(QueueCommands, ShowWhatIsHeldAndByWhom) {
  const auto id = send({"bob@far.test", "carol@held.test"});
  EXPECT_THAT(text("queue show", id), HasSubstr("to          <bob@far.test>\nstate       waiting"));
  const std::string by_configuration =
      "to          <carol@held.test>\nstate       held by the configuration: take \"held.test\" "
      "out of queue.hold and reload the server";
  EXPECT_THAT(text("queue show", id), HasSubstr(by_configuration));
  run("queue hold", "bob@far.test");
  const auto shown = run("queue show", id);
  EXPECT_THAT(shown.text, HasSubstr("to          <bob@far.test>\nstate       held until `waxwing "
                                    "queue retry " +
                                    id + "`"));
  EXPECT_EQ(shown.result["recipients"][0]["state"], "held");
  EXPECT_EQ(shown.result["recipients"][1]["state"], "held");
  run("queue retry", id);
  EXPECT_THAT(text("queue show", id), HasSubstr("to          <bob@far.test>\nstate       waiting"));
}

TEST_F(QueueCommands, DoNotClaimToTryWhatTheConfigurationHolds) {
  const auto id = send({"carol@held.test"});
  const auto answer = run("queue retry", id);
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.text,
            "1 delivery is held by the configuration: take \"held.test\" out of queue.hold and "
            "reload the server");
  EXPECT_TRUE(asked_.empty());
  send({"bob@far.test"});
  const auto all = run("queue retry", "all");
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.text, HasSubstr("1 delivery tried now\n1 delivery is held by the config"));
  settings_->queue.hold = {"*"};
  EXPECT_THAT(text("queue retry", "far.test"), HasSubstr("take \"*\" out of queue.hold"));
}

TEST_F(QueueCommands, SayThatSomethingIsHeldOrUnderWayAlready) {
  const auto id = send({"bob@far.test"});
  run("queue hold", id);
  const auto again = run("queue hold", id);
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.text, "1 delivery is held already until `waxwing queue retry`");
  run("queue retry", id);
  ASSERT_EQ(queue_->take("relay:smart.test:25", 10)->size(), 1u);
  EXPECT_EQ(run("queue hold", id).status, 1);
  EXPECT_EQ(text("queue hold", id), "1 delivery is under way just now: try again in a moment");
  EXPECT_EQ(text("queue retry", id), "1 delivery is under way just now");
}

TEST_F(QueueCommands, LeaveATraceOfWhatTheyRemove) {
  const auto id = send({"bob@far.test"});
  ASSERT_EQ(run("queue remove", id).status, 0);
  EXPECT_THAT(text("trace", id), HasSubstr("to <bob@far.test>: removed by the administrator"));
  EXPECT_EQ(run("queue remove", id).status, 1);
}

}  // namespace
}  // namespace waxwing::test
