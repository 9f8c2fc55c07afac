#include "base/encoding.h"

#include <gtest/gtest.h>

namespace waxwing {
namespace {

// RFC 4648 section 10
TEST(Encoding, Base64Vectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64(plain), encoded);
    EXPECT_EQ(from_base64(encoded), plain);
  }
}

TEST(Encoding, Base64IsStrict) {
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9",
                            "=Zg=", "====", "Zm9v\n", "Zm-_", "Z\xC3\xA4=="}) {
    EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
  }
}

TEST(Encoding, Base64KeepsEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_base64(base64(all)), all);
}

TEST(Encoding, HexGoesBothWays) {
  EXPECT_EQ(hex(std::string_view("\x00\xFF\x1a", 3)), "00ff1a");
  EXPECT_EQ(from_hex("00FF1a"), std::string("\x00\xFF\x1a", 3));
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
}

TEST(Encoding, PercentLeavesNoPathSeparator) {
  EXPECT_EQ(percent("../a b"), "..%2Fa%20b");
  EXPECT_EQ(percent("\xC3\xA4@x"), "%C3%A4%40x");
  EXPECT_EQ(from_percent("..%2fa%20b"), "../a b");
}

TEST(Encoding, PercentRefusesBrokenEscapes) {
  for (const char* wrong : {"%", "a%", "%4", "%4g", "%%41"}) {
    EXPECT_EQ(from_percent(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace waxwing
