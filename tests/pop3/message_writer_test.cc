#include "protocols/pop3/message_writer.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace waxwing::pop3 {
namespace {

MessageFile file_of(std::string_view bytes) {
  Fd file(::memfd_create("message", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return {std::make_shared<const Fd>(std::move(file)), bytes.size()};
}

std::string sent(std::string_view message, std::optional<std::uint64_t> body_lines = {}) {
  MessageWriter writer(file_of(message), body_lines);
  Output output;
  std::string all;
  for (;;) {
    const auto progress = writer.write(output);
    all += output.drain();
    if (!progress || *progress == Progress::Done) return all;
  }
}

// What a client has in the end.  RFC 1939 section 3
std::string unstuffed(std::string_view text) {
  std::string message;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n") + 2;
    if (text.substr(0, end) == ".\r\n") {
      EXPECT_EQ(text.size(), end);
      return message;
    }
    message += text.substr(text.front() == '.' ? 1 : 0, end - (text.front() == '.' ? 1 : 0));
    text.remove_prefix(end);
  }
  ADD_FAILURE() << "no closing dot";
  return message;
}

TEST(MessageWriter, StuffsDots) {
  EXPECT_EQ(sent("A: b\r\n\r\n.\r\n..x\r\na.\r\n"), "A: b\r\n\r\n..\r\n...x\r\na.\r\n.\r\n");
  EXPECT_EQ(sent(".first\r\n"), "..first\r\n.\r\n");
  EXPECT_EQ(sent("a\n.\r\n"), "a\n..\r\n.\r\n");
}

TEST(MessageWriter, EndsTheLastLine) {
  EXPECT_EQ(sent("a"), "a\r\n.\r\n");
  EXPECT_EQ(sent("a\n"), "a\n\r\n.\r\n");
  EXPECT_EQ(sent(""), ".\r\n");
}

TEST(MessageWriter, SendsNoNul) {
  EXPECT_EQ(sent(std::string_view("a\0\0b\r\n", 6)), "a  b\r\n.\r\n");
}

TEST(MessageWriter, DoesNotCareWhereSlicesEnd) {
  for (std::size_t shift = 0; shift < 6; ++shift) {
    std::string message(64 * 1024 - 3 + shift, 'x');
    message += "\r\n.\r\n..\r\n";
    while (message.size() < 600'000) message += ".line\r\nline\r\n";
    EXPECT_EQ(unstuffed(sent(message)), message) << shift;
  }
}

TEST(MessageWriter, StopsWhenTheOutputIsFull) {
  const std::string message(1'000'000, 'x');
  MessageWriter writer(file_of(message));
  Output output;
  EXPECT_EQ(*writer.write(output), Progress::Again);
  EXPECT_LT(output.size(), 2 * Output::kFull);
}

TEST(MessageWriter, CutsBehindTheLinesOfTop) {
  const std::string message = "A: b\r\nC: d\r\n\r\none\r\n.two\r\nthree\r\n";
  EXPECT_EQ(sent(message, 0), "A: b\r\nC: d\r\n\r\n.\r\n");
  EXPECT_EQ(sent(message, 2), "A: b\r\nC: d\r\n\r\none\r\n..two\r\n.\r\n");
  EXPECT_EQ(unstuffed(sent(message, 99999999)), message);
  EXPECT_EQ(sent("no body", 0), "no body\r\n.\r\n");
  EXPECT_EQ(sent("\r\nbody\r\n", 0), "\r\n.\r\n");
  EXPECT_EQ(sent("A: b\n\nbody\n", 0), "A: b\n\n\r\n.\r\n");
  const std::string long_header = "A: " + std::string(200'000, 'x') + "\r\n\r\nbody\r\nmore\r\n";
  EXPECT_EQ(sent(long_header, 1), long_header.substr(0, long_header.size() - 6) + ".\r\n");
}

TEST(MessageWriter, FailsWhenTheFileIsShorterThanItWas) {
  MessageFile file = file_of("short");
  file.size = 100;
  Output output;
  EXPECT_FALSE(MessageWriter(file).write(output));
}

}  // namespace
}  // namespace waxwing::pop3
