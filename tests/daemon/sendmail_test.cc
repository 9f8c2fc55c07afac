// What `sendmail` understands of a command line, and what it makes of a message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/sendmail_order.h"
#include "daemon/sendmail_text.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Task = SendmailOrder::Task;

SendmailOrder order(const std::vector<std::string>& words) {
  auto read = read_sendmail_order(words);
  if (!read) {
    ADD_FAILURE() << read.error().text;
    return {};
  }
  return *read;
}

std::string mistake(const std::vector<std::string>& words) {
  const auto read = read_sendmail_order(words);
  return read ? "none" : read.error().text;
}

TEST(SendmailOrder, TakesWhatProgramsGive) {
  const auto cron = order({"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"});
  EXPECT_EQ(cron.full_name, "CronDaemon");
  EXPECT_FALSE(cron.dot_ends);
  EXPECT_THAT(cron.recipients, ElementsAre("root"));
  const auto php = order({"-t", "-i"});
  EXPECT_TRUE(php.recipients_in_header);
  EXPECT_THAT(php.recipients, IsEmpty());
  const auto mutt = order({"-oem", "-oi", "-f", "me@x.example", "--", "-odd@x.example", "b"});
  EXPECT_EQ(mutt.sender, "me@x.example");
  EXPECT_FALSE(mutt.dot_ends);
  EXPECT_THAT(mutt.recipients, ElementsAre("-odd@x.example", "b"));
  const auto joined = order({"-tifme", "-r", "<>"});
  EXPECT_TRUE(joined.recipients_in_header);
  EXPECT_EQ(joined.sender, "");
  EXPECT_THAT(order({"-bm", "a,b", "c"}).recipients, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(order({"a"}).dot_ends);
  EXPECT_FALSE(order({"a"}).sender.has_value());
}

TEST(SendmailOrder, TakesWhatTheSenderWantsToBeTold) {
  const auto told = order({"-N", "success,delay", "-Rhdrs", "-V", "a+b c", "x"});
  EXPECT_EQ(told.notify, QueuedRecipient::kSuccess | QueuedRecipient::kDelay);
  EXPECT_EQ(told.ret, Envelope::Return::Headers);
  EXPECT_EQ(told.envelope_id, "a+2Bb+20c");
  EXPECT_EQ(order({"-Nnever", "x"}).notify, QueuedRecipient::kNever);
  EXPECT_THAT(mistake({"-N", "never,success", "x"}), HasSubstr("never alone"));
  EXPECT_THAT(mistake({"-N", "sometimes", "x"}), HasSubstr("-N takes"));
  EXPECT_THAT(mistake({"-R", "some", "x"}), HasSubstr("-R takes"));
}

TEST(SendmailOrder, PassesOverWhatChangesNothing) {
  EXPECT_THAT(order({"-v", "-n", "-U", "-G", "-m", "-h", "5", "-O", "Timeout=1m", "-odb", "-p", "x",
                     "-d0.1", "-Am", "-L", "tag", "a"})
                  .recipients,
              ElementsAre("a"));
  for (const auto& words : std::vector<std::vector<std::string>>{{"-q"}, {"-q5m"}, {"-bi"}})
    EXPECT_EQ(order(words).task, Task::Nothing);
}

TEST(SendmailOrder, SaysWhatItDoesNotKnow) {
  EXPECT_THAT(mistake({"-bs"}), HasSubstr("only hands in one message"));
  EXPECT_THAT(mistake({"-bd"}), HasSubstr("only hands in one message"));
  EXPECT_THAT(mistake({"-bp"}), HasSubstr("waxwing queue list"));
  EXPECT_THAT(mistake({"-C", "file", "x"}), HasSubstr("-C is not known"));
  EXPECT_THAT(mistake({"--fast", "x"}), HasSubstr("--fast is not known"));
  EXPECT_THAT(mistake({"-f"}), HasSubstr("-f needs a value"));
  EXPECT_THAT(mistake({}), HasSubstr("nobody to send to"));
  EXPECT_THAT(mistake({"--", ""}), HasSubstr("nobody to send to"));
}

// Told whole and byte by byte.
std::string lines(std::string_view text, bool dot_ends = true) {
  std::string made, slowly;
  LineEnds whole(dot_ends), slow(dot_ends);
  whole.pass(text, made);
  whole.finish(made);
  for (const char c : text) slow.pass({&c, 1}, slowly);
  slow.finish(slowly);
  EXPECT_EQ(made, slowly);
  return made;
}

TEST(LineEnds, AreCrlfWhateverTheyWere) {
  EXPECT_EQ(lines("a\nb\n"), "a\r\nb\r\n");
  EXPECT_EQ(lines("a\r\nb"), "a\r\nb\r\n");
  EXPECT_EQ(lines("10%\r20%\rdone\n\n"), "10%\r\n20%\r\ndone\r\n\r\n");
  EXPECT_EQ(lines("a\r\r\nb\n\r"), "a\r\n\r\nb\r\n\r\n");
  EXPECT_EQ(lines(""), "");
  EXPECT_EQ(lines(std::string_view("\0\n", 2)), std::string_view("\0\r\n", 3));
}

TEST(LineEnds, ADotAloneEndsWhereItShall) {
  EXPECT_EQ(lines("a\n.\nb\n"), "a\r\n");
  EXPECT_EQ(lines("a\r\n.\r\nb\n"), "a\r\n");
  EXPECT_EQ(lines("a\n."), "a\r\n");
  EXPECT_EQ(lines(".a\n..\n. \n"), ".a\r\n..\r\n. \r\n");
  EXPECT_EQ(lines("a\n.\nb\n", false), "a\r\n.\r\nb\r\n");
  LineEnds ends(true);
  std::string made;
  ends.pass(".\n", made);
  EXPECT_TRUE(ends.ended());
}

TEST(SendmailText, FindsTheHeader) {
  const auto header = [](std::string_view text) {
    return std::string(text.substr(0, header_length(text)));
  };
  EXPECT_EQ(header("A: b\r\n c\r\nD:\r\n\r\ntext\r\n"), "A: b\r\n c\r\nD:\r\n");
  EXPECT_EQ(header("hello: world is no name with a space? it is\r\n"),
            "hello: world is no name with a space? it is\r\n");
  EXPECT_EQ(header("just text\r\nA: b\r\n"), "");
  EXPECT_EQ(header("see http://x.example/\r\n"), "");
  EXPECT_EQ(header(" fold first\r\n"), "");
  EXPECT_EQ(header("A: b\r\ntext\r\n"), "A: b\r\n");
  EXPECT_EQ(header("From me Mon Jan  1 00:00:00 2026\r\nA: b\r\n\r\n"),
            "From me Mon Jan  1 00:00:00 2026\r\nA: b\r\n");
  EXPECT_EQ(header(""), "");
}

TEST(SendmailText, PutsADomainWhereNoneIs) {
  const auto with = [](std::string_view value) { return with_domains(value, "h.example"); };
  EXPECT_EQ(with(" root"), " root@h.example");
  EXPECT_EQ(with(" root (Cron Daemon)"), " root@h.example (Cron Daemon)");
  EXPECT_EQ(with("\"Cron, Daemon\" <root>, b@x.example,c"),
            "\"Cron, Daemon\" <root@h.example>, b@x.example,c@h.example");
  EXPECT_EQ(with("a@b, \"c d\", (x, y) e"), "a@b, \"c d\"@h.example, (x, y) e@h.example");
  EXPECT_EQ(with("friends: a, b@c;, d"), "friends: a@h.example, b@c;, d@h.example");
  EXPECT_EQ(with("undisclosed-recipients:;"), "undisclosed-recipients:;");
  EXPECT_EQ(with("<>"), "<>");
  EXPECT_EQ(with("a@[IPv6:::1]"), "a@[IPv6:::1]");
  EXPECT_EQ(with("one\r\n ,two"), "one@h.example\r\n ,two@h.example");
  EXPECT_EQ(with("first.last"), "first.last@h.example");
  EXPECT_EQ(with("My Shop"), "My Shop") << "nobody knows which of the words was meant";
  EXPECT_EQ(with(""), "");
  for (const char* broken : {"\"", "(", "<", "[", "\"\\", "(\\", "a<b", ",,;:"}) (void)with(broken);
}

TEST(SendmailText, NamesAreQuotedOrEncoded) {
  EXPECT_EQ(display_name("Cron \"the\" Daemon"), "\"Cron \\\"the\\\" Daemon\"");
  EXPECT_EQ(display_name("a\r\nBcc: x"), "\"aBcc: x\"");
  EXPECT_EQ(display_name("J\u00fcrgen"), "=?UTF-8?B?SsO8cmdlbg==?=");
  EXPECT_EQ(display_name("J\xfcrgen"),
            "=?ISO-8859-1?B?Svxy"
            "Z2Vu?=");
  std::string longest;
  for (int i = 0; i < 40; ++i) longest += "\u20ac";
  EXPECT_THAT(display_name(longest), HasSubstr("?=\r\n =?UTF-8?B?"));
}

TEST(SendmailText, CompletesAHeader) {
  const auto made =
      complete_header("To: root, b@x.example\r\nSubject: s\r\ncc: (c) c\r\nBcc: d\r\n", "h.example",
                      "\"Me\" <me@h.example>");
  EXPECT_EQ(made.text,
            "To: root@h.example, b@x.example\r\nSubject: s\r\ncc: (c) c@h.example\r\n"
            "Bcc: d@h.example\r\nFrom: \"Me\" <me@h.example>\r\n");
  EXPECT_THAT(made.recipients,
              ElementsAre("root@h.example", "b@x.example", "c@h.example", "d@h.example"));
  const auto again = complete_header("From: a@b\r\nTo: c@d\r\nResent-To: e@f\r\n", "h", "me");
  EXPECT_EQ(again.text, "From: a@b\r\nTo: c@d\r\nResent-To: e@f\r\n");
  EXPECT_THAT(again.recipients, ElementsAre("e@f"));
}

}  // namespace
}  // namespace waxwing
