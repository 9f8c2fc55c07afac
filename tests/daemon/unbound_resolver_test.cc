#include "daemon/unbound_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <mutex>
#include <semaphore>

#include "protocols/dns/records.h"
#include "tests/daemon/house.h"
#include "tests/daemon/name_server.h"

namespace waxwing::test {
namespace {

using dns::Answer;
using dns::Type;
using testing::ElementsAre;
using testing::HasSubstr;
using Anchor = Settings::Dns::Anchor;
using Status = Answer::Status;
using Validation = UnboundResolver::Validation;

const std::string kAddress = {'\xc0', '\0', '\2', '\1'};  // 192.0.2.1
const std::string kHost = std::string("\4host\4test\0", 11);

// A small zone, of which some is for no type, some is not there, and some is refused.
std::optional<NameServer::Reply> small_zone(const std::string& name, int type) {
  if (name == "refused.test") return NameServer::Reply{5, {}};
  if (name.starts_with("nothing.")) return NameServer::Reply{3, {}};
  if (type == static_cast<int>(Type::A)) return NameServer::Reply{0, {kAddress}};
  if (type == static_cast<int>(Type::Ptr)) return NameServer::Reply{0, {kHost}};
  if (type == static_cast<int>(Type::Mx)) {
    return NameServer::Reply{0,
                             {std::string("\0\x0a", 2) + kHost, std::string("\0\x14", 2) + kHost}};
  }
  return NameServer::Reply{};
}

Settings::Dns settings_for(const NameServer& server, Anchor anchor = Anchor::None) {
  Settings::Dns settings;
  settings.servers = {server.address()};
  settings.anchor = anchor;
  return settings;
}

std::unique_ptr<UnboundResolver> open(const Settings::Dns& settings,
                                      const UnboundResolver::Options& options = {}) {
  auto resolver = UnboundResolver::open(settings, options);
  if (!resolver) throw std::runtime_error(resolver.error().text);
  return std::move(*resolver);
}

TEST(UnboundResolver, SaysWhatTheServerSays) {
  const NameServer server(small_zone);
  const auto resolver = open(settings_for(server));
  EXPECT_EQ(resolver->source(), server.address());

  const Answer found = resolve_now(*resolver, {"Host.Example", Type::A});
  EXPECT_EQ(found.status, Status::Found) << found.trouble;
  EXPECT_EQ(found.canonical_name, "host.example");
  EXPECT_THAT(found.records, ElementsAre(kAddress));
  EXPECT_FALSE(found.is_secure);
  EXPECT_GT(found.ttl.count(), 0);
  EXPECT_LE(found.ttl.count(), 60);

  const Answer mx = resolve_now(*resolver, {"example.", Type::Mx});
  ASSERT_EQ(mx.records.size(), 2u) << mx.trouble;
  EXPECT_EQ(dns::decode_mx(mx.records[0])->host, "host.test");

  EXPECT_EQ(resolve_now(*resolver, {"host.example", Type::Txt}).status, Status::NoData);
  EXPECT_EQ(resolve_now(*resolver, {"nothing.example", Type::A}).status, Status::NoName);
  const Answer refused = resolve_now(*resolver, {"refused.test", Type::A});
  EXPECT_EQ(refused.status, Status::Failed);
  EXPECT_NE(refused.trouble, "");
}

// libunbound answers for these by itself, where it is not told otherwise.
TEST(UnboundResolver, HidesNothingThatItsServerKnows) {
  const NameServer server(small_zone);
  const auto resolver = open(settings_for(server));
  for (const char* name : {"mx.example.test", "test", "localhost", "x.localhost", "a.home.arpa",
                           "b.onion", "c.invalid", "d.local"}) {
    const Answer answer = resolve_now(*resolver, {name, Type::A});
    EXPECT_THAT(answer.records, ElementsAre(kAddress)) << name << ": " << answer.trouble;
  }
  for (const char* name :
       {"1.0.0.127.in-addr.arpa", "1.2.3.10.in-addr.arpa", "1.1.168.192.in-addr.arpa",
        "1.2.16.172.in-addr.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa"}) {
    const Answer answer = resolve_now(*resolver, {name, Type::Ptr});
    EXPECT_THAT(answer.records, ElementsAre(kHost)) << name << ": " << answer.trouble;
  }
}

TEST(UnboundResolver, KnowsWhatCannotBeAName) {
  const NameServer server(small_zone);
  const auto resolver = open(settings_for(server));
  EXPECT_EQ(resolve_now(*resolver, {std::string("a\0.example", 10), Type::A}).status,
            Status::Failed);
  EXPECT_EQ(resolve_now(*resolver, {std::string(64, 'a') + ".example", Type::A}).status,
            Status::NoName);
  std::string name = "example";
  for (int i = 0; i < 10; ++i) name = std::string(30, 'a') + "." + name;
  EXPECT_EQ(resolve_now(*resolver, {name, Type::A}).status, Status::NoName);
  EXPECT_EQ(resolve_now(*resolver, {"a..example", Type::A}).status, Status::NoName);
}

TEST(UnboundResolver, EndsAQuestionThatNobodyAnswers) {
  const NameServer server([](const std::string&, int) { return std::nullopt; });
  for (const Anchor anchor : {Anchor::None, Anchor::Root}) {
    const auto resolver =
        open(settings_for(server, anchor), {.deadline = std::chrono::milliseconds(300)});
    const auto start = std::chrono::steady_clock::now();
    const Answer answer = resolve_now(*resolver, {"host.example", Type::A});
    EXPECT_EQ(answer.status, Status::Failed);
    EXPECT_NE(answer.trouble, "");
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_GE(took, std::chrono::milliseconds(300));
    EXPECT_LT(took, std::chrono::seconds(5));
  }
}

// It is usually quick, so libunbound's own patience with it would be short.
TEST(UnboundResolver, WaitsForAServerThatHasToFindOut) {
  std::optional<std::chrono::steady_clock::time_point> first;
  const NameServer server([&](const std::string& name, int type) {
    const auto now = std::chrono::steady_clock::now();
    if (name == "far.example" && !first) first = now;
    const bool is_found = name != "far.example" || now - *first > std::chrono::seconds(2);
    return is_found ? small_zone(name, type) : std::nullopt;
  });
  const auto resolver = open(settings_for(server));
  for (const char* near : {"a.example", "b.example", "c.example"})
    EXPECT_EQ(resolve_now(*resolver, {near, Type::A}).status, Status::Found);
  const Answer answer = resolve_now(*resolver, {"far.example", Type::A});
  EXPECT_EQ(answer.status, Status::Found) << answer.trouble;
}

TEST(UnboundResolver, DropsAnAnswerThatComesTooLate) {
  std::binary_semaphore go(0);
  std::atomic<bool> first = true;
  const NameServer server([&](const std::string& name, int type) {
    if (name == "slow.example" && first.exchange(false)) go.acquire();
    return small_zone(name, type);
  });
  const auto resolver = open(settings_for(server), {.deadline = std::chrono::milliseconds(200)});
  std::atomic<int> called = 0;
  std::promise<Answer> answered;
  resolver->resolve({"slow.example", Type::A}, [&](Answer answer) {
    if (++called == 1) answered.set_value(std::move(answer));
  });
  EXPECT_EQ(answered.get_future().get().status, Status::Failed);
  go.release();
  // Behind the late one, on the same thread.
  Answer later;
  for (int i = 0; i < 100 && later.status == Status::Failed; ++i)
    later = resolve_now(*resolver, {"slow.example", Type::A});
  EXPECT_EQ(later.status, Status::Found);
  EXPECT_EQ(called, 1);
}

TEST(UnboundResolver, AnswersAllThatIsOpenWhenItGoes) {
  const NameServer server([](const std::string&, int) { return std::nullopt; });
  auto resolver = open(settings_for(server));
  std::atomic<int> failed = 0;
  for (int i = 0; i < 100; ++i) {
    resolver->resolve(
        {"host" + std::to_string(i) + ".example", Type::A}, [&](const Answer& answer) {
          if (answer.status == Status::Failed) ++failed;
          // One that comes of an answer is answered as well.
          resolver->resolve({"again.example", Type::A}, [&](const Answer&) { ++failed; });
        });
  }
  UnboundResolver* going = resolver.get();
  delete going;
  (void)resolver.release();
  EXPECT_EQ(failed, 200);
}

TEST(UnboundResolver, AnswersManyAtOnce) {
  const NameServer server(small_zone);
  const auto resolver = open(settings_for(server));
  std::vector<dns::Question> questions;
  for (int i = 0; i < 500; ++i)
    questions.push_back({"host" + std::to_string(i) + ".example", Type::A});
  std::promise<std::vector<Answer>> all;
  resolve_all(*resolver, questions, [&](std::vector<Answer> answers) { all.set_value(answers); });
  const auto answers = all.get_future().get();
  ASSERT_EQ(answers.size(), 500u);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].status, Status::Found) << i << ": " << answers[i].trouble;
    EXPECT_EQ(answers[i].canonical_name, questions[i].name);
  }
}

TEST(UnboundResolver, GoesOnWithoutProofWhereSignaturesAreStripped) {
  const NameServer server(small_zone);
  const auto resolver = open(settings_for(server, Anchor::Root));
  const Answer answer = resolve_now(*resolver, {"host.example", Type::A});
  EXPECT_EQ(answer.status, Status::Found) << answer.trouble;
  EXPECT_FALSE(answer.is_secure);
  EXPECT_EQ(resolver->validation(), Validation::Off);
  EXPECT_EQ(resolve_now(*resolver, {"nothing.example", Type::A}).status, Status::NoName);
  EXPECT_EQ(resolve_now(*resolver, {"refused.test", Type::A}).status, Status::Failed);
}

// Against a server of a signed root, which tests/live/dns_test.py starts: ADDRESS@PORT, and its
// keys.
TEST(UnboundResolver, ProvesFromTheRoot) {
  const char* address = std::getenv("WAXWING_TEST_ROOT_SERVER");
  const char* anchor = std::getenv("WAXWING_TEST_ROOT_ANCHOR");
  if (address == nullptr || anchor == nullptr) GTEST_SKIP() << "no server of a signed root";
  Settings::Dns settings;
  settings.servers = {address};
  const auto resolver = open(settings, {.root_anchor = anchor});
  const Answer broken = resolve_now(*resolver, {"host.broken", Type::A});
  EXPECT_EQ(broken.status, Status::Failed) << "not asked for without proof";
  EXPECT_EQ(resolver->validation(), Validation::On);
  const Answer answer = resolve_now(*resolver, {"host.signed", Type::A});
  EXPECT_EQ(answer.status, Status::Found) << answer.trouble;
  EXPECT_TRUE(answer.is_secure);
  const Answer nothing = resolve_now(*resolver, {"nothing.signed", Type::A});
  EXPECT_EQ(nothing.status, Status::NoName);
  EXPECT_TRUE(nothing.is_secure);
  EXPECT_EQ(resolve_now(*resolver, {"host.broken", Type::A}).status, Status::Failed);
}

// Where somebody chose an anchor, what it does not prove is refused.
TEST(UnboundResolver, InsistsOnAnAnchorThatWasChosen) {
  const NameServer server(small_zone);
  const Folder folder;
  auto settings = settings_for(server, Anchor::File);
  settings.anchor_file =
      folder.write("anchor", "example. IN DS 1 13 2 " + std::string(64, 'A') + "\n");
  const auto resolver = open(settings);
  EXPECT_EQ(resolver->validation(), Validation::On);
  const Answer answer = resolve_now(*resolver, {"host.example", Type::A});
  EXPECT_EQ(answer.status, Status::Failed);
  EXPECT_NE(answer.trouble, "");
  const Answer beside = resolve_now(*resolver, {"host.elsewhere", Type::A});
  EXPECT_EQ(beside.status, Status::Found) << "no anchor is above it";
  EXPECT_FALSE(beside.is_secure);
}

TEST(UnboundResolver, RefusesAnAnchorThatIsNone) {
  const NameServer server(small_zone);
  const Folder folder;
  auto settings = settings_for(server, Anchor::File);
  for (const auto& file : {folder.path("not-there"), folder.write("anchor", "this is no key\n")}) {
    settings.anchor_file = file;
    const auto resolver = UnboundResolver::open(settings);
    ASSERT_FALSE(resolver) << file;
    EXPECT_THAT(resolver.error().text, HasSubstr(file));
  }
}

TEST(UnboundResolver, AsksTheSystemsServersUnlessToldOtherwise) {
  const Folder folder;
  UnboundResolver::Options options;
  options.resolv_conf = folder.write("resolv.conf",
                                     "# nameserver 192.0.2.9\nsearch example\nnameserver\n"
                                     "nameserver 192.0.2.1\nnameserver\tfe80::1%lo \n"
                                     "nameserver nonsense\nnameserver 2001:db8::53\n");
  EXPECT_EQ(open({.anchor = Anchor::None}, options)->source(),
            "192.0.2.1@53, fe80::1%lo@53, 2001:db8::53@53 (" + options.resolv_conf + ")");
  options.resolv_conf = folder.path("not-there");
  EXPECT_EQ(open({.anchor = Anchor::None}, options)->source(), "the root servers");
}

TEST(UnboundResolver, HasTheRootsKeysBuiltIn) {
  const NameServer server([](const std::string&, int) { return std::nullopt; });
  UnboundResolver::Options options;
  options.root_anchor = "/not/there";
  const auto resolver = open(settings_for(server, Anchor::Root), options);
  EXPECT_EQ(resolver->validation(), Validation::Unknown);
}

}  // namespace
}  // namespace waxwing::test
