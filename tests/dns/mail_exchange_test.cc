#include "protocols/dns/mail_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "tests/dns/fake_resolver.h"

namespace waxwing::dns {
namespace {

using test::FakeResolver;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Status = MailExchange::Status;

// Leaves hosts of one preference as they stand.
std::size_t last(std::size_t below) {
  return below - 1;
}

MailExchange find_exchange(FakeResolver& dns, std::string_view domain,
                           MailExchangeOptions options = {25, last}) {
  std::optional<MailExchange> result;
  int called = 0;
  find_mail_exchange(dns, domain, std::move(options), [&](MailExchange found) {
    result = std::move(found);
    ++called;
  });
  EXPECT_EQ(called, 1) << domain;
  return result.value_or(MailExchange{});
}

std::vector<std::string> names(const MailExchange& exchange) {
  std::vector<std::string> all;
  for (const auto& host : exchange.hosts) all.push_back(host.name);
  return all;
}

std::vector<std::string> addresses(const MailHost& host) {
  std::vector<std::string> all;
  for (const auto& address : host.addresses) all.push_back(address.to_string());
  return all;
}

// ---- which hosts ------------------------------------------------------------------------------

TEST(MailExchange, HostsStandByPreference) {
  FakeResolver dns;
  dns.mx("example.test", 20, "b.example.test").mx("example.test", 10, "A.Example.Test");
  dns.mx("example.test", 300, "c.example.test");
  for (const char* host : {"a", "b", "c"}) dns.a(std::string(host) + ".example.test", "192.0.2.1");
  const auto found = find_exchange(dns, "Example.TEST");
  EXPECT_EQ(found.status, Status::Found);
  EXPECT_EQ(found.sentence, "");
  EXPECT_EQ(found.domain, "example.test");
  EXPECT_THAT(names(found), ElementsAre("a.example.test", "b.example.test", "c.example.test"));
  EXPECT_EQ(found.hosts[2].preference, 300);
  EXPECT_THAT(addresses(found.hosts[0]), ElementsAre("192.0.2.1"));
  EXPECT_FALSE(found.is_secure);
  EXPECT_FALSE(found.is_implicit);
  EXPECT_THAT(found.notes, IsEmpty());
}

TEST(MailExchange, ShufflesHostsOfOnePreference) {
  FakeResolver dns;
  for (const char* host : {"a", "b", "c"}) dns.mx("example.test", 10, host).a(host, "192.0.2.1");
  dns.mx("example.test", 5, "first").a("first", "192.0.2.2");
  dns.mx("example.test", 20, "later").a("later", "192.0.2.2");
  EXPECT_THAT(names(find_exchange(dns, "example.test")),
              ElementsAre("first", "a", "b", "c", "later"));
  const auto always_first = [](std::size_t) { return std::size_t{0}; };
  EXPECT_THAT(names(find_exchange(dns, "example.test", {25, always_first})),
              ElementsAre("first", "b", "c", "a", "later"));
  // Without a generator of the test's every order comes up.
  std::set<std::vector<std::string>> orders;
  for (int i = 0; i < 1000 && orders.size() < 6; ++i)
    orders.insert(names(find_exchange(dns, "example.test", {})));
  EXPECT_THAT(orders, SizeIs(6));
}

TEST(MailExchange, TakesEachHostOnce) {
  FakeResolver dns;
  dns.mx("example.test", 20, "mx.test").mx("example.test", 10, "MX.test").a("mx.test", "192.0.2.1");
  const auto found = find_exchange(dns, "example.test");
  ASSERT_THAT(names(found), ElementsAre("mx.test"));
  EXPECT_EQ(found.hosts[0].preference, 10);
}

TEST(MailExchange, WithoutMxTheDomainIsItsOwnHost) {
  FakeResolver dns;
  dns.a("example.test", "192.0.2.1").txt("example.test", "v=spf1 -all");
  const auto found = find_exchange(dns, "example.test.");
  EXPECT_EQ(found.status, Status::Found);
  EXPECT_TRUE(found.is_implicit);
  EXPECT_THAT(names(found), ElementsAre("example.test"));
  EXPECT_EQ(found.hosts[0].preference, 0);

  FakeResolver six;
  six.aaaa("example.test", "2001:db8::1");
  EXPECT_THAT(addresses(find_exchange(six, "example.test").hosts.at(0)),
              ElementsAre("2001:db8::1"));
}

TEST(MailExchange, AddressesOfTheDomainDoNotCountBesideMx) {
  FakeResolver dns;
  dns.mx("example.test", 10, "gone.test").a("example.test", "192.0.2.1");
  const auto found = find_exchange(dns, "example.test");
  EXPECT_EQ(found.status, Status::NoHosts);
  EXPECT_EQ(dns.count("example.test", Type::A), 0u);
}

TEST(MailExchange, FollowsAliases) {
  FakeResolver dns;
  dns.cname("alias.test", "example.test").mx("example.test", 10, "mx.test");
  dns.cname("mx.test", "real.test").a("real.test", "192.0.2.1");
  const auto found = find_exchange(dns, "alias.test");
  ASSERT_EQ(found.status, Status::Found);
  EXPECT_EQ(found.domain, "alias.test");
  EXPECT_EQ(found.canonical_domain, "example.test");
  EXPECT_THAT(names(found), ElementsAre("mx.test")) << "as the MX record has it";

  dns.cname("other.test", "real.test");
  const auto implicit = find_exchange(dns, "other.test");
  EXPECT_THAT(names(implicit), ElementsAre("other.test"));
  EXPECT_EQ(implicit.canonical_domain, "real.test");
}

TEST(MailExchange, AsksForUnicodeDomainsInAscii) {
  FakeResolver dns;
  dns.mx("xn--bcher-kva.example", 10, "mx.test").a("mx.test", "192.0.2.1");
  const auto found = find_exchange(dns,
                                   "B\xc3\xbc"
                                   "cher.example");
  EXPECT_EQ(found.status, Status::Found);
  EXPECT_EQ(found.domain, "xn--bcher-kva.example");
}

TEST(MailExchange, AddressLiteralsNeedNoDns) {
  FakeResolver dns;
  const auto four = find_exchange(dns, "[192.0.2.1]");
  ASSERT_EQ(four.status, Status::Found);
  EXPECT_THAT(names(four), ElementsAre("[192.0.2.1]"));
  EXPECT_THAT(addresses(four.hosts[0]), ElementsAre("192.0.2.1"));
  EXPECT_EQ(four.hosts[0].dane, Dane::None);
  const auto six = find_exchange(dns, "[ipv6:2001:DB8::1]");
  ASSERT_EQ(six.status, Status::Found);
  EXPECT_THAT(names(six), ElementsAre("[IPv6:2001:db8::1]"));
  EXPECT_THAT(addresses(six.hosts[0]), ElementsAre("2001:db8::1"));
  EXPECT_EQ(dns.count(), 0u);
}

// ---- addresses --------------------------------------------------------------------------------

TEST(MailExchange, AddressFamiliesAlternateFromIpv6On) {
  FakeResolver dns;
  dns.mx("example.test", 10, "mx.test");
  for (const char* four : {"192.0.2.1", "192.0.2.2"}) dns.a("mx.test", four);
  for (const char* six : {"2001:db8::1", "2001:db8::2", "2001:db8::3"}) dns.aaaa("mx.test", six);
  EXPECT_THAT(addresses(find_exchange(dns, "example.test").hosts.at(0)),
              ElementsAre("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"));
}

TEST(MailExchange, OneFamilyIsEnough) {
  FakeResolver dns;
  dns.mx("example.test", 10, "mx.test").a("mx.test", "192.0.2.1").fail("mx.test", Type::Aaaa);
  const auto found = find_exchange(dns, "example.test");
  EXPECT_EQ(found.status, Status::Found);
  EXPECT_THAT(addresses(found.hosts.at(0)), ElementsAre("192.0.2.1"));
}

TEST(MailExchange, HasTenHostsAndTwentyAddressesAtMost) {
  FakeResolver dns;
  for (int host = 0; host < 30; ++host) {
    const std::string name = "mx" + std::to_string(host) + ".test";
    dns.mx("example.test", host, name);
    for (int i = 1; i <= 30; ++i) {
      dns.a(name, "192.0.2." + std::to_string(i)).aaaa(name, "2001:db8::" + std::to_string(i));
    }
  }
  const auto found = find_exchange(dns, "example.test");
  ASSERT_THAT(found.hosts, SizeIs(10));
  EXPECT_EQ(found.hosts.back().name, "mx9.test");
  for (const auto& host : found.hosts)
    EXPECT_THAT(addresses(host), ElementsAre("2001:db8::1", "192.0.2.1")) << host.name;
  EXPECT_THAT(found.notes, ElementsAre("of 30 hosts the first 10 are tried"));
  EXPECT_EQ(dns.count(), 1u + 20u) << "nobody asks for the others";
}

TEST(MailExchange, WhatRoomIsLeftIsForTheFirstHost) {
  FakeResolver dns;
  dns.mx("example.test", 1, "a.test")
      .mx("example.test", 2, "b.test")
      .mx("example.test", 3, "c.test");
  for (int i = 1; i <= 15; ++i) {
    dns.a("a.test", "192.0.2." + std::to_string(i)).a("b.test", "192.0.2." + std::to_string(i));
  }
  dns.a("c.test", "192.0.2.1");
  const auto found = find_exchange(dns, "example.test");
  ASSERT_THAT(found.hosts, SizeIs(3));
  EXPECT_THAT(found.hosts[0].addresses, SizeIs(15));
  EXPECT_THAT(found.hosts[1].addresses, SizeIs(4));
  EXPECT_THAT(found.hosts[2].addresses, SizeIs(1));
}

TEST(MailExchange, PassesOverHostsWithoutAddresses) {
  FakeResolver dns;
  dns.mx("example.test", 10, "gone.test").mx("example.test", 20, "mx.test");
  dns.mx("example.test", 30, "broken.test").a("mx.test", "192.0.2.1");
  dns.fail("broken.test", Type::A, "SERVFAIL").fail("broken.test", Type::Aaaa, "SERVFAIL");
  const auto found = find_exchange(dns, "example.test");
  EXPECT_EQ(found.status, Status::Found);
  EXPECT_THAT(names(found), ElementsAre("mx.test"));
  EXPECT_THAT(found.notes,
              ElementsAre("gone.test has no address", "the addresses of broken.test: SERVFAIL"));
}

// ---- for good, or for now ---------------------------------------------------------------------

TEST(MailExchange, ADomainThatIsNotThereIsForGood) {
  FakeResolver dns;
  const auto found = find_exchange(dns, "nowhere.test");
  EXPECT_EQ(found.status, Status::NoDomain);
  EXPECT_EQ(found.sentence, "There is no domain nowhere.test.");
  EXPECT_EQ(status_code(found.status), "5.1.2");
  EXPECT_EQ(dns.count(), 1u) << "NXDOMAIN speaks for all types";
  for (const char* domain : {"", ".", "a b", "a..b", "-a.test", "[192.0.2]", "[IPv6:192.0.2.1]",
                             "\xff.test", "a.test\n"}) {
    const auto none = find_exchange(dns, domain);
    EXPECT_EQ(none.status, Status::NoDomain) << domain;
    EXPECT_THAT(none.sentence, HasSubstr("is not the name of a domain."));
    EXPECT_EQ(none.sentence.find('\n'), std::string::npos);
  }
  EXPECT_EQ(dns.count(), 1u);
}

TEST(MailExchange, NullMxIsForGood) {
  FakeResolver dns;
  dns.mx("example.test", 0, ".").a("example.test", "192.0.2.1");
  const auto found = find_exchange(dns, "example.test");
  EXPECT_EQ(found.status, Status::NullMx);
  EXPECT_EQ(found.sentence, "example.test says that it takes no mail.");
  EXPECT_EQ(status_code(found.status), "5.1.10");
  EXPECT_EQ(dns.count(), 1u);
}

// RFC 7505 section 3 has it alone or not at all; other hosts then count.
TEST(MailExchange, NullMxBesideOthersIsNothing) {
  FakeResolver dns;
  dns.mx("example.test", 0, ".").mx("example.test", 10, "mx.test").a("mx.test", "192.0.2.1");
  const auto found = find_exchange(dns, "example.test");
  EXPECT_EQ(found.status, Status::Found);
  EXPECT_THAT(names(found), ElementsAre("mx.test"));
}

TEST(MailExchange, HostsWithoutAddressesAreForGood) {
  FakeResolver dns;
  dns.mx("example.test", 10, "gone.test").txt("empty.test", "x");
  const auto found = find_exchange(dns, "example.test");
  EXPECT_EQ(found.status, Status::NoHosts);
  EXPECT_EQ(found.sentence, "The mail servers that example.test names have no address.");
  EXPECT_EQ(status_code(found.status), "5.4.4");
  const auto empty = find_exchange(dns, "empty.test");
  EXPECT_EQ(empty.status, Status::NoHosts);
  EXPECT_EQ(empty.sentence, "empty.test has neither mail servers nor an address of its own.");
  FakeResolver strange;
  strange.record("example.test", Type::Mx, std::string("\0\x0a\3a b\0", 7));
  EXPECT_EQ(find_exchange(strange, "example.test").sentence,
            "The mail servers that example.test names are no hosts.");
}

TEST(MailExchange, TroubleOfTheDnsIsForNow) {
  FakeResolver dns;
  dns.fail("example.test", Type::Mx, "SERVFAIL").a("example.test", "192.0.2.1");
  const auto found = find_exchange(dns, "example.test");
  EXPECT_EQ(found.status, Status::Failed);
  EXPECT_EQ(found.sentence,
            "The DNS does not say for now where mail for example.test goes: SERVFAIL.");
  EXPECT_EQ(status_code(found.status), "4.4.3");
  EXPECT_EQ(dns.count("example.test", Type::A), 0u) << "MX may be there";
}

// One host is not there for sure, the other may come back.
TEST(MailExchange, OneMissingAnswerIsForNow) {
  for (const auto& [first, second] : {std::pair{Type::A, Type::Aaaa}, {Type::Aaaa, Type::A}}) {
    FakeResolver dns;
    dns.mx("example.test", 10, "gone.test").mx("example.test", 20, "broken.test");
    dns.fail("broken.test", first, "timeout").set("broken.test", second, {Answer::Status::NoData});
    const auto found = find_exchange(dns, "example.test");
    EXPECT_EQ(found.status, Status::Failed);
    EXPECT_THAT(found.sentence, HasSubstr("broken.test: timeout"));
  }
  FakeResolver dns;
  dns.fail("implicit.test", Type::A).txt("implicit.test", "x");
  EXPECT_EQ(find_exchange(dns, "implicit.test").status, Status::Failed);
}

TEST(MailExchange, RecordsWithoutSenseAreForNow) {
  FakeResolver dns;
  dns.record("example.test", Type::Mx, "\1").a("example.test", "192.0.2.1");
  EXPECT_EQ(find_exchange(dns, "example.test").status, Status::Failed);
  FakeResolver mixed;
  mixed.record("example.test", Type::Mx, "\1").mx("example.test", 1, "mx.test");
  mixed.a("mx.test", "192.0.2.1").record("mx.test", Type::A, "xyz");
  EXPECT_THAT(addresses(find_exchange(mixed, "example.test").hosts.at(0)),
              ElementsAre("192.0.2.1"));
}

// ---- many threads, any order ------------------------------------------------------------------

TEST(MailExchange, AnswersMayComeInAnyOrder) {
  for (const auto order : {FakeResolver::Order::Oldest, FakeResolver::Order::Newest}) {
    FakeResolver dns;
    dns.mx("example.test", 10, "a.test").mx("example.test", 20, "b.test").sign("test");
    dns.a("a.test", "192.0.2.1").a("b.test", "192.0.2.2");
    std::optional<MailExchange> result;
    dns.hold();
    find_mail_exchange(dns, "example.test", {25, last},
                       [&](MailExchange found) { result = std::move(found); });
    for (const std::size_t questions : {1u, 5u, 7u}) {
      EXPECT_FALSE(result);
      EXPECT_EQ(dns.count(), questions) << "a round goes out at once";
      dns.release(order, FakeResolver::Then::Hold);
    }
    ASSERT_TRUE(result);
    EXPECT_THAT(names(*result), ElementsAre("a.test", "b.test"));
    EXPECT_THAT(addresses(result->hosts[1]), ElementsAre("192.0.2.2"));
  }
}

// Each answer comes on a thread of its own.
class ThreadedResolver final : public Resolver {
 public:
  explicit ThreadedResolver(FakeResolver& dns) : dns_(dns) {}
  ~ThreadedResolver() override {
    for (bool found = true; found;) {
      std::vector<std::thread> threads;
      {
        const std::lock_guard lock(mutex_);
        threads.swap(threads_);
      }
      found = !threads.empty();
      for (auto& thread : threads) thread.join();
    }
  }
  void resolve(const Question& question, std::function<void(Answer)> answered) override {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, question, answered] { dns_.resolve(question, answered); });
  }

 private:
  FakeResolver& dns_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

TEST(MailExchange, AnswersMayComeOnManyThreads) {
  FakeResolver dns;
  dns.sign("test");
  for (int i = 0; i < 10; ++i) {
    const std::string name = "mx" + std::to_string(i) + ".test";
    dns.mx("example.test", i, name).a(name, "192.0.2.1");
    dns.tlsa("_25._tcp." + name, 3, 1, 1, std::string(32, 'x'));
  }
  std::atomic<int> found = 0;
  {
    ThreadedResolver resolver(dns);
    for (int i = 0; i < 5; ++i) {
      find_mail_exchange(resolver, "example.test", {}, [&](const MailExchange& exchange) {
        if (exchange.hosts.size() == 10 && exchange.hosts[9].dane == Dane::Usable) ++found;
      });
    }
  }
  EXPECT_EQ(found, 5);
}

}  // namespace
}  // namespace waxwing::dns
