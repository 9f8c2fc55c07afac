// RFC 4467 section 2.2
#include "storage/account_db.h"
#include "tests/storage/store_fixture.h"

namespace waxwing {
namespace {

using UrlKey = Account::UrlKey;

class UrlKeys : public StoreTest {
 protected:
  std::string made(std::string_view mailbox, UrlKey which, const char* user = kAlice) {
    const auto key = account(user)->make_url_key(mailbox, 7, which);
    EXPECT_TRUE(key);
    return key.value_or("");
  }
  std::optional<std::string> known(std::string_view mailbox, std::uint32_t uid_validity = 7,
                                   const char* user = kAlice) {
    const auto key = account(user)->url_key(mailbox, uid_validity);
    EXPECT_TRUE(key);
    return key.value_or(std::nullopt);
  }
};

TEST_F(UrlKeys, AreMadeWhenTheyAreNeededAndStay) {
  EXPECT_EQ(known("INBOX"), std::nullopt);
  const std::string key = made("INBOX", UrlKey::Missing);
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(made("INBOX", UrlKey::Missing), key);
  EXPECT_EQ(known("INBOX"), key);
  reopen();
  EXPECT_EQ(known("INBOX"), key);
}

TEST_F(UrlKeys, DifferByMailboxAndByUser) {
  const std::string key = made("INBOX", UrlKey::Missing);
  EXPECT_NE(made("Sent", UrlKey::Missing), key);
  EXPECT_EQ(known("INBOX", 7, kBob), std::nullopt);
  EXPECT_NE(made("INBOX", UrlKey::Missing, kBob), key);
}

TEST_F(UrlKeys, OfAMailboxAreNotThoseOfTheNextOfItsName) {
  const std::string key = made("INBOX", UrlKey::Missing);
  EXPECT_EQ(known("INBOX", 8), std::nullopt);
}

TEST_F(UrlKeys, AreMadeAnewAndRemoved) {
  const auto before = account()->url_key_changes("INBOX");
  const std::string key = made("INBOX", UrlKey::Missing);
  EXPECT_EQ(account()->url_key_changes("INBOX"), before);
  EXPECT_NE(made("INBOX", UrlKey::Anew), key);
  EXPECT_EQ(account()->url_key_changes("INBOX"), before + 1);
  EXPECT_EQ(account()->url_key_changes("Sent"), 0u);
  made("Sent", UrlKey::Missing);
  ASSERT_TRUE(account()->remove_url_keys());
  EXPECT_EQ(known("INBOX"), std::nullopt);
  EXPECT_EQ(known("Sent"), std::nullopt);
  EXPECT_EQ(account()->url_key_changes("Sent"), 1u);
}

TEST_F(UrlKeys, SurviveALostIndex) {
  const std::string key = made("INBOX", UrlKey::Missing);
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_EQ(known("INBOX"), key);
}

TEST_F(UrlKeys, HaveATableInAnAccountOfBefore) {
  const std::string path = root_ + "/old.sqlite";
  ASSERT_TRUE(AccountDb::open(path));
  {
    auto database = sqlite::Database::open(path, sqlite::Database::Synchronous::Full);
    ASSERT_TRUE(database);
    // And nothing that came later.
    ASSERT_TRUE(database->execute(
        "DROP TABLE url_keys; DROP TABLE message_annotations;"
        "DROP TABLE annotated; DROP TABLE annotators; DROP TABLE private_annotations;"
        "DELETE FROM marks WHERE name IN ('annotation_bytes', 'account')"));
    ASSERT_TRUE(database->execute("PRAGMA user_version=3"));
  }
  auto migrated = AccountDb::open(path);
  ASSERT_TRUE(migrated) << migrated.error().text;
  ASSERT_TRUE((*migrated)->set_url_key("INBOX", 7, std::string("a\0b", 3)));
  EXPECT_EQ((*migrated)->url_key("INBOX", 7).value(), std::string("a\0b", 3));
}

TEST_F(UrlKeys, NobodyGetsAnAccountBySpeakingOfIt) {
  const auto unknown = store_->existing_mail_of({"nobody@example.test", false});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Error::Code::NotFound);
  EXPECT_FALSE(std::filesystem::exists(folder("nobody@example.test")));
  account();
  EXPECT_TRUE(store_->existing_mail_of({kAlice, false}));
}

}  // namespace
}  // namespace waxwing
