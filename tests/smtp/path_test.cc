#include "protocols/smtp/path.h"

#include <gtest/gtest.h>

#include "tests/smtp/world.h"

namespace waxwing::smtp {
namespace {

std::string rcpt(std::string_view argument) {
  const auto address = parse_rcpt(argument, false);
  return address ? address->recipient
                 : std::to_string(address.error().code) + " " + address.error().enhanced;
}

TEST(Path, ReadsAddressesAsClientsWriteThem) {
  EXPECT_EQ(rcpt("TO:<alice@Example.Test>"), "alice@example.test");
  EXPECT_EQ(rcpt("to: <alice@example.test> "), "alice@example.test");
  EXPECT_EQ(rcpt("TO:<\"a>b c\"@example.test>"), "\"a>b c\"@example.test");
  EXPECT_EQ(rcpt("TO:<\"alice\"@example.test>"), "alice@example.test");
  EXPECT_EQ(rcpt("TO:<postmaster@[192.0.2.1]>"), "postmaster@[192.0.2.1]");
  EXPECT_EQ(rcpt("TO:<PostMaster>"), "postmaster");
}

TEST(Path, DropsSourceRoutes) {
  EXPECT_EQ(rcpt("TO:<@a.example,@b.example:alice@example.test>"), "alice@example.test");
  EXPECT_EQ(rcpt("TO:<@a.example:alice@far.example>"), "alice@far.example");
  EXPECT_EQ(rcpt("TO:<@a.example>"), "553 5.1.3");
  EXPECT_EQ(rcpt("TO:<@:alice@example.test>"), "553 5.1.3");
  EXPECT_EQ(rcpt("TO:<@a@b:alice@example.test>"), "553 5.1.3");
}

TEST(Path, RefusesWhatIsNoAddress) {
  for (const char* argument :
       {"TO:alice@example.test", "TO:<alice@example.test", "<alice@example.test>", "TO:<>",
        "TO:", "FROM:<alice@example.test>", "TO:<alice@example.test>x"}) {
    EXPECT_EQ(rcpt(argument), "501 5.5.4") << argument;
  }
  for (const char* argument :
       {"TO:<alice>", "TO:<alice@>", "TO:<@example.test>", "TO:<alice@example.test@far.example>",
        "TO:<a b@example.test>", "TO:<alice@example..test>", "TO:<alice@[192.0.2.999]>"}) {
    EXPECT_EQ(rcpt(argument), "553 5.1.3") << argument;
  }
}

TEST(Path, ReadsTheParametersOfMail) {
  const auto mail = parse_mail("FROM:<carol@far.example> SIZE=123 BODY=8BITMIME SMTPUTF8 AUTH=<>");
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->sender, "carol@far.example");
  EXPECT_EQ(mail->size, 123u);
  EXPECT_EQ(mail->body, MailEnvelope::Body::EightBitMime);
  EXPECT_TRUE(mail->smtp_utf8);
  EXPECT_EQ(parse_mail("FROM:<>")->sender, "");
  EXPECT_EQ(parse_mail("from: <carol@far.example>")->sender, "carol@far.example");
  EXPECT_EQ(parse_mail("FROM:<carol>").error().enhanced, "5.1.7");
}

}  // namespace
}  // namespace waxwing::smtp
