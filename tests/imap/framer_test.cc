#include "protocols/imap/framer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace waxwing::imap {
namespace {

// Feeds a framer and writes down what comes of it, in a short notation.
class Feed {
 public:
  explicit Feed(Framer::Limits limits = Framer::kSignedIn) : framer_(limits) {}

  // What to answer to literals: "memory", "staged", or the text of a refusal.
  Feed& literals(std::string answer) {
    answer_ = std::move(answer);
    return *this;
  }
  Feed& whole(std::string_view bytes) {
    input_.append(bytes);
    drain();
    return *this;
  }
  Feed& bytewise(std::string_view bytes) {
    for (char c : bytes) whole(std::string_view(&c, 1));
    return *this;
  }
  // Events, one a line; staged data is joined.
  std::string seen() const { return seen_; }
  Framer& framer() { return framer_; }

 private:
  void drain() {
    while (true) {
      Framed framed = framer_.next(input_);
      switch (framed.kind) {
        case Framed::Kind::NeedMore: return;
        case Framed::Kind::Literal: answer(framed); break;
        case Framed::Kind::Data:
          staged_ += framed.data;
          if (framed.is_last) {
            seen_ += "data " + std::to_string(staged_.size()) + "\n";
            staged_.clear();
          }
          break;
        case Framed::Kind::Command: seen_ += "command " + show(framed.command) + "\n"; break;
        case Framed::Kind::Rejected: seen_ += "rejected " + framed.tag + " " + framed.text + "\n";
      }
    }
  }
  void answer(const Framed& framed) {
    bool plus = false;
    if (answer_ == "memory") {
      plus = framer_.accept_in_memory();
    } else if (answer_ == "staged") {
      plus = framer_.accept_staged();
    } else {
      framer_.refuse(answer_);
    }
    EXPECT_LE(plus, framed.is_synchronising);
    if (plus) seen_ += "+\n";
  }
  static std::string show(const RawCommand& command) {
    std::string text = command.text;
    for (std::size_t i = command.literals.size(); i-- > 0;) {
      const auto& literal = command.literals[i];
      text.insert(literal.offset, literal.is_staged ? "<staged>" : "<" + literal.bytes + ">");
    }
    return text;
  }

  Framer framer_;
  Input input_;
  std::string answer_ = "memory";
  std::string staged_;
  std::string seen_;
};

std::string seen(std::string_view bytes, std::string answer = "memory",
                 Framer::Limits limits = Framer::kSignedIn) {
  Feed whole(limits), bytewise(limits);
  whole.literals(answer).whole(bytes);
  bytewise.literals(answer).bytewise(bytes);
  EXPECT_EQ(whole.seen(), bytewise.seen());
  return whole.seen();
}

constexpr Framer::Limits kTiny{64, 128, 3};

TEST(Framer, SplitsLines) {
  EXPECT_EQ(seen("a NOOP\r\nb CAPABILITY\r\n"), "command a NOOP\ncommand b CAPABILITY\n");
  EXPECT_EQ(seen("a NOOP\r"), "");
}

TEST(Framer, PassesOverEmptyLines) {
  EXPECT_EQ(seen("\r\n\r\na NOOP\r\n"), "command a NOOP\n");
}

TEST(Framer, TakesLiteralsOutOfTheText) {
  EXPECT_EQ(seen("a LOGIN {5}\r\nalice {3}\r\nx y\r\n"), "+\n+\ncommand a LOGIN <alice> <x y>\n");
  EXPECT_EQ(seen("a LOGIN {5+}\r\nalice {0+}\r\n\r\n"), "command a LOGIN <alice> <>\n");
}

TEST(Framer, LeavesLineEndsInsideALiteralAlone) {
  EXPECT_EQ(seen("a CREATE {10+}\r\nx\r\nb NOOP\r\r\nc NOOP\r\n"),
            "command a CREATE <x\r\nb NOOP\r>\ncommand c NOOP\n");
}

TEST(Framer, StagesAMessage) {
  std::string message(100'000, 'x');
  EXPECT_EQ(seen("a APPEND INBOX {100000}\r\n" + message + "\r\nb NOOP\r\n", "staged"),
            "+\ndata 100000\ncommand a APPEND INBOX <staged>\ncommand b NOOP\n");
  EXPECT_EQ(seen("a APPEND INBOX {0+}\r\n\r\n", "staged"),
            "data 0\ncommand a APPEND INBOX <staged>\n");
}

TEST(Framer, AllowsNulOnlyInLiteral8) {
  using namespace std::string_literals;
  EXPECT_EQ(seen("a APPEND x ~{3+}\r\na\0b\r\n"s), "command a APPEND x <a\0b>\n"s);
  EXPECT_EQ(seen("a LOGIN {3+}\r\na\0b c\r\nb NOOP\r\n"s),
            "rejected a BAD NUL is not allowed in a literal; send it as literal8\n"
            "command b NOOP\n");
  EXPECT_EQ(seen("a LOG\0N x\r\nb NOOP\r\n"s),
            "rejected a BAD NUL is not allowed\ncommand b NOOP\n");
  EXPECT_EQ(seen("a APPEND x {3}\r\na\0b\r\nb NOOP\r\n"s, "staged"),
            "+\nrejected a BAD NUL is not allowed in a literal; send it as literal8\n"
            "command b NOOP\n");
}

TEST(Framer, EndsACommandWhoseSynchronisingLiteralIsRefused) {
  EXPECT_EQ(seen("a APPEND x {5}\r\nb NOOP\r\n", "NO [TRYCREATE] No such mailbox"),
            "rejected a NO [TRYCREATE] No such mailbox\ncommand b NOOP\n");
}

TEST(Framer, SwallowsARefusedNonSynchronisingLiteral) {
  EXPECT_EQ(seen("a APPEND x {8+}\r\nz NOOP\r\n\r\nb NOOP\r\n", "NO [OVERQUOTA] Full"),
            "rejected a NO [OVERQUOTA] Full\ncommand b NOOP\n");
  EXPECT_EQ(seen("a LOGIN {8+}\r\nz NOOP\r\n {8+}\r\ny NOOP\r\n\r\nb NOOP\r\n", "NO Later"),
            "rejected a NO Later\ncommand b NOOP\n");
  // The second one waits for a "+", and gets the answer instead.
  EXPECT_EQ(seen("a LOGIN {8+}\r\nz NOOP\r\n {8}\r\nb NOOP\r\n", "NO Later"),
            "rejected a NO Later\ncommand b NOOP\n");
}

TEST(Framer, RefusesLiteralsOverTheLimitByItself) {
  EXPECT_EQ(seen("a LOGIN {65}\r\nb NOOP\r\n", "memory", kTiny),
            "rejected a BAD [TOOBIG] Literal is too large here\ncommand b NOOP\n");
  EXPECT_EQ(seen("a LOGIN {65+}\r\n" + std::string(65, '\n') + " x\r\nb NOOP\r\n", "memory", kTiny),
            "rejected a BAD [TOOBIG] Literal is too large here\ncommand b NOOP\n");
  // Together they are too much.
  std::string sixty(60, 'x');
  EXPECT_EQ(
      seen("a X {60+}\r\n" + sixty + " {60+}\r\n" + sixty + "\r\nb NOOP\r\n", "memory", kTiny),
      "rejected a BAD [TOOBIG] Literal is too large here\ncommand b NOOP\n");
  EXPECT_EQ(seen("a X {1+}\r\nx{1+}\r\nx{1+}\r\nx{1+}\r\nx\r\nb NOOP\r\n", "memory", kTiny),
            "rejected a BAD Too many literals\ncommand b NOOP\n");
}

TEST(Framer, SwallowsALiteralThatCannotBe) {
  EXPECT_EQ(seen("a X {99999999999999999999+}\r\nb NOOP\r\nc NOOP\r\n"), "");
  EXPECT_EQ(seen("a X {99999999999999999999}\r\nb NOOP\r\n"),
            "rejected a BAD [TOOBIG] Literal is too large here\ncommand b NOOP\n");
}

TEST(Framer, SkipsALongLineWithItsLiterals) {
  std::string longer(100, 'x');
  EXPECT_EQ(seen("a " + longer + "\r\nb NOOP\r\n", "memory", kTiny),
            "rejected a BAD Command line is too long\ncommand b NOOP\n");
  EXPECT_EQ(seen("a " + longer + " {8+}\r\nz NOOP\r\n\r\nb NOOP\r\n", "memory", kTiny),
            "rejected a BAD Command line is too long\ncommand b NOOP\n");
  EXPECT_EQ(seen("a " + longer + " {8}\r\nb NOOP\r\n", "memory", kTiny),
            "rejected a BAD Command line is too long\ncommand b NOOP\n");
  // No tag can be made out.
  EXPECT_EQ(seen(longer + "\r\nb NOOP\r\n", "memory", kTiny),
            "rejected  BAD Command line is too long\ncommand b NOOP\n");
  for (std::size_t length = 55; length < 70; ++length) {
    std::string line = "a " + std::string(length - 4, 'x') + "\r\n";
    bool fits = line.size() <= kTiny.line;
    EXPECT_EQ(seen(line, "memory", kTiny).starts_with("command"), fits) << length;
  }
}

TEST(Framer, TakesNothingForACommandBehindABareLineFeed) {
  const std::string told = "rejected a BAD Commands end with CRLF\n";
  const std::string skipped =
      "rejected  BAD Skipped, because the line before did not end with CRLF\n";
  EXPECT_EQ(seen("a NOOP\nb NOOP\nc NOOP\r\nd NOOP\r\n"),
            told + skipped + skipped + "command d NOOP\n");
  EXPECT_EQ(seen("a NOOP\n\n\r\nd NOOP\r\n"), told + "command d NOOP\n");
  EXPECT_EQ(seen("a CREATE x\nb LOGIN {8+}\r\nz NOOP\r\n\r\nd NOOP\r\n"),
            told + skipped + "command d NOOP\n");
  EXPECT_EQ(seen("a CREATE x\nb LOGIN {8}\r\nd NOOP\r\n"), told + skipped + "command d NOOP\n");
}

TEST(Framer, KnowsTagAndNameBeforeTheLiteral) {
  Framer framer(Framer::kSignedIn);
  Input input;
  input.append("A1 uid FETCH 1 BODY[HEADER.FIELDS ({3}\r\n");
  ASSERT_EQ(framer.next(input).kind, Framed::Kind::Literal);
  EXPECT_EQ(framer.so_far().tag(), "A1");
  EXPECT_EQ(framer.so_far().name(), "UID FETCH");
  EXPECT_FALSE(framer.is_idle());
}

TEST(Framer, ReadsBareLines) {
  Framer framer(kTiny);
  Input input;
  input.append("DO");
  EXPECT_EQ(framer.line(input).kind, Framed::Kind::NeedMore);
  input.append("NE\r\na NOOP\r\n");
  Framed line = framer.line(input);
  EXPECT_EQ(line.kind, Framed::Kind::Data);
  EXPECT_EQ(line.data, "DONE");
  EXPECT_EQ(framer.next(input).kind, Framed::Kind::Command);
  input.append(std::string(100, 'x') + "\r\n*\r\n");
  EXPECT_EQ(framer.line(input).kind, Framed::Kind::Rejected);
  EXPECT_EQ(framer.line(input).data, "*");
  EXPECT_TRUE(framer.is_idle());
}

}  // namespace
}  // namespace waxwing::imap
