#include "protocols/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace waxwing {
namespace {

using State = ProxyHeader::State;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string length(std::size_t size) {
  return {static_cast<char>(size >> 8), static_cast<char>(size & 255)};
}

std::string binary(char command, char family, const std::string& block) {
  return kSignature + command + family + length(block.size()) + block;
}

// 192.0.2.7:4000 to 198.51.100.1:993
const std::string kTcp4("\xC0\x00\x02\x07\xC6\x33\x64\x01\x0F\xA0\x03\xE1", 12);

// Read in one piece and octet by octet, with something behind it that must stay.
ProxyHeader read(const std::string& text) {
  ProxyHeader whole, slow;
  const std::size_t taken = whole.take(text + "behind");
  std::size_t slowly = 0;
  for (const char c : text + "behind") slowly += slow.take({&c, 1});
  EXPECT_EQ(whole.state(), slow.state());
  EXPECT_STREQ(whole.fault(), slow.fault());
  if (whole.state() == State::Whole) {
    EXPECT_EQ(taken, text.size());
    EXPECT_EQ(slowly, text.size());
  }
  return whole;
}

std::string named(const std::string& text) {
  const auto header = read(text);
  if (header.state() == State::Partial) return "partial";
  if (header.state() == State::Broken) return header.fault();
  const auto& named = header.named();
  if (!named) return "nobody";
  return named->client.to_string() + " " + std::to_string(named->client_port) + " to " +
         named->server.to_string() + " " + std::to_string(named->server_port);
}

TEST(ProxyHeader, ReadsALine) {
  EXPECT_EQ(named("PROXY TCP4 192.0.2.7 198.51.100.1 4000 993\r\n"),
            "192.0.2.7 4000 to 198.51.100.1 993");
  EXPECT_EQ(named("PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n"),
            "2001:db8::7 65535 to 2001:db8::1 0");
  EXPECT_EQ(named("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 1 2\r\n"),
            "192.0.2.7 1 to 198.51.100.1 2");
  EXPECT_EQ(named("PROXY UNKNOWN\r\n"), "nobody");
  EXPECT_EQ(named("PROXY UNKNOWN ffff::1 whatever 3 4\r\n"), "nobody");
  // The longest there is.
  const std::string ones = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  EXPECT_EQ(named("PROXY UNKNOWN " + ones + " " + ones + " 65535 65535\r\n"), "nobody");
}

TEST(ProxyHeader, RefusesALineThatIsNone) {
  for (const char* line : {"PROXY\r\n",
                           "PROXY \r\n",
                           "PROXY TCP4\r\n",
                           "PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n",
                           "PROXY TCP4  192.0.2.7 192.0.2.1 1 2\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n",
                           "PROXY TCP4 192.0.2.700 192.0.2.1 1 2\r\n",
                           "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
                           "PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n",
                           "PROXY UNKNOWN\n",
                           "proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
                           "EHLO x\r\n",
                           "\x16\x03\x01",
                           "\r\nPROXY",
                           "GET / HTTP/1.1\r\n"})
    EXPECT_EQ(read(line).state(), State::Broken) << line;
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(200, 'x')).state(), State::Broken);
}

TEST(ProxyHeader, ReadsTheBinaryForm) {
  EXPECT_EQ(named(binary('\x21', '\x11', kTcp4)), "192.0.2.7 4000 to 198.51.100.1 993");
  std::string six(36, '\0');
  six[0] = six[16] = '\x20';
  six[15] = 7;
  six[33] = 25;
  EXPECT_EQ(named(binary('\x21', '\x21', six)), "2000::7 25 to 2000:: 0");
  EXPECT_EQ(named(binary('\x21', '\x31', std::string(216, 'p'))), "nobody");
  EXPECT_EQ(named(binary('\x21', '\x00', "ignored")), "nobody");
  EXPECT_EQ(named(binary('\x20', '\x00', "")), "nobody") << "LOCAL";
  EXPECT_EQ(named(binary('\x20', '\x11', kTcp4)), "nobody") << "LOCAL";
  EXPECT_EQ(named(binary('\x20', '\x7f', "")), "nobody") << "LOCAL whatever the family";
}

TEST(ProxyHeader, PassesExtrasOver) {
  const std::string authority = std::string("\x02") + length(16) + "mail.example.com";
  const std::string noop = std::string("\x04") + length(0);
  EXPECT_EQ(named(binary('\x21', '\x11', kTcp4 + authority + noop)),
            "192.0.2.7 4000 to 198.51.100.1 993");
  EXPECT_EQ(named(binary('\x21', '\x11', kTcp4 + "\x02")),
            "its PROXY header ends within an extra field");
  EXPECT_EQ(named(binary('\x21', '\x11',
                         kTcp4 + std::string("\x02\x00\x05"
                                             "abcd",
                                             7))),
            "its PROXY header ends within an extra field");
}

TEST(ProxyHeader, HoldsAChecksumToWhatItSays) {
  // Of exactly this header, reckoned by another program.
  const std::string checksum("\x03\x00\x04\xC5\xC2\x5C\xC2", 7);
  const std::string text = binary('\x21', '\x11', kTcp4 + checksum);
  EXPECT_EQ(named(text), "192.0.2.7 4000 to 198.51.100.1 993");
  for (std::size_t at = 16; at < text.size(); ++at) {
    if (at == 28 || at == 29 || at == 30) continue;  // type and length
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_EQ(named(damaged), "its PROXY header has a wrong checksum") << at;
  }
}

TEST(ProxyHeader, RefusesABinaryFormThatIsNone) {
  for (const auto& text : {
           binary('\x11', '\x11', kTcp4),                    // version 1
           binary('\x31', '\x11', kTcp4),                    // version 3
           binary('\x22', '\x11', kTcp4),                    // no such command
           binary('\x21', '\x12', kTcp4),                    // UDP
           binary('\x21', '\x41', kTcp4),                    // no such family
           binary('\x21', '\x11', kTcp4.substr(1)),          // too short
           binary('\x21', '\x21', kTcp4),                    // too short for IPv6
           binary('\x21', '\x31', std::string(215, 'p')),    // too short for UNIX
           binary('\x21', '\x00', std::string(60000, 'x')),  // longer than any
           kSignature.substr(0, 11) + "X\x21\x11",
       })
    EXPECT_EQ(read(text).state(), State::Broken);
}

TEST(ProxyHeader, WaitsForTheRest) {
  const std::string line = "PROXY TCP4 192.0.2.7 198.51.100.1 4000 993\r\n";
  const std::string block = binary('\x21', '\x11', kTcp4);
  for (const auto& text : {line, block}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      ProxyHeader header;
      EXPECT_EQ(header.take(text.substr(0, size)), size);
      EXPECT_EQ(header.state(), State::Partial) << size;
    }
  }
}

}  // namespace
}  // namespace waxwing
