#include "daemon/received_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "daemon/dmarc_report_reader.h"
#include "daemon/report_unpack.h"
#include "daemon/tls_report.h"

namespace waxwing {
namespace {

using testing::HasSubstr;

// As large providers send them: a schema's namespace, elements of their own, several reasons.
std::string report(const std::string& id, const std::string& more = "") {
  return R"(<?xml version="1.0"?>
<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">
<report_metadata><org_name>far &amp; wide</org_name><email>a@far.example</email>
<extra_contact_info>x</extra_contact_info><report_id>)" +
         id + R"(</report_id>
<date_range><begin>1789948800</begin><end>1790035199</end></date_range></report_metadata>
<policy_published><domain>ours.example</domain><p>reject</p><np>none</np></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated>
<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>ours.example</header_from></identifiers>
<auth_results><dkim><domain>ours.example</domain><selector>s1</selector><result>pass</result></dkim>
<spf><domain>x.example</domain><result>fail</result></spf></auth_results></record>
<record><row><source_ip>203.0.113.9</source_ip><count>20</count><policy_evaluated>
<disposition>reject</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>ours.example</header_from></identifiers></record>)" +
         more + "</feedback>\n";
}

// A zip with one file; its local header is all that counts here.
std::string zip(const std::string& text, int method, const std::string& packed) {
  const auto number = [](std::size_t value, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i, value >>= 8) bytes += static_cast<char>(value & 255);
    return bytes;
  };
  return std::string("PK\x03\x04") + number(20, 2) + number(0, 2) +
         number(static_cast<std::size_t>(method), 2) + number(0, 4) + number(0, 4) +
         number(packed.size(), 4) + number(text.size(), 4) + number(5, 2) + number(0, 2) + "a.xml" +
         packed + "PK\x01\x02 and so on";
}

// gzip is 10 octets, DEFLATE, and 8 octets.
std::string deflated(const std::string& text) {
  const std::string packed = gzip(text);
  return packed.substr(10, packed.size() - 18);
}

TEST(UnpackReport, TakesWhatReportsCome) {
  const std::string text = report("1");
  for (const auto& packed : {text, gzip(text), zip(text, 8, deflated(text)), zip(text, 0, text)}) {
    const auto unpacked = unpack_report(packed);
    ASSERT_TRUE(unpacked) << unpacked.error().text;
    EXPECT_EQ(*unpacked, text);
  }
}

TEST(UnpackReport, RefusesBombsAndRuins) {
  const std::string bomb(40'000'000, 'a');
  EXPECT_EQ(unpack_report(gzip(bomb)).error().code, Error::Code::TooLarge);
  EXPECT_EQ(unpack_report(gzip(bomb.substr(0, 5'000'000))).error().code, Error::Code::TooLarge)
      << "no report becomes a thousandth";
  EXPECT_EQ(unpack_report(zip(bomb, 8, deflated(bomb))).error().code, Error::Code::TooLarge);
  const std::string text = report("1"), packed = gzip(text), zipped = zip(text, 8, deflated(text));
  for (std::size_t size : {3ul, 9ul, 20ul, packed.size() / 2, packed.size() - 1})
    EXPECT_FALSE(unpack_report(packed.substr(0, size))) << size;
  for (std::size_t size : {4ul, 29ul, 33ul, 40ul})
    EXPECT_FALSE(unpack_report(zipped.substr(0, size)));
  std::string encrypted = zipped;
  encrypted[6] = 1;
  EXPECT_FALSE(unpack_report(encrypted));
  EXPECT_FALSE(unpack_report(zip(text, 12, text))) << "a method that nobody uses";
  std::string sizeless = zip(text, 0, text);
  sizeless[6] = 8;
  EXPECT_FALSE(unpack_report(sizeless));
}

TEST(DmarcReportReader, ReadsWhatOthersWrite) {
  const auto read = read_dmarc_report(report("<![CDATA[id<1>]]>"));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->organization, "far & wide");
  EXPECT_EQ(read->id, "id<1>");
  EXPECT_EQ(read->domain, "ours.example");
  EXPECT_EQ(read->begin, 1789948800);
  ASSERT_EQ(read->rows.size(), 2u);
  EXPECT_EQ(read->rows[0].result.source, "192.0.2.1");
  EXPECT_EQ(read->rows[0].count, 3u);
  EXPECT_EQ(read->rows[0].result.dkim, "pass");
  ASSERT_EQ(read->rows[0].result.signatures.size(), 1u);
  EXPECT_EQ(read->rows[0].result.signatures[0].domain, "ours.example");
  EXPECT_EQ(read->rows[0].result.spf_domain, "x.example");
  EXPECT_EQ(read->rows[1].result.disposition, "reject");
}

TEST(DmarcReportReader, RefusesWhatIsNone) {
  const std::string good = report("1");
  const std::string deep = report("1", [] {
    std::string nested;
    for (int i = 0; i < 30; ++i) nested += "<x>";
    for (int i = 0; i < 30; ++i) nested += "</x>";
    return nested;
  }());
  const std::string with_entity =
      "<!DOCTYPE feedback [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>" +
      good.substr(good.find("<feedback"));
  for (const std::string& bad :
       {std::string(), std::string("hello"), std::string("<html/>"), std::string("<feedback/>"),
        good.substr(0, good.size() / 2), good + "<more/>", deep, with_entity, "\xff" + good}) {
    const auto read = read_dmarc_report(bad);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code, Error::Code::Invalid);
  }
}

TEST(DmarcReportReader, KeepsNoMoreOfATextThanItNeeds) {
  const auto read = read_dmarc_report(report(std::string(1'000'000, 'x')));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id.size(), 2048u);
}

std::string mail_of(const std::string& packed, const std::string& type = "application/gzip") {
  return "From: a@far.example\r\nSubject: Report Domain: ours.example\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello.\r\n--b\r\n"
         "Content-Type: " +
         type + "; name=report\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(packed) +
         "\r\n--b--\r\n";
}

TEST(ReceivedReports, AddsUpBySource) {
  ReceivedReports reports;
  ASSERT_TRUE(reports.add(report("1")));
  ASSERT_TRUE(reports.add(mail_of(gzip(report("2")))));
  ASSERT_TRUE(reports.add(mail_of(gzip(report("2"))))) << "twice is once";
  EXPECT_EQ(reports.count(), 2u);
  const auto said = reports.summary();
  EXPECT_THAT(said.text, HasSubstr("2026-09-21  2026-09-21  ours.example  far & wide"));
  EXPECT_THAT(said.text, HasSubstr("ours.example  203.0.113.9  40        0       40      0"));
  ASSERT_EQ(said.result["sources"].size(), 2u);
  EXPECT_EQ(said.result["sources"][0]["rejected"], 40);
  EXPECT_EQ(said.result["sources"][1]["source"], "192.0.2.1");
  EXPECT_EQ(said.result["sources"][1]["passed"], 6);
  EXPECT_EQ(said.result["sources"][1]["failed"], 0);
}

TEST(ReceivedReports, KnowsMailThatHasNone) {
  ReceivedReports reports;
  EXPECT_EQ(reports.add("From: a@far.example\r\n\r\nHello.\r\n").error().code,
            Error::Code::NotFound);
  EXPECT_EQ(reports.add(mail_of("no archive")).error().code, Error::Code::Invalid);
  EXPECT_FALSE(may_hold_report(mail::parse("From: a@far.example\r\n\r\nHello.\r\n")));
  EXPECT_TRUE(may_hold_report(mail::parse(mail_of("x", "application/zip"))));
  EXPECT_EQ(reports.summary().text, "there are no reports");
}

TEST(ReceivedReports, ShowsStrangersWordsInOneLine) {
  ReceivedReports reports;
  std::string evil = report("1");
  evil.replace(evil.find("far &amp; wide"), 14, "a&#10;b&#233;");
  ASSERT_TRUE(reports.add(evil));
  EXPECT_THAT(reports.summary().text, HasSubstr("a\\x0ab\\xc3\\xa9"));
}

}  // namespace
}  // namespace waxwing
