#include "protocols/smtp/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace waxwing::smtp {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using Kind = Client::Step::Kind;

std::shared_ptr<const Fd> file_of(std::string_view text) {
  Fd file(memfd_create("message", 0));
  EXPECT_EQ(write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return std::make_shared<const Fd>(std::move(file));
}

// A server that says what the test tells it.
class ClientTest : public testing::Test {
 protected:
  Kind hear(std::string_view text) {
    input_.append(text);
    const auto step = client_->consume(input_, output_);
    if (step.kind != Kind::Failed) {
      while (client_->wants_to_write()) EXPECT_TRUE(client_->write(output_));
    }
    return step.kind;
  }
  std::string said() { return output_.drain(); }
  // Until it is ready.
  void greet(std::string_view extensions) {
    EXPECT_EQ(hear("220 mx.example.net ESMTP\r\n"), Kind::Bytes);
    EXPECT_EQ(said(), "EHLO mail.example.test\r\n");
    std::string answer = "250-mx.example.net\r\n";
    answer += extensions;
    EXPECT_EQ(hear(answer + "250 HELP\r\n"), Kind::Ready);
  }
  static Consignment mail(std::vector<std::string> recipients,
                          std::string_view text = "Subject: s\r\n\r\n.dot\r\n") {
    Consignment mail;
    mail.sender = "alice@example.test";
    for (auto& address : recipients) mail.recipients.push_back({.address = std::move(address)});
    mail.file = file_of("SKIP" + std::string(text));
    mail.offset = 4;
    mail.size = text.size();
    return mail;
  }
  void send(Consignment mail) { client_->send(std::move(mail), output_); }
  std::vector<std::string> results() {
    std::vector<std::string> all;
    for (const auto& result : client_->results()) {
      all.push_back(result ? std::to_string(result->reply.code) + " " + result->reply.enhanced
                           : "nothing");
    }
    return all;
  }

  Client::Options options_{.hostname = "mail.example.test"};
  std::unique_ptr<Client> client_ = std::make_unique<Client>(options_);
  Input input_;
  Output output_;
};

TEST_F(ClientTest, SaysOneCommandAtATimeToAnOldServer) {
  greet("");
  send(mail({"a@x.example", "b@x.example"}));
  EXPECT_EQ(said(), "MAIL FROM:<alice@example.test>\r\n");
  EXPECT_EQ(hear("250 ok\r\n"), Kind::Bytes);
  EXPECT_EQ(said(), "RCPT TO:<a@x.example>\r\n");
  EXPECT_EQ(hear("250 ok\r\n"), Kind::Bytes);
  EXPECT_EQ(said(), "RCPT TO:<b@x.example>\r\n");
  EXPECT_EQ(hear("550 5.1.1 who?\r\n"), Kind::Bytes);
  EXPECT_EQ(said(), "DATA\r\n");
  EXPECT_FALSE(client_->is_in_doubt());
  EXPECT_EQ(hear("354 go\r\n"), Kind::Bytes);
  EXPECT_EQ(said(), "Subject: s\r\n\r\n..dot\r\n.\r\n");
  EXPECT_TRUE(client_->is_in_doubt());
  EXPECT_EQ(hear("250 2.0.0 taken\r\n"), Kind::Ready);
  EXPECT_THAT(results(), testing::ElementsAre("250 2.0.0", "550 5.1.1"));
  EXPECT_FALSE(client_->is_in_doubt());
  client_->quit(output_);
  EXPECT_EQ(said(), "QUIT\r\n");
  EXPECT_EQ(hear("221 bye\r\n"), Kind::Close);
}

TEST_F(ClientTest, SaysAllAtOnceWhereTheServerCanTakeIt) {
  greet("250-PIPELINING\r\n250-CHUNKING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-DSN\r\n");
  auto one = mail({"a@x.example"});
  one.body = Envelope::Body::EightBitMime;
  one.ret = Envelope::Return::Headers;
  one.envelope_id = "QQ1";
  one.recipients[0].notify = QueuedRecipient::kSuccess | QueuedRecipient::kDelay;
  one.recipients[0].original = "rfc822;x+2B@y.example";
  send(std::move(one));
  EXPECT_EQ(said(),
            "MAIL FROM:<alice@example.test> SIZE=20 BODY=8BITMIME RET=HDRS ENVID=QQ1\r\n"
            "RCPT TO:<a@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2B@y.example\r\n"
            "BDAT 20 LAST\r\nSubject: s\r\n\r\n.dot\r\n");
  EXPECT_EQ(hear("250 ok\r\n250 ok\r\n250 2.0.0 taken\r\n"), Kind::Ready);
  EXPECT_THAT(results(), testing::ElementsAre("250 2.0.0"));
  EXPECT_TRUE(client_->results()[0]->passed_on);
  send(mail({"b@x.example"}));
  EXPECT_THAT(said(), testing::StartsWith("MAIL FROM:"));
}

TEST_F(ClientTest, GivesTheRefusalOfTheSenderToEveryRecipient) {
  greet("250-PIPELINING\r\n");
  send(mail({"a@x.example", "b@x.example"}));
  EXPECT_THAT(said(), EndsWith("RCPT TO:<b@x.example>\r\nDATA\r\n"));
  EXPECT_EQ(hear("451 4.7.1 later\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n"),
            Kind::Ready);
  EXPECT_THAT(results(), testing::ElementsAre("451 4.7.1", "451 4.7.1"));
  // What the server thinks of the last message must not touch the next.
  send(mail({"a@x.example"}));
  EXPECT_THAT(said(), testing::StartsWith("RSET\r\nMAIL FROM:"));
  EXPECT_EQ(hear("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"), Kind::Bytes);
  EXPECT_EQ(hear("250 taken\r\n"), Kind::Ready);
  EXPECT_THAT(results(), testing::ElementsAre("250 "));
}

TEST_F(ClientTest, SendsNothingBehindDataThatWasSaidTooEarly) {
  greet("250-PIPELINING\r\n");
  send(mail({"a@x.example"}));
  said();
  EXPECT_EQ(hear("250 ok\r\n550 5.1.1 who?\r\n354 go\r\n"), Kind::Bytes);
  EXPECT_EQ(said(), ".\r\n");
  EXPECT_EQ(hear("554 5.5.1 no valid recipients\r\n"), Kind::Ready);
  EXPECT_THAT(results(), testing::ElementsAre("550 5.1.1"));
}

TEST_F(ClientTest, SendsALargeMessageOnlyWhenSomebodyWantsIt) {
  greet("250-PIPELINING\r\n250-CHUNKING\r\n");
  send(mail({"a@x.example"}, std::string(200'000, 'x')));
  EXPECT_THAT(said(), EndsWith("RCPT TO:<a@x.example>\r\n"));
  EXPECT_EQ(hear("250 ok\r\n550 5.1.1 who?\r\n"), Kind::Ready);
  EXPECT_EQ(said(), "");
}

TEST_F(ClientTest, KnowsWhatAServerCannotTake) {
  greet("250-SIZE 10\r\n");
  EXPECT_EQ(client_->unfit(mail({"a@x.example"}))->enhanced, "5.3.4");
  auto small = mail({"a@x.example"}, "x\r\n");
  EXPECT_FALSE(client_->unfit(small));
  small.body = Envelope::Body::EightBitMime;
  EXPECT_EQ(client_->unfit(small)->enhanced, "5.6.3");
  small.smtp_utf8 = true;
  EXPECT_EQ(client_->unfit(small)->enhanced, "5.6.7");
  small.smtp_utf8 = false;
  small.body = Envelope::Body::SevenBit;
  small.require_tls = true;
  EXPECT_EQ(client_->unfit(small)->enhanced, "5.7.30");
  small.sender.clear();
  EXPECT_FALSE(client_->unfit(small)) << "a report is better sent than lost, RFC 8689 section 5";
}

TEST_F(ClientTest, ForgetsWhatWasSaidBeforeTls) {
  EXPECT_EQ(hear("220 hi\r\n"), Kind::Bytes);
  EXPECT_EQ(hear("250-x\r\n250-PIPELINING\r\n250 STARTTLS\r\n"), Kind::Bytes);
  EXPECT_THAT(said(), EndsWith("STARTTLS\r\n"));
  EXPECT_EQ(hear("220 go\r\n"), Kind::StartTls);
  client_->encrypted({.version = "TLSv1.3"});
  client_->hello_again(output_);
  EXPECT_EQ(said(), "EHLO mail.example.test\r\n");
  EXPECT_EQ(hear("250 x\r\n"), Kind::Ready);
  EXPECT_FALSE(client_->extensions().pipelining);
}

TEST_F(ClientTest, SpeaksHeloWhereEhloIsUnknown) {
  EXPECT_EQ(hear("220 hi\r\n"), Kind::Bytes);
  EXPECT_EQ(hear("500 what?\r\n"), Kind::Bytes);
  EXPECT_THAT(said(), EndsWith("HELO mail.example.test\r\n"));
  EXPECT_EQ(hear("250 x\r\n"), Kind::Ready);
}

TEST_F(ClientTest, SignsInButNeverInClear) {
  options_.user = "u";
  options_.password = "p";
  client_ = std::make_unique<Client>(options_);
  EXPECT_EQ(hear("220 hi\r\n"), Kind::Bytes);
  EXPECT_EQ(hear("250-x\r\n250 AUTH PLAIN\r\n"), Kind::Failed);
  EXPECT_THAT(said(), testing::Not(HasSubstr("AUTH")));

  client_ = std::make_unique<Client>(options_);
  client_->encrypted({.version = "TLSv1.3"});
  EXPECT_EQ(hear("220 hi\r\n250-x\r\n250 AUTH LOGIN\r\n"), Kind::Bytes);
  EXPECT_THAT(said(), EndsWith("AUTH LOGIN\r\n"));
  EXPECT_EQ(hear("334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"), Kind::Bytes);
  EXPECT_EQ(said(), "dQ==\r\ncA==\r\n");
  EXPECT_EQ(hear("235 welcome\r\n"), Kind::Ready);
}

TEST_F(ClientTest, GivesUpOnWhatIsNoSmtp) {
  for (const std::string greeting :
       {"HTTP/1.1 400 Bad Request\r\n", "22\r\n", "220-a\r\n250 b\r\n", "999 x\r\n"}) {
    client_ = std::make_unique<Client>(options_);
    input_.clear();
    EXPECT_EQ(hear(greeting), Kind::Failed) << greeting;
  }
  client_ = std::make_unique<Client>(options_);
  input_.clear();
  EXPECT_EQ(hear(std::string(5000, '2')), Kind::Failed) << "a line without end";
  client_ = std::make_unique<Client>(options_);
  input_.clear();
  Kind kind = Kind::Bytes;
  for (int i = 0; i < 10'000 && kind == Kind::Bytes; ++i)
    kind = hear("220-" + std::string(99, 'x') + "\r\n");
  EXPECT_EQ(kind, Kind::Failed) << "a reply without end";
}

TEST_F(ClientTest, EndsWhereTheServerEnds) {
  greet("250-PIPELINING\r\n");
  send(mail({"a@x.example"}));
  EXPECT_EQ(hear("250 ok\r\n421 4.3.2 going down\r\n"), Kind::Failed);
  EXPECT_EQ(client_->trouble().enhanced, "4.3.2");
  EXPECT_FALSE(client_->is_in_doubt());
}

TEST_F(ClientTest, IsInDoubtWhenTheAnswerToTheMessageIsMissing) {
  greet("250-PIPELINING\r\n250-CHUNKING\r\n");
  send(mail({"a@x.example"}));
  EXPECT_EQ(hear("250 ok\r\n250 ok\r\n"), Kind::Bytes);
  input_.end();
  EXPECT_EQ(client_->consume(input_, output_).kind, Kind::Failed);
  EXPECT_TRUE(client_->is_in_doubt());
  EXPECT_THAT(results(), testing::ElementsAre("nothing"));
}

// A server may have read all of it, and taken it, before its first reply is seen here.
TEST_F(ClientTest, IsInDoubtAsSoonAsTheWholeMessageIsSaid) {
  greet("250-PIPELINING\r\n250-CHUNKING\r\n");
  send(mail({"a@x.example", "b@x.example"}));
  EXPECT_THAT(said(), HasSubstr("LAST\r\n"));
  EXPECT_TRUE(client_->is_in_doubt());
  EXPECT_TRUE(client_->is_unheard());
  EXPECT_EQ(hear("250 ok\r\n"), Kind::Bytes);
  EXPECT_TRUE(client_->is_in_doubt());
  EXPECT_FALSE(client_->is_unheard());
  EXPECT_EQ(hear("550 5.1.1 who?\r\n550 5.1.1 who?\r\n"), Kind::Bytes);
  EXPECT_FALSE(client_->is_in_doubt()) << "nobody wants it";
  EXPECT_EQ(hear("503 5.5.1 for whom?\r\n"), Kind::Ready);
  EXPECT_FALSE(client_->is_in_doubt());

  send(mail({"a@x.example"}));
  EXPECT_EQ(hear("250 ok\r\n250 ok\r\n421 4.3.2 going down\r\n"), Kind::Failed);
  EXPECT_FALSE(client_->is_in_doubt()) << "it said so before it looked at the message";
}

TEST_F(ClientTest, IsInNoDoubtBeforeTheServerAsksForTheText) {
  greet("250-PIPELINING\r\n");
  send(mail({"a@x.example"}));
  EXPECT_THAT(said(), EndsWith("DATA\r\n"));
  EXPECT_FALSE(client_->is_in_doubt());
  EXPECT_EQ(hear("250 ok\r\n250 ok\r\n354 go\r\n"), Kind::Bytes);
  EXPECT_TRUE(client_->is_in_doubt());
}

TEST_F(ClientTest, HearsOfEachRecipientInLmtp) {
  options_.lmtp = true;
  client_ = std::make_unique<Client>(options_);
  EXPECT_EQ(hear("220 hi\r\n"), Kind::Bytes);
  EXPECT_EQ(said(), "LHLO mail.example.test\r\n");
  EXPECT_EQ(hear("250-x\r\n250 PIPELINING\r\n"), Kind::Ready);
  send(mail({"a@x.example", "b@x.example", "c@x.example"}));
  EXPECT_EQ(hear("250 ok\r\n250 ok\r\n550 5.1.1 who?\r\n250 ok\r\n"), Kind::Bytes);
  EXPECT_THAT(said(), EndsWith("DATA\r\n"));
  EXPECT_EQ(hear("354 go\r\n250 2.0.0 a\r\n"), Kind::Bytes);
  EXPECT_EQ(hear("452 4.2.2 c is full\r\n"), Kind::Ready);
  EXPECT_THAT(results(), testing::ElementsAre("250 2.0.0", "550 5.1.1", "452 4.2.2"));
}

}  // namespace
}  // namespace waxwing::smtp
