#include "auth/reverse_name.h"

#include <gtest/gtest.h>

#include "tests/dns/fake_resolver.h"

namespace waxwing {
namespace {

using test::FakeResolver;
using enum AuthResult;

const IpAddress kV4 = *IpAddress::parse("192.0.2.25");
const IpAddress kV6 = *IpAddress::parse("2001:db8::25");

AuthResult checked(FakeResolver& dns, const IpAddress& address = kV4) {
  const auto found = check_reverse_name(dns, FakeClock(), address, std::chrono::seconds(3));
  EXPECT_FALSE(found.reason.empty());
  EXPECT_EQ(found.name.empty(), found.result != Pass);
  return found.result;
}

TEST(ReverseName, IsWrittenBackwards) {
  EXPECT_EQ(reverse_name(kV4), "25.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(kV6),
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(ReverseName, PassesWhenTheNameIsTheAddress) {
  FakeResolver dns;
  dns.ptr(reverse_name(kV4), "other.test")
      .ptr(reverse_name(kV4), "mx.test")
      .a("mx.test", "192.0.2.25");
  dns.ptr(reverse_name(kV6), "mx.test").aaaa("mx.test", "2001:db8::25");
  EXPECT_EQ(checked(dns), Pass);
  EXPECT_EQ(checked(dns, kV6), Pass);
}

TEST(ReverseName, FailsByTheTable) {
  FakeResolver none, other, broken, unconfirmed;
  EXPECT_EQ(checked(none), PermError);
  other.ptr(reverse_name(kV4), "mx.test").a("mx.test", "192.0.2.26");
  EXPECT_EQ(checked(other), Fail);
  broken.fail(reverse_name(kV4), dns::Type::Ptr);
  EXPECT_EQ(checked(broken), TempError);
  unconfirmed.ptr(reverse_name(kV4), "mx.test").fail("mx.test", dns::Type::A);
  EXPECT_EQ(checked(unconfirmed), TempError);
}

TEST(ReverseName, TriesNoMoreThanFiveNames) {
  FakeResolver dns;
  for (int i = 0; i < 50; ++i) dns.ptr(reverse_name(kV4), "n" + std::to_string(i) + ".test");
  EXPECT_EQ(checked(dns), Fail);
  EXPECT_EQ(dns.count(), 6u);
}

}  // namespace
}  // namespace waxwing
