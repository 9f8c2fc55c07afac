#include <gmock/gmock.h>

#include "auth/directory.h"
#include "scratch.h"

namespace waxwing {
namespace {

using testing::HasSubstr;

class RoutingTest : public testing::Test {
 protected:
  RoutingTest() {
    EXPECT_TRUE(directory().add_domain("example.com"));
    EXPECT_TRUE(directory().add_domain("example.net"));
    for (const char* address : {"alice@example.com", "bob@example.com", "carol@example.net"}) {
      EXPECT_TRUE(directory().import_account(
          address, "{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu"));
    }
  }
  Directory& directory() { return scratch.directory(); }
  void alias(const std::string& address, const std::vector<std::string>& targets) {
    const auto outcome = directory().add_alias(address, targets);
    EXPECT_TRUE(outcome) << outcome.error().text;
  }
  // "alice@example.com+tag bob@example.com >x@example.org", or the kind.
  std::string route(std::string_view address) {
    const auto found = directory().route(address);
    if (!found) return to_string(found.error().code);
    using Kind = Directory::Route::Kind;
    switch (found->kind) {
      case Kind::Unknown: return "unknown";
      case Kind::Disabled: return "disabled";
      case Kind::Elsewhere: return "elsewhere";
      case Kind::Local: break;
    }
    std::string text;
    for (const auto& recipient : found->recipients) {
      if (!text.empty()) text += ' ';
      text += recipient.remote.empty() ? recipient.account : ">" + recipient.remote;
      if (!recipient.tag.empty()) text += "+" + recipient.tag;
    }
    return text;
  }

  Scratch scratch;
};

TEST_F(RoutingTest, FindsAccountsByAnySpelling) {
  EXPECT_EQ(route("alice@example.com"), "alice@example.com");
  EXPECT_EQ(route("ALICE@Example.Com"), "alice@example.com");
  EXPECT_EQ(route("\"alice\"@example.com"), "alice@example.com");
  EXPECT_EQ(route("eve@example.com"), "unknown");
  EXPECT_EQ(route("alice@example.net"), "unknown");
  EXPECT_EQ(route("alice@example.org"), "elsewhere");
  EXPECT_EQ(route("alice@[192.0.2.1]"), "elsewhere");
  EXPECT_EQ(route("alice"), "invalid");
  EXPECT_EQ(route(""), "invalid");
}

TEST_F(RoutingTest, TakesAnotherNameOfADomainForTheDomain) {
  ASSERT_TRUE(directory().add_domain_alias("Example.Info", "example.com"));
  alias("team@example.com", {"alice@example.info", "x@example.org"});
  alias("@example.com", {"bob@example.com"});
  EXPECT_EQ(route("alice@example.info"), "alice@example.com");
  EXPECT_EQ(route("ALICE+x@EXAMPLE.INFO"), "alice@example.com+x");
  EXPECT_EQ(route("team@example.info"), ">x@example.org alice@example.com");
  EXPECT_EQ(route("anybody@example.info"), "bob@example.com");
  EXPECT_EQ(route("carol@example.info"), "bob@example.com") << "she is at example.net";
  EXPECT_TRUE(*directory().may_send_as("alice@example.com", "alice@example.info"));
  EXPECT_FALSE(*directory().may_send_as("carol@example.net", "alice@example.info"));
  EXPECT_TRUE(*directory().is_local_domain("example.info"));
}

TEST_F(RoutingTest, KeepsOtherNamesOfDomainsInOrder) {
  const auto text = [](const Outcome& outcome) {
    return outcome ? std::string() : outcome.error().text;
  };
  ASSERT_TRUE(directory().add_domain_alias("example.info", "example.com"));
  EXPECT_EQ(*directory().domain_target("example.info"), "example.com");
  EXPECT_EQ(*directory().domain_target("example.com"), "");
  EXPECT_EQ(directory().domain_target("example.org").error().code, Error::Code::NotFound);
  EXPECT_THAT(text(directory().add_domain_alias("example.biz", "example.info")),
              HasSubstr("another name itself, of example.com"));
  EXPECT_THAT(text(directory().add_domain_alias("example.biz", "example.org")),
              HasSubstr("no domain example.org"));
  EXPECT_THAT(text(directory().add_domain_alias("example.net", "example.com")),
              HasSubstr("there is a domain example.net"));
  EXPECT_THAT(text(directory().add_alias("sales@example.info", {"alice@example.com"})),
              HasSubstr("another name of example.com"));
  EXPECT_THAT(text(directory().import_account("dave@example.info", "{PLAIN}secret")),
              HasSubstr("another name of example.com"));
  EXPECT_TRUE(directory().add_domain("example.edu"));
  EXPECT_TRUE(directory().add_domain_alias("example.biz", "example.edu"));
  EXPECT_THAT(text(directory().remove_domain("example.edu")),
              HasSubstr("still has another name, example.biz"));
  EXPECT_TRUE(directory().remove_domain("example.biz"));
  EXPECT_TRUE(directory().remove_domain("example.edu"));
}

TEST_F(RoutingTest, IsNotFooledByRelayTricks) {
  EXPECT_EQ(route("eve%example.org@example.com"), "unknown");
  EXPECT_EQ(route("\"eve@example.org\"@example.com"), "unknown");
  EXPECT_EQ(route("alice@example.com@example.org"), "invalid");
  EXPECT_EQ(route("example.org!eve@example.com"), "unknown");
}

TEST_F(RoutingTest, KeepsTheTagAsWritten) {
  EXPECT_EQ(route("Alice+Lists@example.com"), "alice@example.com+Lists");
  EXPECT_EQ(route("alice+a+b@example.com"), "alice@example.com+a+b");
  EXPECT_EQ(route("+tag@example.com"), "unknown");
  EXPECT_EQ(route("eve+tag@example.com"), "unknown");
}

TEST_F(RoutingTest, ExpandsAliasesOfAnyDepth) {
  alias("team@example.com", {"alice@example.com", "all@example.net", "x@example.org"});
  alias("all@example.net", {"carol+team@example.net", "bob@example.com", "ALICE@example.com"});
  EXPECT_EQ(route("team@example.com"),
            ">x@example.org alice@example.com carol@example.net+team bob@example.com");
  EXPECT_EQ(route("team+q3@example.com"),
            ">x@example.org alice@example.com+q3 carol@example.net+team bob@example.com+q3");
}

TEST_F(RoutingTest, CutsLoops) {
  alias("a@example.com", {"b@example.com"});
  alias("b@example.com", {"a@example.com", "alice@example.com"});
  EXPECT_EQ(route("a@example.com"), "alice@example.com");
  alias("self@example.com", {"self@example.com"});
  EXPECT_EQ(route("self@example.com"), "unknown");
  std::string previous = "alice@example.com";
  for (int i = 0; i < 300; ++i) {
    const auto name = "chain" + std::to_string(i) + "@example.com";
    alias(name, {previous});
    previous = name;
  }
  EXPECT_EQ(route(previous), "alice@example.com");
}

TEST_F(RoutingTest, AnAccountsOwnAliasKeepsItsCopy) {
  EXPECT_EQ(error_of(directory().add_alias("alice@example.com", {"bob@example.com"})),
            "already-exists");
  alias("alice@example.com", {"alice@example.com", "bob@example.com"});
  EXPECT_EQ(route("alice@example.com"), "alice@example.com bob@example.com");
  EXPECT_EQ(error_of(directory().import_account("team@example.com", "{PLAIN}x")), "ok");
}

TEST_F(RoutingTest, LeavesOutWhoIsDisabledOrGone) {
  alias("team@example.com", {"alice@example.com", "bob@example.com"});
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  EXPECT_EQ(route("alice@example.com"), "disabled");
  EXPECT_EQ(route("team@example.com"), "bob@example.com");
  ASSERT_TRUE(directory().remove_account("bob@example.com"));
  EXPECT_EQ(route("team@example.com"), "disabled");
  ASSERT_TRUE(directory().remove_account("alice@example.com"));
  EXPECT_EQ(route("team@example.com"), "unknown");
}

TEST_F(RoutingTest, TellsWhichTargetsOfAliasesTakeNoMail) {
  alias("team@example.com", {"alice@example.com", "gone@example.com", "all@example.net"});
  alias("all@example.net", {"carol@example.net", "bob+x@example.com"});
  ASSERT_TRUE(directory().disable_account("bob@example.com"));
  const auto found = directory().route("team@example.com");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->recipients.size(), 2u);
  EXPECT_EQ(found->lost, std::vector<std::string>({"gone@example.com", "bob+x@example.com"}));
  // Who is asked for himself is no target.
  EXPECT_TRUE(directory().route("eve@example.com")->lost.empty());
  EXPECT_TRUE(directory().route("bob@example.com")->lost.empty());
}

TEST_F(RoutingTest, SendsTheRestToTheCatchAll) {
  alias("@example.com", {"bob@example.com"});
  EXPECT_EQ(route("alice@example.com"), "alice@example.com");
  EXPECT_EQ(route("anybody+x@example.com"), "bob@example.com+x");
  EXPECT_EQ(route("postmaster@example.com"), "bob@example.com");
  EXPECT_EQ(route("anybody@example.net"), "unknown");
}

TEST_F(RoutingTest, PostmasterAndAbuseAlwaysGoSomewhere) {
  EXPECT_EQ(route("postmaster"), "alice@example.com");
  EXPECT_EQ(route("Postmaster@example.com"), "alice@example.com");
  EXPECT_EQ(route("ABUSE@example.net"), "alice@example.com");
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  EXPECT_EQ(route("postmaster@example.com"), "bob@example.com");
  alias("postmaster@example.net", {"carol@example.net"});
  EXPECT_EQ(route("postmaster@example.net"), "carol@example.net");
  EXPECT_EQ(route("abuse@example.net"), "carol@example.net");
}

TEST_F(RoutingTest, LetsAnAccountSendAsItselfAndItsAliases) {
  alias("info@example.net", {"alice@example.com", "x@example.org"});
  const auto may = [&](const char* address) {
    return *directory().may_send_as("alice@example.com", address);
  };
  EXPECT_TRUE(may("alice@example.com"));
  EXPECT_TRUE(may("Alice+tag@EXAMPLE.com"));
  EXPECT_TRUE(may("info@example.net"));
  EXPECT_FALSE(may("bob@example.com"));
  EXPECT_FALSE(may("alice@example.org"));
  EXPECT_FALSE(may("x@example.org"));
  EXPECT_FALSE(may("nobody@example.com"));
  EXPECT_FALSE(may("no address"));
}

TEST_F(RoutingTest, ListsAndReplacesAliases) {
  alias("team@example.com", {"bob@example.com", "alice@example.com"});
  alias("team@example.com", {"Carol@example.net"});
  const auto all = directory().aliases();
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ((*all)[0].address, "team@example.com");
  EXPECT_THAT((*all)[0].targets, testing::ElementsAre("carol@example.net"));
  EXPECT_EQ(error_of(directory().add_alias("x@example.org", {"alice@example.com"})), "not-found");
  EXPECT_EQ(error_of(directory().add_alias("x@example.com", {})), "invalid");
  EXPECT_EQ(error_of(directory().add_alias("x@example.com", {"nonsense"})), "invalid");
  EXPECT_EQ(error_of(directory().remove_alias("x@example.com")), "not-found");
}

}  // namespace
}  // namespace waxwing
