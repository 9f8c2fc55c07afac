#include "protocols/dns/records.h"

#include <gtest/gtest.h>

namespace waxwing::dns {
namespace {

// With the NULs that are in it.
template <std::size_t N>
std::string bytes(const char (&text)[N]) {
  return std::string(text, N - 1);
}

std::string label(std::size_t length, char c = 'a') {
  return static_cast<char>(length) + std::string(length, c);
}

TEST(Records, AddressesHaveTheirExactLength) {
  EXPECT_EQ(decode_a("\xc0\x00\x02\x01"
                     "x"),
            std::nullopt);
  EXPECT_EQ(decode_a(bytes("\xc0\x00\x02\x01"))->to_string(), "192.0.2.1");
  EXPECT_EQ(decode_a(bytes("\xc0\x00\x02")), std::nullopt);
  EXPECT_EQ(decode_a(bytes("\xc0\x00\x02\x01\x00")), std::nullopt);
  EXPECT_EQ(decode_a(""), std::nullopt);
  const std::string six = bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01");
  EXPECT_EQ(decode_aaaa(six)->to_string(), "2001:db8::1");
  EXPECT_EQ(decode_aaaa(six.substr(1)), std::nullopt);
  EXPECT_EQ(decode_aaaa(six + "x"), std::nullopt);
}

TEST(Records, NamesAreLowerCaseWithoutTheLastDot) {
  EXPECT_EQ(decode_name(bytes("\x04Mail\x07"
                              "EXAMPLE\x04test\0")),
            "mail.example.test");
  EXPECT_EQ(decode_name(bytes("\x04_tcp\x03x-1\0")), "_tcp.x-1");
  EXPECT_EQ(decode_name(bytes("\0")), "");
}

TEST(Records, NamesShowForeignOctetsAsNumbers) {
  EXPECT_EQ(decode_name(bytes("\x06"
                              "a.b\\\n\xff\x01z\0")),
            "a\\046b\\092\\010\\255.z");
  EXPECT_EQ(decode_name(bytes("\x02\0 \0")), "\\000\\032");
}

TEST(Records, NamesThatAreNoneAreNothing) {
  for (const std::string& rdata : {
           bytes(""),      // nothing at all
           bytes("\x01"),  // no label behind its length
           bytes("\x01"
                 "a"),  // no end
           bytes("\x05"
                 "a\0"),       // the label ends too early
           bytes("\xc0\x0c"),  // a pointer
           bytes("\x01"
                 "a\xc0\x0c"),  // a pointer behind a label
           bytes("\x40"
                 "a\0"),  // a length that has never been one
           bytes("\x01"
                 "a\0x"),            // more behind the end
           label(64) + bytes("\0"),  // 63 is the most
       }) {
    EXPECT_EQ(decode_name(rdata), std::nullopt) << testing::PrintToString(rdata);
  }
}

TEST(Records, NamesHave255OctetsAtMost) {
  const std::string most = label(63) + label(63) + label(63) + label(61) + bytes("\0");
  ASSERT_EQ(most.size(), 255u);
  EXPECT_EQ(decode_name(most)->size(), 253u);
  EXPECT_EQ(decode_name(label(63) + label(63) + label(63) + label(62) + bytes("\0")), std::nullopt);
}

TEST(Records, ReadsSrv) {
  EXPECT_EQ(decode_srv(bytes("\0\1\1\0\3\xe1\4imap\1z\0")), (Srv{1, 256, 993, "imap.z"}));
  EXPECT_EQ(decode_srv(bytes("\0\0\0\0\0\0\0")), (Srv{0, 0, 0, ""})) << "not offered";
  EXPECT_FALSE(decode_srv(bytes("\0\0\0\0\0\0"))) << "no name";
  EXPECT_FALSE(decode_srv(bytes("\0\0\0")));
}

TEST(Records, ReadsMx) {
  EXPECT_EQ(decode_mx(bytes("\x01\x02\x02mx\x01z\0")), (Mx{258, "mx.z"}));
  EXPECT_EQ(decode_mx(bytes("\0\0\0")), (Mx{0, ""})) << "null MX";
  EXPECT_EQ(decode_mx(bytes("\xff\xff\0"))->preference, 65535);
  for (const std::string& rdata : {bytes(""), bytes("\0"), bytes("\0\x0a"), bytes("\0\x0a\x02mx"),
                                   bytes("\0\x0a\x02mx\0\0")}) {
    EXPECT_EQ(decode_mx(rdata), std::nullopt) << testing::PrintToString(rdata);
  }
}

TEST(Records, JoinsTheStringsOfTxt) {
  EXPECT_EQ(decode_txt(bytes("\x06v=spf1\x05 -all")), "v=spf1 -all");
  EXPECT_EQ(decode_txt(bytes("\0")), "");
  EXPECT_EQ(decode_txt(bytes("\0\x02"
                             "a\0\0")),
            bytes("a\0"));
  EXPECT_EQ(decode_txt(label(255, 'x').substr(0, 256)), std::string(255, 'x'));
  for (const std::string& rdata : {bytes(""),
                                   bytes("\x02"
                                         "a"),
                                   bytes("\x01"
                                         "a\x01")}) {
    EXPECT_EQ(decode_txt(rdata), std::nullopt) << testing::PrintToString(rdata);
  }
}

TEST(Records, ReadsTlsa) {
  EXPECT_EQ(decode_tlsa(bytes("\x03\x01\x01"
                              "digest")),
            (Tlsa{3, 1, 1, "digest"}));
  EXPECT_EQ(decode_tlsa(bytes("\xff\xfe\xfd\0")), (Tlsa{255, 254, 253, bytes("\0")}));
  EXPECT_EQ(decode_tlsa(bytes("\x03\x01\x01")), std::nullopt) << "it names no certificate";
  EXPECT_EQ(decode_tlsa(""), std::nullopt);
}

}  // namespace
}  // namespace waxwing::dns
