#include "daemon/mbox_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kTen = 1672653600;  // Mon Jan  2 10:00:00 UTC 2023

struct Mbox {
  Fd file{memfd_create("mbox", MFD_CLOEXEC)};
  std::string text;
  explicit Mbox(std::string bytes) : text(std::move(bytes)) {
    EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  MboxContents read() const {
    auto contents = read_mbox(file);
    EXPECT_TRUE(contents.has_value());
    return contents ? std::move(*contents) : MboxContents();
  }
  std::vector<std::string> messages() const {
    std::vector<std::string> found;
    for (const auto& message : read().messages) {
      found.push_back(text.substr(message.offset, message.size));
    }
    return found;
  }
};

TEST(MboxFile, KnowsTheDateOfAFromLineHoweverItIsWritten) {
  for (const char* line :
       {"From x@y Mon Jan  2 10:00:00 2023", "From x@y Mon Jan 02 10:00:00 2023",
        "From x@y Mon Jan 02 10:00:00 +0000 2023", "From x@y Mon Jan 02 11:00:00 2023 +0100",
        "From x@y Mon Jan 02 11:00:00 +0100 2023", "From x@y Mon Jan 02 05:00:00 EST 2023",
        "From x@y Mon Jan 2 05:00 EST 2023", "From x@y  Mon Jan  2 10:00 2023",
        "From - Mon Jan 02 10:00:00 2023", "From \"a b\"@y Mon Jan 02 10:00:00 2023",
        "From x@y Mon, 2 Jan 2023 11:00:00 +0100", "From x@y 2 Jan 2023 10:00:00 GMT",
        "From x!y Mon Jan  2 10:00:00 2023 remote from z"}) {
    EXPECT_EQ(date_of_from_line(line), kTen) << line;
  }
}

TEST(MboxFile, TakesNoSentenceForAFromLine) {
  for (const char* line :
       {"From the paragraph start", "From ", "From here on it goes on", "From x@y",
        "From Monday Jan 2 2023 we meet", "From x@y Mon Jan 99 10:00:00 2023",
        "From 10:00 on, Mon Jan 2 2023", "From x@y Mon Jan  2 10:00:00 2023 and more words"}) {
    EXPECT_EQ(date_of_from_line(line), std::nullopt) << line;
  }
}

TEST(MboxFile, CutsNoMessageApartAtAParagraph) {
  const Mbox mbox(
      "From a@b Mon Jan  2 10:00:00 2023\nSubject: 1\n\nText.\n\nFrom the paragraph start\n\n"
      "From a@b Mon Jan 02 10:00:00 +0000 2023\nSubject: 2\n\nText.\n\n\n");
  EXPECT_THAT(mbox.messages(), ElementsAre("Subject: 1\n\nText.\n\nFrom the paragraph start\n",
                                           "Subject: 2\n\nText.\n"));
}

TEST(MboxFile, ReadsSeparatorsWithoutADateWhereAHeaderFollows) {
  const Mbox mbox(
      "From \r\nSubject: 1\r\n\r\nText.\r\n\r\nFrom - \r\nSubject: 2\r\n\r\nText.\r\n"
      "\r\nFrom \r\nhere on it goes on\r\n");
  EXPECT_THAT(mbox.messages(),
              ElementsAre("Subject: 1\r\n\r\nText.\r\n",
                          "Subject: 2\r\n\r\nText.\r\n\r\nFrom \r\nhere on it goes on\r\n"));
}

TEST(MboxFile, BelievesContentLengthOnlyWhereAMessageEnds) {
  const std::string from = "From a@b Mon Jan  2 10:00:00 2023\n";
  const std::string body = "Text.\n\n" + from + "of another\n";
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\n\n";
  EXPECT_THAT(Mbox(from + length + body + "\n" + from + "Subject: 2\n\nx\n").messages(),
              ElementsAre(length + body, "Subject: 2\n\nx\n"));
  EXPECT_THAT(Mbox(from + length + body).messages(), ElementsAre(length + body));
  const std::string wrong = "Content-Length: " + std::to_string(body.size() + 3) + "\n\n";
  EXPECT_EQ(Mbox(from + wrong + body + "\n" + from + "Subject: 2\n\nx\n").messages().size(), 3u);
  EXPECT_EQ(Mbox(from + "Content-Length: 99999999999\n\nx\n\n" + from + "Subject: 2\n\nx\n")
                .messages()
                .size(),
            2u);
}

TEST(MboxFile, ReadsWhatMailProgramsNote) {
  const std::string from = "From a@b Mon Jan  2 10:00:00 2023\n";
  const Mbox mbox(from + "Status: RO\nX-Status: AF\nX-Keywords: work home\n\nx\n\n" + from +
                  "X-Mozilla-Status: 1007\nX-Mozilla-Keys: $label1 work\n\nx\n\n" + from +
                  "X-Mozilla-Status: 0009\n\ngone\n\n" + from + "Status: O\n\nx\n");
  const auto contents = mbox.read();
  ASSERT_EQ(contents.messages.size(), 3u);
  EXPECT_THAT(contents.messages[0].flags,
              ElementsAre("\\Seen", "\\Answered", "\\Flagged", "work", "home"));
  EXPECT_THAT(contents.messages[1].flags,
              ElementsAre("\\Seen", "\\Answered", "\\Flagged", "$Forwarded", "$label1", "work"));
  EXPECT_THAT(contents.messages[2].flags, IsEmpty());
  EXPECT_EQ(contents.expunged, 1u);
}

TEST(MboxFile, LeavesOutWhatAMailProgramKeptForItself) {
  const std::string from = "From a@b Mon Jan  2 10:00:00 2023\n";
  const Mbox mbox(from +
                  "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
                  "X-IMAP: 1275660208 0000004711\n\nx\n\n" +
                  from + "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nmine\n");
  EXPECT_EQ(mbox.messages().size(), 1u);
}

TEST(MboxFile, TakesTheDateFieldWhereTheFromLineHasNone) {
  const auto contents =
      Mbox("From a@b\nDate: Mon, 2 Jan 2023 10:00:00 +0000\n\nx\n\nFrom - \nSubject: x\n\nx\n")
          .read();
  ASSERT_EQ(contents.messages.size(), 2u);
  EXPECT_EQ(contents.messages[0].date, kTen);
  EXPECT_EQ(contents.messages[1].date, std::nullopt);
}

TEST(MboxFile, IsNoneWhereItBeginsWithSomethingElse) {
  EXPECT_FALSE(read_mbox(Mbox("Subject: x\n\nFrom a@b Mon Jan  2 10:00:00 2023\n").file));
  EXPECT_TRUE(Mbox("").messages().empty());
}

TEST(MboxFile, IsReadInPiecesOfAnySize) {
  const std::string from = "From a@b Mon Jan  2 10:00:00 2023\n";
  const std::string message = "Subject: x\n\n" + std::string(300'000, 'x') + "\n";
  std::string text;
  for (int n = 0; n < 20; ++n) text += from + message + "\n";
  const auto found = Mbox(text).messages();
  ASSERT_EQ(found.size(), 20u);
  for (const auto& each : found) EXPECT_EQ(each, message);
}

}  // namespace
}  // namespace waxwing
