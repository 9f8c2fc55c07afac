#include "base/crypto.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace waxwing {
namespace {

TEST(Crypto, Digests) {
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// RFC 4231 section 4.3
TEST(Crypto, Hmac) {
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 7677 section 3: the example's ServerKey is derived from this salted password.
TEST(Crypto, SaltedPasswordOfScram) {
  const auto salt = from_base64("W22ZaJ0SNY7soEsUEjb6gQ==");
  const auto salted = pbkdf2_sha256("pencil", *salt, 4096);
  EXPECT_EQ(base64(hmac_sha256(salted, "Server Key")),
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST(Crypto, RandomIsRandom) {
  EXPECT_EQ(random_bytes(33).size(), 33u);
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(Crypto, PasswordsHaveNoLookAlikes) {
  const std::string password = random_password(4000);
  EXPECT_EQ(password.size(), 4000u);
  EXPECT_EQ(password.find_first_of("lIO01 "), std::string::npos);
  EXPECT_NE(random_password(), random_password());
}

TEST(Crypto, ComparesWholeSecrets) {
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secret "));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(Crypto, WipeLeavesNothing) {
  std::string secret = "a password that is long enough to live on the heap";
  const char* bytes = secret.data();
  wipe(secret);
  EXPECT_TRUE(secret.empty());
  EXPECT_EQ(std::string(bytes, 20), std::string(20, '\0')) << "the memory is still ours to read";
}

}  // namespace
}  // namespace waxwing
