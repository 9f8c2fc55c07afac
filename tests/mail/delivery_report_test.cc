#include "protocols/mail/delivery_report.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "protocols/mail/message.h"

namespace waxwing::mail {
namespace {

using testing::HasSubstr;
using testing::Not;

DeliveryReport report() {
  DeliveryReport made;
  made.hostname = "mail.example.test";
  made.to = "alice@example.test";
  made.id = "0123456789abcdef";
  made.now = made.accepted = 1'790'000'000;
  made.recipients = {{.address = "bob@far.example",
                      .original = "rfc822;list@example.test",
                      .status = "5.2.2",
                      .host = "mx.far.example",
                      .reply = "552 5.2.2 mailbox full",
                      .tried = 1'790'000'100}};
  made.original = "Subject: hello\r\nFrom: alice@example.test\r\n\r\n";
  return made;
}

// No line may be longer than SMTP allows, and a report must pass where 8-bit text does not.
void expect_clean(const std::string& text) {
  EXPECT_TRUE(is_ascii(text));
  for (const auto line : split(text, '\n')) EXPECT_LE(line.size(), 999u) << line;
}

TEST(DeliveryReport, SaysInPlainWordsWhatWentWrongAndWhoCanMendIt) {
  const auto text = report().print();
  EXPECT_THAT(text,
              HasSubstr("Your message could not be delivered to:\r\n\r\n    bob@far.example"));
  EXPECT_THAT(text, HasSubstr("The recipient's mailbox is full. The recipient has to make room"));
  EXPECT_THAT(text,
              HasSubstr("What the server mx.far.example said:\r\n    552 5.2.2 mailbox full"));
  expect_clean(text);
}

TEST(DeliveryReport, IsAMultipartReport) {
  auto made = report();
  made.envelope_id = "QQ1";
  const auto text = made.print();
  Parser parser;
  parser.feed(text);
  const auto message = parser.finish();
  EXPECT_EQ(message.root.type, "multipart");
  EXPECT_EQ(message.root.subtype, "report");
  ASSERT_EQ(message.root.parts.size(), 3u);
  EXPECT_EQ(message.root.parts[1].subtype, "delivery-status");
  EXPECT_EQ(message.root.parts[2].subtype, "rfc822-headers");
  for (const char* field :
       {"Original-Envelope-Id: QQ1\r\nReporting-MTA: dns; mail.example.test\r\nArrival-Date: ",
        "\r\n\r\nOriginal-Recipient: rfc822; list@example.test\r\nFinal-Recipient: rfc822; "
        "bob@far.example\r\nAction: failed\r\nStatus: 5.2.2\r\nRemote-MTA: dns; mx.far.example\r\n"
        "Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\nLast-Attempt-Date: "})
    EXPECT_THAT(text, HasSubstr(field));
}

TEST(DeliveryReport, BringsTheMessageBackWhole) {
  auto made = report();
  made.is_whole = true;
  made.original += "the text\r\n";
  EXPECT_THAT(made.print(), HasSubstr("Content-Type: message/rfc822\r\n"));
  EXPECT_THAT(made.print(), HasSubstr("the text\r\n\r\n--report-0123456789abcdef--\r\n"));
}

TEST(DeliveryReport, ClaimsNoWordsOfAServerThatNobodyReached) {
  auto made = report();
  made.recipients[0].host.clear();
  made.recipients[0].status = "4.4.1";
  made.recipients[0].reply = "connect: Connection refused";
  const auto text = made.print();
  EXPECT_THAT(text, Not(HasSubstr("Diagnostic-Code")));
  EXPECT_THAT(text, Not(HasSubstr("Remote-MTA")));
  EXPECT_THAT(text, HasSubstr("None of the servers of the recipient's domain answers."));
}

TEST(DeliveryReport, NamesWhatIsNotAsciiAsItIs) {
  auto made = report();
  made.recipients[0].address = "j\u00f8rn@far.example";
  const auto text = made.print();
  EXPECT_THAT(text, HasSubstr("Content-Type: message/global-delivery-status\r\n"));
  EXPECT_THAT(text, HasSubstr("Final-Recipient: utf-8; j\u00f8rn@far.example\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Type: message/global-headers\r\n"));
}

TEST(DeliveryReport, KeepsLinesShortWhateverAServerSays) {
  auto made = report();
  made.recipients[0].reply = "550 " + std::string(5000, 'x') + " " + std::string(3000, 'y');
  expect_clean(made.print());
}

TEST(DeliveryReport, SaysUntilWhenItIsTried) {
  auto made = report();
  made.recipients[0].action = DeliveryReport::Action::Delayed;
  made.recipients[0].will_retry_until = 1'790'400'000;
  const auto text = made.print();
  EXPECT_THAT(text, HasSubstr("Your message has not been delivered yet."));
  EXPECT_THAT(text, HasSubstr("Will-Retry-Until: "));
}

TEST(Explain, HasASentenceForEveryStatus) {
  for (int kind : {4, 5})
    for (int subject = 0; subject < 8; ++subject)
      for (int detail = 0; detail < 12; ++detail) {
        const auto status =
            std::to_string(kind) + "." + std::to_string(subject) + "." + std::to_string(detail);
        EXPECT_GT(explain(status, true).size(), 20u) << status;
      }
}

}  // namespace
}  // namespace waxwing::mail
