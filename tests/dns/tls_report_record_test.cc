#include "protocols/dns/tls_report_record.h"

#include <gtest/gtest.h>

namespace waxwing::dns {
namespace {

TEST(TlsReportRecord, NamesMailAndWeb) {
  const auto targets =
      tls_report_targets({"something else",
                          "v=TLSRPTv1; rua=mailto:tls%2Breports@Example.test?subject=x , "
                          "https://R.example.test:8443/v1?a=b,"
                          "https://other.test;ext=1"});
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0].mail, "tls+reports@Example.test");
  EXPECT_EQ(targets[1].host, "r.example.test");
  EXPECT_EQ(targets[1].port, 8443);
  EXPECT_EQ(targets[1].path, "/v1?a=b");
  EXPECT_EQ(targets[2].host, "other.test");
  EXPECT_EQ(targets[2].port, 443);
  EXPECT_EQ(targets[2].path, "/");
}

TEST(TlsReportRecord, IsNoneWhenThereIsDoubt) {
  const std::string good = "v=TLSRPTv1;rua=mailto:a@b.test";
  EXPECT_EQ(tls_report_targets({good}).size(), 1u);
  EXPECT_TRUE(tls_report_targets({good, good}).empty());
  EXPECT_TRUE(tls_report_targets({"v=TLSRPTv1"}).empty());
  EXPECT_TRUE(tls_report_targets({"v=TLSRPTv1;"}).empty());
  EXPECT_TRUE(tls_report_targets({"v=TLSRPTv10;rua=mailto:a@b.test"}).empty());
  EXPECT_TRUE(tls_report_targets({"v=TLSRPTv2;rua=mailto:a@b.test"}).empty());
  EXPECT_TRUE(tls_report_targets({}).empty());
}

TEST(TlsReportRecord, PassesOverWhatItCannotUse) {
  for (const char* uri : {"",
                          "a@b.test",
                          "mailto:",
                          "mailto:a",
                          "mailto:@b.test",
                          "mailto:a@b@c.test",
                          "mailto:a b@c.test",
                          "mailto:a%0d%0ab@c.test",
                          "mailto:a%2@c.test",
                          "mailto:a@b.test,c@d.test",
                          "mailto:<a@b.test>",
                          "http://b.test/",
                          "https://",
                          "https://user@b.test/",
                          "https://b.test:0/",
                          "https://b.test:x/",
                          "https://b.test:70000/",
                          "https://[::1]/",
                          "https://b..test/",
                          "https://b.test/a b",
                          "ftp://b.test"})
    EXPECT_FALSE(tls_report_target(uri)) << uri;
  std::string many = "v=TLSRPTv1;rua=ftp://x.test,mailto:a@b.test";
  for (int i = 0; i < 20; ++i) many += ",mailto:a@b.test";
  EXPECT_EQ(tls_report_targets({many}).size(), 5u);
}

}  // namespace
}  // namespace waxwing::dns
