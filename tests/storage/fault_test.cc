#include <functional>

#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

struct Case {
  const char* name;
  std::function<bool(Store&)> act;  // true: acknowledged
};

std::unique_ptr<Staged> stage(Store& store, const std::string& text) {
  auto staged = store.stage();
  if (!staged || !(*staged)->append(text)) return nullptr;
  return std::move(*staged);
}

std::shared_ptr<Mailbox> box(Store& store, const char* name,
                             const char* address = "alice@example.test") {
  auto account = store.account(address);
  if (!account) return nullptr;
  auto mailbox = (*account)->mailbox(name);
  return mailbox ? *mailbox : nullptr;
}

const std::vector<Uid> kTwo = {1, 2};

const std::vector<Case> kCases = {
    {"deliver",
     [](Store& store) {
       auto staged = stage(store, "Subject: new\r\n\r\n" + std::string(400'000, 'x'));
       if (!staged) return false;
       const std::vector<Store::Target> targets = {{"alice@example.test", "INBOX", ""},
                                                   {"alice@example.test", "Archive", ""},
                                                   {"bob@example.test", "INBOX", "X: y\r\n"}};
       return store.deliver(*staged, "Received: x\r\n", targets).has_value();
     }},
    {"append",
     [](Store& store) {
       auto staged = stage(store, "Subject: new\r\n\r\n");
       auto mailbox = box(store, "Archive");
       return staged && mailbox && mailbox->append(*staged, {}).has_value();
     }},
    {"append several",
     [](Store& store) {
       auto one = stage(store, "Subject: new\r\n\r\n");
       auto two = stage(store, "Subject: newer\r\n\r\n" + std::string(400'000, 'x'));
       auto three = stage(store, "Subject: newest\r\n\r\n");
       auto mailbox = box(store, "Archive");
       if (!one || !two || !three || !mailbox || !one->put_away()) return false;
       const std::vector<Mailbox::NewMessage> all = {
           {one.get(), {}}, {two.get(), {}}, {three.get(), {}}};
       return mailbox->append(all).has_value();
     }},
    {"replace",
     [](Store& store) {
       auto staged = stage(store, "Subject: new\r\n\r\n");
       auto mailbox = box(store, "INBOX");
       return staged && mailbox && mailbox->replace(2, {staged.get(), {}}, *mailbox).has_value();
     }},
    {"replace elsewhere",
     [](Store& store) {
       auto staged = stage(store, "Subject: new\r\n\r\n");
       auto from = box(store, "INBOX"), to = box(store, "Archive");
       return staged && from && to && from->replace(2, {staged.get(), {}}, *to).has_value();
     }},
    {"expunge",
     [](Store& store) {
       auto mailbox = box(store, "INBOX");
       return mailbox && mailbox->expunge(kTwo, Mailbox::Expunge::Any).has_value();
     }},
    {"copy",
     [](Store& store) {
       auto from = box(store, "INBOX"), to = box(store, "Archive");
       return from && to && from->copy(kTwo, *to).has_value();
     }},
    {"copy to another",
     [](Store& store) {
       auto from = box(store, "INBOX"), to = box(store, "INBOX", "bob@example.test");
       return from && to && from->copy(kTwo, *to).has_value();
     }},
    {"move",
     [](Store& store) {
       auto from = box(store, "INBOX"), to = box(store, "Archive");
       return from && to && from->move(kTwo, *to).has_value();
     }},
    {"rename",
     [](Store& store) {
       auto account = store.account("alice@example.test");
       return account && (*account)->rename("Lists", "Sorted/Lists").has_value();
     }},
    {"remove",
     [](Store& store) {
       auto account = store.account("alice@example.test");
       return account && (*account)->remove("Lists").has_value();
     }},
    {"flags",
     [](Store& store) {
       auto mailbox = box(store, "INBOX");
       const FlagChange seen{FlagChange::Mode::Add, Flags::kSeen, {"x"}};
       if (!mailbox || !mailbox->change_flags(kTwo, seen)) return false;
       store.close();
       return true;
     }},
    {"rebuild", [](Store& store) { return store.rebuild("alice@example.test").has_value(); }},
};

// Subjects in each mailbox of both accounts; a subject is "<mailbox>:<uid> <subject>".
using World = std::multiset<std::string>;

class FaultTest : public StoreTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  void fill() {
    for (const char* subject : {"one", "two", "three"}) ASSERT_TRUE(deliver(subject));
    inbox(kBob);
    ASSERT_TRUE(account()->create("Lists/deep"));
    auto text = staged(message("listed"));
    ASSERT_TRUE(mailbox("Lists/deep")->append(*text, {}));
    // Later faults meet a server that was started anew.
    store_->close();
    store_.reset();
    copy_tree(root_ + "/data", root_ + "/filled");
    open_store();
  }
  void start_over() {
    store_.reset();
    std::filesystem::remove_all(root_ + "/data");
    copy_tree(root_ + "/filled", root_ + "/data");
    open_store();
  }
  World world() {
    World world;
    for (const char* address : {kAlice, kBob}) {
      auto account = store_->account(address);
      EXPECT_TRUE(account) << account.error().text;
      if (!account) continue;
      const auto infos = (*account)->mailboxes();
      for (const auto& info : *infos) {
        if (!info.exists) continue;
        auto mailbox = (*account)->mailbox(info.name);
        EXPECT_TRUE(mailbox);
        EXPECT_TRUE((*mailbox)->refresh());
        for (const auto& [uid, subject] : subjects(**mailbox)) {
          world.insert(std::string(address) + " " + info.name + ":" + std::to_string(uid) + " " +
                       subject);
          EXPECT_FALSE(text(**mailbox, uid).starts_with("error")) << info.name << uid;
        }
      }
    }
    return world;
  }
};

// Whatever call fails, and whether the disk recovers or not: what was acknowledged is there, after
// a restart, and what was refused has changed nothing; nothing is there twice.
TEST_P(FaultTest, EveryDiskCallMayFail) {
  const Case& test = kCases[GetParam()];
  fill();
  const World before = world();
  start_over();
  ASSERT_TRUE(test.act(*store_));
  reopen();
  const World after = world();
  using Fault = std::pair<FaultyDisk::Then, Error::Code>;
  for (auto [then, code] : {Fault{FaultyDisk::Then::Recovered, Error::Code::Temporary},
                            Fault{FaultyDisk::Then::Recovered, Error::Code::NoSpace},
                            Fault{FaultyDisk::Then::Broken, Error::Code::Temporary}}) {
    for (int call = 1;; ++call) {
      start_over();
      disk_.fail_call(call, code, then);
      const bool acknowledged = test.act(*store_);
      const bool struck = disk_.calls() >= call;
      const std::string where =
          std::string(test.name) + ", call " + std::to_string(call) + ": " + disk_.failed();
      if (then == FaultyDisk::Then::Recovered) {
        // Lazy work at the end meets a working disk again.
        disk_.fail_call(0);
        store_->close();
      }
      store_.reset();
      disk_.fail_call(0);
      open_store();
      const World now = world();
      // A tree that could be renamed neither whole nor back is finished by the next start.
      const bool finished_later = std::string_view(test.name) == "rename" &&
                                  then == FaultyDisk::Then::Broken && now == after;
      EXPECT_EQ(now, acknowledged || finished_later ? after : before) << where;
      for (const char* address : {kAlice, kBob}) {
        EXPECT_EQ(findings(address), std::vector<std::string>()) << where;
      }
      auto next = deliver("next");
      ASSERT_TRUE(next) << where;
      // UIDs that somebody may have seen are not used again.
      const std::string place =
          std::string(kAlice) + " INBOX:" + std::to_string(next->at(0).uid) + " ";
      for (const auto& seen : {before, now}) {
        for (const auto& line : seen) EXPECT_FALSE(line.starts_with(place)) << where;
      }
      if (!struck || HasFailure()) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, FaultTest, ::testing::Range(std::size_t{0}, kCases.size()),
                         [](const auto& info) {
                           std::string name = kCases[info.param].name;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace waxwing
