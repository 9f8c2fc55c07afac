#include "auth/password_hash.h"

#include <gtest/gtest.h>

namespace waxwing {
namespace {

const std::string kSha512 =
    "$6$rounds=1000$saltstring$ork3cBOKP872lqW.IFRDJgtZW0AssfpOOo6hDlDoYhlVzRK4CHd7yNO8A/"
    "T51jdKVLanwwQMFz.ysr.EMG//E1";
const std::string kSha256 = "$5$saltstring$QsawHNtIZWMgWWdYBHMuOJyvK4.GlQU8CrPUBLOT2ZA";
const std::string kBcrypt = "$2y$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu";

bool is_right(const PasswordHash& hash, std::string_view password) {
  const auto match = matches(hash, password);
  EXPECT_TRUE(match);
  return match.value_or(false);
}

TEST(PasswordHash, MatchesItsPasswordOnly) {
  const auto hash = hash_password("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash->text;
  EXPECT_TRUE(is_right(*hash, "correct horse"));
  for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse"}) {
    EXPECT_FALSE(is_right(*hash, wrong)) << wrong;
  }
  EXPECT_FALSE(is_right(*hash, std::string("correct horse\0", 14)));
  EXPECT_FALSE(is_right(*hash, std::string(1'000'000, 'x')));
  EXPECT_NE(hash_password("correct horse")->text, hash->text) << "its own salt";
}

TEST(PasswordHash, IsTheSameOnEveryKeyboard) {
  const auto hash = hash_password("caf\xC3\xA9");  // one character for the e with its accent
  EXPECT_TRUE(is_right(*hash, "cafe\xCC\x81"));    // two
  const auto latin = hash_password("caf\xE9");     // not UTF-8: taken as it is
  EXPECT_TRUE(is_right(*latin, "caf\xE9"));
  EXPECT_FALSE(is_right(*latin, "caf\xC3\xA9"));
}

TEST(PasswordHash, MatchesImportedHashes) {
  for (const auto& text : {kSha512, kSha256, kBcrypt}) {
    EXPECT_TRUE(is_right({text, true}, "geheim")) << text;
    EXPECT_FALSE(is_right({text, true}, "Geheim")) << text;
    EXPECT_FALSE(is_right({text, true}, std::string("geheim\0x", 8))) << text;
    EXPECT_FALSE(is_right({text, true}, "")) << text;
  }
}

TEST(PasswordHash, ReadsTheSchemesOfAPasswdFile) {
  EXPECT_EQ(read_imported_secret("{PLAIN}pass word")->value, "pass word");
  EXPECT_TRUE(read_imported_secret("{plain}x")->is_plain);
  for (const auto& secret : {"{SHA512-CRYPT}" + kSha512, "{sha256-crypt}" + kSha256,
                             "{BLF-CRYPT}" + kBcrypt, "{ARGON2ID}" + hash_password("x")->text}) {
    const auto read = read_imported_secret(secret);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_FALSE(read->is_plain);
    EXPECT_EQ(read->value, secret.substr(secret.find('}') + 1));
  }
}

TEST(PasswordHash, RefusesSecretsItCannotUse) {
  for (const auto& secret : {
           std::string(""),
           std::string("geheim"),
           std::string("{PLAIN}"),
           std::string("{PLAIN}a\nb"),
           std::string("{MD5}5f4dcc3b5aa765d61d8327deb882cf99"),
           std::string("{SHA512-CRYPT}$6$salt$short"),
           "{SHA512-CRYPT}" + kSha256,
           "{SHA256-CRYPT}" + kSha512,
           "{ARGON2ID}" + kBcrypt,
           "{SHA256-CRYPT}$5$rounds=900000000$saltstring$" + kSha256.substr(14),
           std::string("{BLF-CRYPT}$2y$31$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu"),
           std::string("{ARGON2ID}$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQxMjM$"
                       "RdescudvJCsgt3ub+b4dWRWJTmaaJObG"),
           std::string("{ARGON2ID}$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQxMjM$"
                       "RdescudvJCsgt3ub+b4dWRWJTmaaJObG"),
       }) {
    const auto read = read_imported_secret(secret);
    ASSERT_FALSE(read) << secret;
    EXPECT_EQ(read.error().code, Error::Code::Invalid);
    EXPECT_FALSE(read.error().text.empty());
  }
}

TEST(PasswordHash, ObjectsToPasswordsThatCannotBeSet) {
  EXPECT_EQ(objection_to_password("x"), "");
  EXPECT_NE(objection_to_password(""), "");
  EXPECT_NE(objection_to_password("tab\t"), "");
  EXPECT_NE(objection_to_password(std::string(1, '\0')), "");
  EXPECT_EQ(objection_to_password(std::string(1000, 'x')), "");
  EXPECT_NE(objection_to_password(std::string(1001, 'x')), "");
}

}  // namespace
}  // namespace waxwing
