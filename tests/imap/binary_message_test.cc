#include "protocols/imap/binary_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocols/mail/transfer.h"
#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

class BinaryMessage : public testing::Test {
 protected:
  // The message as it is then kept; the error's text when it cannot be.
  std::string encode(const std::string& text) {
    auto message = *world.store().stage(), target = *world.store().stage();
    EXPECT_TRUE(message->append(text));
    message->finish();
    if (const auto done = encode_binary(*message, *target); !done) {
      EXPECT_EQ(done.error().code, Error::Code::Invalid);
      return "error: " + done.error().text;
    }
    target->finish();
    return *target->read(0, target->size());
  }
  SessionWorld world;
};

TEST_F(BinaryMessage, EncodesWhatHoldsNulAlone) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n";
  const std::string clean = "--b\r\nContent-Transfer-Encoding: binary\r\n\r\nclean\r\n";
  EXPECT_EQ(
      encode(head + clean +
             "--b\r\nX: y\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n--b--\r\n"s),
      head + clean + "--b\r\nX: y\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n--b--\r\n");
}

TEST_F(BinaryMessage, EncodesAMessageWithoutParts) {
  EXPECT_EQ(encode("Subject: x\r\n\r\na\0b"s),
            "Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n");
  EXPECT_EQ(encode("MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\0"s),
            "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n");
}

TEST_F(BinaryMessage, EncodesPartsOfAnEnclosedMessage) {
  const std::string kept =
      encode("Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\na\0b\r\n"s);
  EXPECT_EQ(kept,
            "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nYQBiDQo=");
}

TEST_F(BinaryMessage, WritesLinesThatAreNotTooLong) {
  std::string body(200'000, '\0');
  const std::string kept = encode("Subject: x\r\n\r\n" + body);
  const auto start = kept.find("\r\n\r\n") + 4;
  std::size_t longest = 0;
  for (std::size_t at = start; at < kept.size();) {
    const auto end = kept.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    longest = std::max(longest, end - at);
    at = end + 2;
  }
  EXPECT_EQ(longest, 76u);
  EXPECT_EQ(mail::decode_transfer("base64", kept.substr(start)), body);
}

TEST_F(BinaryMessage, RefusesNulElsewhere) {
  EXPECT_THAT(encode("Sub\0ject: x\r\n\r\nbody"s), HasSubstr("error: "));
  EXPECT_THAT(encode("Content-Transfer-Encoding: base64\r\n\r\nYQ\0Bi"s), HasSubstr("error: "));
  EXPECT_THAT(
      encode(
          "Content-Type: multipart/mixed; boundary=b\r\n\r\npre\0amble\r\n--b\r\n\r\nx\r\n--b--\r\n"s),
      HasSubstr("error: "));
}

}  // namespace
}  // namespace waxwing::imap
