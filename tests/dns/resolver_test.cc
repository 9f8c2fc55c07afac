#include "protocols/dns/resolver.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/dns/fake_resolver.h"

namespace waxwing::dns {
namespace {

using test::FakeResolver;

TEST(ResolveNow, WaitsForTheAnswer) {
  FakeResolver dns;
  dns.a("host.test", "192.0.2.1");
  EXPECT_EQ(resolve_now(dns, {"host.test", Type::A}).status, Answer::Status::Found);
  dns.hold();
  std::thread releases([&] {
    while (dns.count() < 2) std::this_thread::yield();
    dns.release();
  });
  EXPECT_EQ(resolve_now(dns, {"nothing.test", Type::A}).status, Answer::Status::NoName);
  releases.join();
}

TEST(ResolveAll, GivesAnswersInTheOrderOfTheQuestions) {
  FakeResolver dns;
  dns.a("a.test", "192.0.2.1").a("b.test", "192.0.2.2");
  std::vector<std::vector<Answer>> got;
  dns.hold();
  resolve_all(dns, {{"a.test", Type::A}, {"b.test", Type::A}, {"c.test", Type::A}},
              [&](std::vector<Answer> answers) { got.push_back(std::move(answers)); });
  EXPECT_TRUE(got.empty());
  dns.release(FakeResolver::Order::Newest);
  ASSERT_EQ(got.size(), 1u);
  ASSERT_EQ(got[0].size(), 3u);
  EXPECT_EQ(got[0][0].canonical_name, "a.test");
  EXPECT_EQ(got[0][1].canonical_name, "b.test");
  EXPECT_EQ(got[0][2].status, Answer::Status::NoName);
}

TEST(ResolveAll, NothingIsAnsweredAtOnce) {
  FakeResolver dns;
  bool answered = false;
  resolve_all(dns, {}, [&](const std::vector<Answer>& answers) { answered = answers.empty(); });
  EXPECT_TRUE(answered);
}

TEST(FakeResolver, IsADns) {
  FakeResolver dns;
  dns.a("www.host.test", "192.0.2.1").cname("alias.test", "www.host.test").sign("host.test");
  dns.cname("loop.test", "loop.test").fail("broken.test", Type::A, "why");
  dns.txt("host.test", std::string(300, 'x'));
  EXPECT_EQ(resolve_now(dns, {"HOST.test.", Type::Mx}).status, Answer::Status::NoData);
  EXPECT_EQ(resolve_now(dns, {"test", Type::A}).status, Answer::Status::NoData);
  EXPECT_EQ(resolve_now(dns, {"host", Type::A}).status, Answer::Status::NoName);
  EXPECT_TRUE(resolve_now(dns, {"no.host.test", Type::A}).is_secure);
  const Answer alias = resolve_now(dns, {"alias.test", Type::A});
  EXPECT_EQ(alias.canonical_name, "www.host.test");
  EXPECT_FALSE(alias.is_secure) << "the alias is not signed";
  EXPECT_EQ(resolve_now(dns, {"loop.test", Type::A}).status, Answer::Status::Failed);
  EXPECT_EQ(resolve_now(dns, {"broken.test", Type::A}).trouble, "why");
  EXPECT_EQ(resolve_now(dns, {"host.test", Type::Txt}).records.at(0).size(), 302u);
  EXPECT_EQ(dns.count("loop.test", Type::A), 1u);
  EXPECT_EQ(dns.count(), 8u);
}

}  // namespace
}  // namespace waxwing::dns
