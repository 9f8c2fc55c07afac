#include "daemon/first_bytes.h"

#include <gtest/gtest.h>

#include "daemon/admission.h"

namespace waxwing::test {
namespace {

using T = Settings::Listener::Tls;

TEST(FirstBytes, TellAClientHelloFromACommand) {
  EXPECT_EQ(classify("\x16\x03"), FirstBytes::Hello);
  EXPECT_EQ(classify("\x16"), FirstBytes::Hello);
  EXPECT_EQ(classify("\x16X"), FirstBytes::Clear);
  EXPECT_EQ(classify("EHLO"), FirstBytes::Clear);
  EXPECT_EQ(classify(""), FirstBytes::Silence);
}

TEST(FirstBytes, DecideHowAPortOpens) {
  struct Case {
    T port;
    FirstBytes first;
    Opening expected;
  };
  for (const Case& one : {Case{T::None, FirstBytes::Hello, Opening::RefuseTls},
                          Case{T::None, FirstBytes::Clear, Opening::Greet},
                          Case{T::StartTls, FirstBytes::Hello, Opening::StartTls},
                          Case{T::StartTls, FirstBytes::Silence, Opening::Greet},
                          Case{T::Implicit, FirstBytes::Hello, Opening::StartTls},
                          Case{T::Implicit, FirstBytes::Clear, Opening::ExplainTls},
                          Case{T::Implicit, FirstBytes::Silence, Opening::ExplainTls},
                          Case{T::Auto, FirstBytes::Hello, Opening::StartTls},
                          Case{T::Auto, FirstBytes::Clear, Opening::Greet},
                          Case{T::Auto, FirstBytes::Silence, Opening::Greet}})
    EXPECT_EQ(opening(one.port, one.first), one.expected);
}

TEST(FirstBytes, AdviseWhoeverReadsTheLog) {
  EXPECT_EQ(advice_for_hello(Service::Submission, 587, T::StartTls),
            "this client starts TLS at once: set its port to 465 (SSL/TLS), or its security to "
            "STARTTLS for port 587");
  EXPECT_EQ(advice_for_hello(Service::Imap, 143, T::None),
            "this client starts TLS at once: set its port to 993 (SSL/TLS)");
}

TEST(HelloMemory, KnowsOneClientOnOnePortForAWhile) {
  HelloMemory memory;
  EXPECT_FALSE(memory.knows("192.0.2.1", 587));
  memory.remember("192.0.2.1", 587);
  EXPECT_TRUE(memory.knows("192.0.2.1", 587));
  EXPECT_FALSE(memory.knows("192.0.2.1", 25));
  EXPECT_FALSE(memory.knows("192.0.2.2", 587));
  HelloMemory forgetful{std::chrono::milliseconds(0)};
  forgetful.remember("192.0.2.1", 587);
  EXPECT_FALSE(forgetful.knows("192.0.2.1", 587));
}

TEST(Admission, CountsAllAndEachOne) {
  Admission admission({3, 2});
  using Answer = Admission::Answer;
  EXPECT_EQ(admission.enter("a"), Answer::Welcome);
  EXPECT_EQ(admission.enter("a"), Answer::Welcome);
  EXPECT_EQ(admission.enter("a"), Answer::TooManyFromThere);
  EXPECT_EQ(admission.enter("b"), Answer::Welcome);
  EXPECT_EQ(admission.enter("c"), Answer::TooMany);
  admission.leave("a");
  admission.leave("nobody");
  EXPECT_EQ(admission.enter("c"), Answer::Welcome);
  EXPECT_EQ(admission.count(), 3u);
}

TEST(Admission, CountsWhoHasNoNameYetAmongAllOnly) {
  Admission admission({3, 1});
  using Answer = Admission::Answer;
  EXPECT_EQ(admission.enter(""), Answer::Welcome);
  EXPECT_EQ(admission.enter(""), Answer::Welcome);
  EXPECT_EQ(admission.name("a"), Answer::Welcome);
  EXPECT_EQ(admission.name("a"), Answer::TooManyFromThere);
  EXPECT_EQ(admission.count(), 2u);
  admission.leave("");
  admission.leave("a");
  EXPECT_EQ(admission.count(), 0u);
  EXPECT_EQ(admission.enter("a"), Answer::Welcome);
}

}  // namespace
}  // namespace waxwing::test
