#include "auth/scram.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "scram_client.h"

namespace waxwing {
namespace {

using Variant = ScramServer::Variant;

ScramServer server(Variant variant = Variant::Plain, bool plus_offered = false) {
  return ScramServer(variant, {plus_offered, "exported", "hashed"}, "3rfcNHYJY1ZVvWVs7j");
}

std::string code(const Error& error) {
  return to_string(error.code);
}

template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "ok" : code(result.error());
}

TEST(Scram, SpeaksTheExampleOfRfc7677) {
  ScramServer scram(Variant::Plain, {}, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
  const auto claim = scram.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->user, "user");
  const auto keys = make_scram_keys("pencil", *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  EXPECT_EQ(
      scram.challenge(keys),
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  const auto final = scram.final(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  ASSERT_TRUE(final) << final.error().text;
  EXPECT_EQ(*final, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, RefusesAWrongProofAndAForeignNonce) {
  const auto keys = make_scram_keys("pencil", "salt", 4096);
  auto scram = server();
  ScramClient client("n,,", "", "user", "Pencil");
  ASSERT_TRUE(scram.first(client.first()));
  EXPECT_EQ(outcome(scram.final(client.final(scram.challenge(keys)))), "denied");

  auto other = server();
  ASSERT_TRUE(other.first("n,,n=user,r=abc"));
  other.challenge(keys);
  EXPECT_EQ(outcome(other.final("c=biws,r=abcdef,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")),
            "denied");
}

TEST(Scram, UnescapesNames) {
  const auto claim = server().first("n,a=a=3Db,n=u=2Cs=3Der,r=abc");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->user, "u,s=er");
  EXPECT_EQ(claim->authzid, "a=b");
}

TEST(Scram, RefusesMalformedFirstMessages) {
  for (const char* message :
       {"", "n", "n,", "n,,", "n,,n=user", "n,,r=abc,n=user", "n,,n=,r=abc", "n,,n=us=er,r=abc",
        "n,,n=us=2cer,r=abc", "n,,n=user,r=", "n,,n=user,r=a\x7F", "n,,m=ext,n=user,r=abc",
        "x,,n=user,r=abc", "n,user,n=user,r=abc", "n,a=,n=user,r=abc",
        "p=tls-exporter,,n=user,r=abc", "n,,n=\xFF,r=abc"}) {
    EXPECT_EQ(outcome(server().first(message)), "invalid") << message;
  }
  EXPECT_TRUE(server().first("n,,n=user,r=abc,x=extension"));
}

TEST(Scram, RefusesMalformedFinalMessages) {
  const auto keys = make_scram_keys("pencil", "salt", 4096);
  for (const char* message : {"", "c=biws", "c=biws,r=abc", "c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=",
                              "c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=!!!!",
                              "c=*,r=abc,p=dGVzdA==", "r=abc,c=biws,p=dGVzdA==", ",p=dGVzdA=="}) {
    auto scram = server();
    ASSERT_TRUE(scram.first("n,,n=user,r=abc"));
    scram.challenge(keys);
    EXPECT_EQ(outcome(scram.final(message)), "invalid") << message;
  }
}

struct BindingCase {
  const char* header;
  const char* binding;
  Variant variant;
  bool plus_offered;
  const char* first;
  const char* final;
};

TEST(Scram, ChecksChannelBindings) {
  const auto keys = make_scram_keys("pencil", "salt", 4096);
  for (const auto& one : std::initializer_list<BindingCase>{
           {"p=tls-exporter,,", "exported", Variant::Plus, true, "ok", "ok"},
           {"p=tls-server-end-point,,", "hashed", Variant::Plus, true, "ok", "ok"},
           {"p=tls-exporter,,", "hashed", Variant::Plus, true, "ok", "denied"},
           {"p=tls-exporter,,", "", Variant::Plus, true, "ok", "denied"},
           {"p=tls-unique,,", "exported", Variant::Plus, true, "denied", ""},
           {"p=,,", "exported", Variant::Plus, true, "denied", ""},
           {"n,,", "", Variant::Plus, true, "invalid", ""},
           {"y,,", "", Variant::Plus, true, "invalid", ""},
           {"p=tls-exporter,,", "exported", Variant::Plain, true, "invalid", ""},
           {"n,,", "", Variant::Plain, true, "ok", "ok"},
           // Somebody took -PLUS out of what the client saw.
           {"y,,", "", Variant::Plain, true, "denied", ""},
           {"y,,", "", Variant::Plain, false, "ok", "ok"},
           {"n,,", "surplus", Variant::Plain, false, "ok", "denied"},
       }) {
    SCOPED_TRACE(one.header);
    auto scram = server(one.variant, one.plus_offered);
    ScramClient client(one.header, one.binding, "user", "pencil");
    const auto claim = scram.first(client.first());
    EXPECT_EQ(outcome(claim), one.first);
    if (!claim) continue;
    const auto final = scram.final(client.final(scram.challenge(keys)));
    EXPECT_EQ(outcome(final), one.final);
    if (final) {
      EXPECT_EQ(*final, client.expected_server_final());
    }
  }
}

TEST(Scram, BindsNothingWhereTlsGaveNoBinding) {
  ScramServer scram(Variant::Plus, {true, "", ""}, "nonce");
  EXPECT_EQ(outcome(scram.first("p=tls-exporter,,n=user,r=abc")), "denied");
}

}  // namespace
}  // namespace waxwing
