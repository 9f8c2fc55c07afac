#include "protocols/imap/section.h"

#include <gtest/gtest.h>

#include "tests/imap/print_command.h"

namespace waxwing::imap {
namespace {

// The tree of RFC 9051 section 6.4.5.1, every body naming itself.
constexpr std::string_view kNested =
    "Subject: outer\r\n"
    "Content-Type: multipart/mixed; boundary=A\r\n"
    "\r\n"
    "--A\r\n"
    "\r\n"
    "one\r\n"
    "--A\r\n"
    "Content-Type: application/octet-stream\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "dHdvAHR3bw==\r\n"
    "--A\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "Subject: three\r\n"
    "Content-Type: multipart/mixed; boundary=B\r\n"
    "\r\n"
    "--B\r\n"
    "\r\n"
    "three-one\r\n"
    "--B\r\n"
    "Content-Type: application/octet-stream\r\n"
    "Content-Transfer-Encoding: x-odd\r\n"
    "\r\n"
    "three-two\r\n"
    "--B--\r\n"
    "--A\r\n"
    "Content-Type: multipart/mixed; boundary=C\r\n"
    "\r\n"
    "--C\r\n"
    "Content-Type: image/gif\r\n"
    "\r\n"
    "four-one\r\n"
    "--C\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "Subject: four-two\r\n"
    "\r\n"
    "four-two-one\r\n"
    "--C--\r\n"
    "--A--\r\n";

Section section(const std::string& text) {
  auto parsing = parse_text("a FETCH 1 BODY[" + text + "]\r\n");
  EXPECT_TRUE(parsing.command) << parsing.error;
  return std::get<Fetch>(parsing.command->body).items[0].section;
}

std::string fetch(const std::string& text, std::string_view bytes = kNested) {
  mail::Message message = mail::parse(bytes);
  Section wanted = section(text);
  Resolved resolved = resolve(wanted, message);
  if (resolved.kind == Resolved::Kind::Missing) return "NIL";
  EXPECT_LE(resolved.range.offset + resolved.range.size, bytes.size());
  std::string found(bytes.substr(resolved.range.offset, resolved.range.size));
  return resolved.kind == Resolved::Kind::Fields ? filter_header(found, wanted) : found;
}

TEST(Section, FindsTheMessageItself) {
  EXPECT_EQ(fetch(""), kNested);
  EXPECT_EQ(fetch("HEADER"), "Subject: outer\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n");
  EXPECT_TRUE(fetch("TEXT").starts_with("--A\r\n\r\none"));
  EXPECT_EQ(fetch("HEADER") + fetch("TEXT"), kNested);
  EXPECT_EQ(fetch("HEADER.FIELDS (subject X-None)"), "Subject: outer\r\n\r\n");
  EXPECT_EQ(fetch("HEADER.FIELDS.NOT (Content-Type)"), "Subject: outer\r\n\r\n");
  EXPECT_EQ(fetch("HEADER.FIELDS (X-None)"), "\r\n");
}

TEST(Section, FindsPartsByNumber) {
  EXPECT_EQ(fetch("1"), "one");
  EXPECT_EQ(fetch("2"), "dHdvAHR3bw==");
  EXPECT_EQ(fetch("2.MIME"),
            "Content-Type: application/octet-stream\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n");
  EXPECT_TRUE(fetch("3").starts_with("Subject: three"));
  EXPECT_EQ(fetch("3.HEADER.FIELDS (Subject)"), "Subject: three\r\n\r\n");
  EXPECT_TRUE(fetch("3.TEXT").starts_with("--B\r\n"));
  EXPECT_EQ(fetch("3.HEADER") + fetch("3.TEXT"), fetch("3"));
  EXPECT_EQ(fetch("3.1"), "three-one");
  EXPECT_EQ(fetch("3.2"), "three-two");
  EXPECT_EQ(fetch("4.1"), "four-one");
  EXPECT_EQ(fetch("4.1.MIME"), "Content-Type: image/gif\r\n\r\n");
  EXPECT_EQ(fetch("4.2.HEADER"), "Subject: four-two\r\n\r\n");
  EXPECT_EQ(fetch("4.2.TEXT"), "four-two-one");
  EXPECT_EQ(fetch("4.2.1"), "four-two-one");
  EXPECT_EQ(fetch("4.2.MIME"), "Content-Type: message/rfc822\r\n\r\n");
}

TEST(Section, MissesWhatIsNotThere) {
  for (const char* text : {"5", "1.1", "1.HEADER", "1.TEXT", "3.3", "4.HEADER", "4.2.2", "4.2.1.1",
                           "4.2.1.HEADER", "2.1"}) {
    EXPECT_EQ(fetch(text), "NIL") << text;
  }
}

TEST(Section, CountsTheBodyOfAPlainMessageAsPart1) {
  constexpr std::string_view plain = "Subject: x\r\n\r\nbody\r\n";
  EXPECT_EQ(fetch("1", plain), "body\r\n");
  EXPECT_EQ(fetch("TEXT", plain), "body\r\n");
  EXPECT_EQ(fetch("2", plain), "NIL");
  EXPECT_EQ(fetch("1.1", plain), "NIL");
  constexpr std::string_view enclosing =
      "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbody\r\n";
  EXPECT_EQ(fetch("1.HEADER", enclosing), "Subject: in\r\n\r\n");
  EXPECT_EQ(fetch("1.1", enclosing), "body\r\n");
}

TEST(Section, CutsPartials) {
  EXPECT_EQ(cut({10, 20}, {}), (ByteRange{10, 20}));
  EXPECT_EQ(cut({10, 20}, Partial{5, 100}), (ByteRange{15, 15}));
  EXPECT_EQ(cut({10, 20}, Partial{0, 7}), (ByteRange{10, 7}));
  EXPECT_EQ(cut({10, 20}, Partial{20, 7}).size, 0u);
  EXPECT_EQ(cut({10, 20}, Partial{INT64_MAX, INT64_MAX}).size, 0u);
}

TEST(Section, IsWrittenAsRead) {
  for (const char* text : {"", "1.2", "TEXT", "1.MIME", "3.HEADER.FIELDS (Subject \"a b\")",
                           "HEADER.FIELDS.NOT (To)", "HEADER"}) {
    EXPECT_EQ(section(text).to_string(), text);
  }
}

TEST(Binary, DecodesInSlices) {
  std::string body;
  for (int i = 0; i < 20'000; ++i) body += "dHdvAHR3b3dv\r\n";
  std::string bytes = "Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n" + body;
  mail::Message message = mail::parse(bytes);
  auto source = resolve_binary(section("1"), message);
  ASSERT_TRUE(source && source->can_decode());
  auto read = [&](ByteRange range) -> Result<std::string> {
    EXPECT_LE(range.size, 64u * 1024);
    return bytes.substr(range.offset, range.size);
  };
  std::string all;
  Decoded decoded(source->range, source->encoding, read);
  while (true) {
    auto slice = decoded.next();
    ASSERT_TRUE(slice);
    if (!*slice) break;
    all += **slice;
  }
  EXPECT_EQ(all.size(), 20'000u * 9);
  EXPECT_TRUE(all.starts_with(std::string("two\0twowo", 9)));
  EXPECT_EQ(decoded_size(*source, read), all.size());
}

TEST(Binary, KnowsWhatItCannotDecode) {
  mail::Message message = mail::parse(kNested);
  EXPECT_FALSE(resolve_binary(section("3.2"), message)->can_decode());
  EXPECT_TRUE(resolve_binary(section("1"), message)->can_decode());
  EXPECT_TRUE(resolve_binary(section("3"), message)->can_decode());
  EXPECT_FALSE(resolve_binary(section("9"), message));
  EXPECT_EQ(resolve_binary({}, message)->range, (ByteRange{0, kNested.size()}));
}

TEST(Binary, HandsOnReadErrors) {
  BinarySource source{{0, 10}, "base64"};
  auto read = [](ByteRange) -> Result<std::string> { return fail(Error::Code::Corrupt, "gone"); };
  EXPECT_FALSE(decoded_size(source, read));
}

}  // namespace
}  // namespace waxwing::imap
