#include "auth/directory.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "auth/credentials.h"
#include "auth/sqlite.h"
#include "scratch.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() { EXPECT_TRUE(directory().add_domain("example.com")); }
  Directory& directory() { return scratch.directory(); }
  // Imported hashes cost no time to make: for tests that never sign in.
  void add(const std::string& address) {
    auto outcome = directory().import_account(
        address, "{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu");
    EXPECT_TRUE(outcome) << outcome.error().text;
  }

  Scratch scratch;
};

TEST_F(DirectoryTest, KnowsItsDomains) {
  EXPECT_EQ(error_of(directory().add_domain("EXAMPLE.com")), "already-exists");
  EXPECT_EQ(error_of(directory().add_domain("not a domain")), "invalid");
  EXPECT_TRUE(
      directory().add_domain("b\xC3\xBC"
                             "cher.example"));
  EXPECT_THAT(*directory().domains(), ElementsAre("example.com", "xn--bcher-kva.example"));
  EXPECT_TRUE(*directory().is_local_domain("Example.COM"));
  EXPECT_TRUE(*directory().is_local_domain("xn--bcher-kva.example"));
  EXPECT_FALSE(*directory().is_local_domain("example.org"));
  EXPECT_FALSE(*directory().is_local_domain("no domain"));
}

TEST_F(DirectoryTest, RemovesADomainOnlyWhenItIsEmpty) {
  add("alice@example.com");
  EXPECT_EQ(error_of(directory().remove_domain("example.com")), "denied");
  ASSERT_TRUE(directory().remove_account("alice@example.com"));
  ASSERT_TRUE(directory().add_alias("info@example.com", {"x@example.org"}));
  EXPECT_EQ(error_of(directory().remove_domain("example.com")), "denied");
  ASSERT_TRUE(directory().remove_alias("info@example.com"));
  EXPECT_EQ(error_of(directory().remove_domain("example.com")), "ok");
  EXPECT_EQ(error_of(directory().remove_domain("example.com")), "not-found");
}

TEST_F(DirectoryTest, AddsAccountsWithHashAndScramKeys) {
  ASSERT_TRUE(directory().add_account("Alice@EXAMPLE.com", "secret"));
  const auto record = directory().account("aLICE@example.com");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->address, "alice@example.com");
  EXPECT_TRUE(record->enabled);
  EXPECT_TRUE(record->has_scram);
  EXPECT_EQ(record->created, unix_seconds(scratch.clock.now()));
  EXPECT_EQ(error_of(directory().add_account("alice@example.com", "other")), "already-exists");
  EXPECT_EQ(error_of(directory().add_account("bob@example.org", "secret")), "not-found");
  EXPECT_EQ(error_of(directory().add_account("bob@example.com", "")), "invalid");
  EXPECT_EQ(error_of(directory().add_account("bob", "secret")), "invalid");
  EXPECT_EQ(directory().account("bob@example.com").error().code, Error::Code::NotFound);
}

TEST_F(DirectoryTest, ChangesAndListsAccounts) {
  add("bob@example.com");
  add("alice@example.com");
  EXPECT_EQ(directory().account("alice@example.com")->quota_bytes, 0u);
  ASSERT_TRUE(directory().set_quota("alice@example.com", 1ull << 40, 7));
  EXPECT_EQ(directory().account("alice@example.com")->quota_messages, 7u);
  ASSERT_TRUE(directory().set_hidden("alice@example.com",
                                     {"notify", "UNAUTHENTICATE", "COMPRESS=DEFLATE"}));
  ASSERT_TRUE(directory().set_pop3("alice@example.com", PopPolicy::Keep));
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  const auto all = directory().accounts();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].address, "alice@example.com");
  EXPECT_EQ((*all)[0].quota_bytes, 1ull << 40);
  EXPECT_EQ((*all)[0].quota_messages, 7u);
  EXPECT_EQ((*all)[0].hidden,
            std::vector<std::string>({"NOTIFY", "UNAUTHENTICATE", "COMPRESS=DEFLATE"}));
  EXPECT_EQ((*all)[0].pop3, PopPolicy::Keep);
  EXPECT_FALSE((*all)[0].enabled);
  EXPECT_FALSE((*all)[0].has_scram);
  EXPECT_EQ(error_of(directory().set_quota("eve@example.com", 1, 0)), "not-found");
}

TEST_F(DirectoryTest, SendsClientsToUrlsOfServersAlone) {
  add("alice@example.com");
  const auto set = [&](std::string_view url) {
    return directory().set_referral("alice@example.com", url);
  };
  EXPECT_EQ(directory().account("alice@example.com")->referral, "");
  ASSERT_TRUE(set("IMAP://alice;AUTH=*@Mail.Example.NET:1143"));
  EXPECT_EQ(directory().account("alice@example.com")->referral,
            "imap://alice;AUTH=*@mail.example.net:1143/");
  const auto credential = directory().credentials().find("alice@example.com");
  EXPECT_EQ(credential->identity.referral, "imap://alice;AUTH=*@mail.example.net:1143/");
  for (const char* url : {"imap://a%40b@h.example/", "imap://;AUTH=*@h.example/",
                          "imap://;auth=SCRAM-SHA-256@h/", "imap://a@192.0.2.1/"}) {
    EXPECT_TRUE(set(url)) << url;
  }
  for (const char* url :
       {"imap://h.example/", "imaps://a@h/", "a@h", "imap://@h/", "imap://a@/", "imap://a@h/INBOX",
        "imap://a b@h/", "imap://a]@h/", "imap://a@[2001:db8::1]/", "imap://a@h:0/",
        "imap://a@h:65536/", "imap://a@h:/", "imap://a@b@h/", "imap://a:pw@h/", "imap://a%4@h/",
        "imap://;AUTH=@h/", "imap://a;X=1@h/", "imap://a@h\r\n/", "imap://a@-h/"}) {
    EXPECT_EQ(error_of(set(url)), "invalid") << url;
  }
  EXPECT_EQ(directory().account("alice@example.com")->referral, "imap://a@192.0.2.1/");
  ASSERT_TRUE(set(""));
  EXPECT_EQ(directory().account("alice@example.com")->referral, "");
  EXPECT_EQ(error_of(directory().set_referral("eve@example.com", "imap://a@h/")), "not-found");
}

TEST_F(DirectoryTest, RenamesAccountsToFreeAddresses) {
  ASSERT_TRUE(directory().add_domain("example.net"));
  add("alice@example.com");
  add("bob@example.com");
  const auto id = directory().account("alice@example.com")->id;
  EXPECT_EQ(error_of(directory().rename_account("alice@example.com", "bob@example.com")),
            "already-exists");
  EXPECT_EQ(error_of(directory().rename_account("alice@example.com", "a@example.org")),
            "not-found");
  ASSERT_TRUE(directory().rename_account("alice@example.com", "ALICE@example.net"));
  EXPECT_EQ(directory().account("alice@example.net")->id, id);
  EXPECT_FALSE(directory().account("alice@example.com"));
}

TEST_F(DirectoryTest, TellsWhoseSessionsMustEnd) {
  std::vector<std::string> revoked;
  directory().on_revoked([&](const std::string& account) { revoked.push_back(account); });
  add("alice@example.com");
  ASSERT_TRUE(directory().set_quota("alice@example.com", 5, 0));
  ASSERT_TRUE(directory().enable_account("alice@example.com"));
  EXPECT_THAT(revoked, IsEmpty());
  ASSERT_TRUE(directory().disable_account("Alice@example.com"));
  ASSERT_TRUE(directory().set_password("alice@example.com", "secret"));
  ASSERT_TRUE(directory().rename_account("alice@example.com", "carol@example.com"));
  ASSERT_TRUE(directory().remove_account("carol@example.com"));
  EXPECT_FALSE(directory().remove_account("carol@example.com"));
  EXPECT_THAT(revoked, ElementsAre("alice@example.com", "alice@example.com", "alice@example.com",
                                   "carol@example.com"));
}

TEST_F(DirectoryTest, EveryChangeOfACredentialHasAVersionOfItsOwn) {
  auto version = [&] { return directory().credentials().find("alice@example.com")->version; };
  add("alice@example.com");
  const auto first = version();
  ASSERT_TRUE(directory().set_password("alice@example.com", "secret"));
  const auto second = version();
  ASSERT_TRUE(directory().disable_account("alice@example.com"));
  const auto third = version();
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  // A removed account's id never comes back with another account's password.
  const auto id = directory().account("alice@example.com")->id;
  ASSERT_TRUE(directory().remove_account("alice@example.com"));
  add("alice@example.com");
  EXPECT_GT(directory().account("alice@example.com")->id, id);
}

TEST_F(DirectoryTest, SurvivesAReopenAndIsReadableByItsOwnerOnly) {
  add("alice@example.com");
  const auto secret = directory().credentials().secret();
  EXPECT_EQ(secret.size(), 32u);
  scratch.open();
  EXPECT_TRUE(directory().account("alice@example.com"));
  EXPECT_EQ(directory().credentials().secret(), secret);
  struct stat status {};
  ASSERT_EQ(::stat(scratch.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(DirectoryTest, RefusesTheFileOfANewerVersion) {
  {
    auto database = directory_sql::Database::open(scratch.path());
    ASSERT_TRUE((*database)->execute("PRAGMA user_version = 99"));
  }
  const auto opened = Directory::open(scratch.path(), scratch.clock);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Error::Code::Corrupt);
  EXPECT_THAT(opened.error().text, HasSubstr("schema 99"));
}

TEST_F(DirectoryTest, RemembersWhereAnAccountSignedInFrom) {
  add("alice@example.com");
  auto& credentials = directory().credentials();
  const auto id = directory().account("alice@example.com")->id;
  EXPECT_FALSE(*credentials.has_signed_in(id, "192.0.2.1"));
  ASSERT_TRUE(credentials.note_sign_in(id, "192.0.2.1"));
  EXPECT_TRUE(*credentials.has_signed_in(id, "192.0.2.1"));
  EXPECT_FALSE(*credentials.has_signed_in(id + 1, "192.0.2.1"));
  ASSERT_TRUE(credentials.note_sign_in(id + 1, "192.0.2.1")) << "gone meanwhile";
  EXPECT_FALSE(*credentials.has_signed_in(id + 1, "192.0.2.1"));
  for (int i = 0; i < 1005; ++i) {
    scratch.clock.advance(std::chrono::seconds(1));
    ASSERT_TRUE(credentials.note_sign_in(id, "client" + std::to_string(i)));
  }
  EXPECT_FALSE(*credentials.has_signed_in(id, "192.0.2.1")) << "bounded";
  EXPECT_TRUE(*credentials.has_signed_in(id, "client1004"));
}

TEST_F(DirectoryTest, RemembersHowAnAccountWantsItsMail) {
  add("alice@example.com");
  auto record = *directory().account("alice@example.com");
  EXPECT_EQ(record.sends.per_hour, std::nullopt);
  EXPECT_FALSE(record.saves_sent);
  EXPECT_EQ(record.cleaning.trash_days, 0u);
  ASSERT_TRUE(directory().set_send_limits("ALICE@example.com", {100, 0}));
  ASSERT_TRUE(directory().set_saves_sent("alice@example.com", true));
  ASSERT_TRUE(directory().set_cleaning("alice@example.com", {30, 7}));
  record = *directory().account("alice@example.com");
  EXPECT_EQ(record.sends.per_hour, 100u);
  EXPECT_EQ(record.sends.per_day, 0u) << "any number, which is not: as the server has it";
  EXPECT_TRUE(record.saves_sent);
  EXPECT_EQ(record.cleaning.trash_days, 30u);
  EXPECT_EQ(record.cleaning.junk_days, 7u);
  ASSERT_TRUE(directory().set_send_limits("alice@example.com", {}));
  EXPECT_EQ(directory().account("alice@example.com")->sends.per_hour, std::nullopt);
  EXPECT_EQ(directory().set_saves_sent("bob@example.com", true).error().code,
            Error::Code::NotFound);
}

TEST_F(DirectoryTest, ManyThreadsReadAndWriteAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto address = "user" + std::to_string(t) + "-" + std::to_string(i) + "@example.com";
        const auto added = directory().import_account(
            address, "{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu");
        const auto route = directory().route(address);
        if (!added || !route || route->kind != Directory::Route::Kind::Local) ++failures;
        if (i % 2 == 0 && !directory().remove_account(address)) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(directory().accounts()->size(), 80u);
  EXPECT_FALSE(directory().credentials().has_scram_for_all());
}

}  // namespace
}  // namespace waxwing
