#include "protocols/imap/annotation.h"

#include <gtest/gtest.h>

#include "protocols/imap/annotation_search.h"
#include "protocols/imap/sort_run.h"
#include "tests/imap/fake_source.h"
#include "tests/imap/print_command.h"
#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

using Attribute = AnnotationItem::Attribute;

TEST(Annotation, KnowsRegisteredNamesAndVendorsAlone) {
  for (const char* name :
       {"/comment", "/altsubject", "/vendor/example", "/vendor/example/a b/c", "/1/comment",
        "/1.20.3/flags/forwarded", "/4294967295/vendor/x", "/2/vendor/x/y"}) {
    EXPECT_TRUE(is_annotation_entry(name)) << name;
    EXPECT_TRUE(is_annotation_pattern(name)) << name;
  }
  for (const char* name : {"",
                           "/",
                           "comment",
                           "/Comment",
                           "/comment/",
                           "//comment",
                           "/comment/x",
                           "/other",
                           "/flags",
                           "/flags/seen",
                           "/vendor",
                           "/vendor/",
                           "/1",
                           "/1/flags",
                           "/1/flags/deleted",
                           "/1/altsubject",
                           "/0/comment",
                           "/01/comment",
                           "/1./comment",
                           "/.1/comment",
                           "/1..2/comment",
                           "/1.a/comment",
                           "/4294967296/comment",
                           "/1/vendor",
                           "/vendor/x\x01y",
                           "/vendor/\xc3\xbc",
                           "/vendor/x*"}) {
    EXPECT_FALSE(is_annotation_entry(name)) << name;
  }
  EXPECT_FALSE(is_annotation_entry("/vendor/x" + std::string(kMaxAnnotationEntry, 'y')));
  EXPECT_FALSE(is_annotation_entry(std::string("/vendor/x\0y", 11)));
}

TEST(Annotation, KnowsPatternsThatMayStandForAnEntry) {
  for (const char* pattern : {"*", "%", "/*", "/%", "/1/*", "/1.2/flags/%", "/*/comment", "/1%/x",
                              "*comment", "/vendor/*/x"}) {
    EXPECT_TRUE(is_annotation_pattern(pattern)) << pattern;
  }
  for (const char* pattern : {"", "x*", "/0/*", "/1.0/%", "/1x/*", "//*", "/*/", "/\xc3\xbc*"}) {
    EXPECT_FALSE(is_annotation_pattern(pattern)) << pattern;
  }
}

TEST(Annotation, TellsPartsAndFlags) {
  EXPECT_EQ(part_of_entry("/1.20/comment"), (std::vector<std::uint32_t>{1, 20}));
  EXPECT_TRUE(part_of_entry("/comment").empty());
  EXPECT_TRUE(is_annotation_flag("/1/flags/seen"));
  EXPECT_FALSE(is_annotation_flag("/1/comment"));
  EXPECT_FALSE(is_annotation_flag("/vendor/flags/seen"));
}

Store store(std::string_view text) {
  const Parsing parsing = parse_text("a STORE 1 " + std::string(text) + "\r\n");
  EXPECT_TRUE(parsing.command) << text << ": " << parsing.error;
  if (!parsing.command) return {};
  const Parsing again = parse_text(print(*parsing.command) + "\r\n");
  EXPECT_TRUE(again.command && *again.command == *parsing.command) << print(*parsing.command);
  return std::get<Store>(parsing.command->body);
}
bool is_refused_command(std::string_view text) {
  return !parse_text("a " + std::string(text) + "\r\n").command;
}

TEST(AnnotationParser, ReadsWhatIsStored) {
  const Store set =
      store("(UNCHANGEDSINCE 5) annotation (/comment (value.priv \"x\" value.shared NIL))");
  EXPECT_EQ(set.annotations,
            (std::vector<AnnotationChange>{{"/comment", Whose::Private, "x"},
                                           {"/comment", Whose::Shared, std::nullopt}}));
}

TEST(AnnotationParser, ReadsLiteralsOfAnyOctets) {
  using namespace std::string_literals;
  const Store set = store(
      "ANNOTATION ({11+}\r\n/altsubject (value.shared ~{3+}\r\na\0b) /1/flags/seen (value.priv "
      "\"0\"))"s);
  EXPECT_EQ(set.annotations,
            (std::vector<AnnotationChange>{{"/altsubject", Whose::Shared, "a\0b"s},
                                           {"/1/flags/seen", Whose::Private, "0"}}));
  EXPECT_EQ(set.echo, Store::Echo::Silent);
}

TEST(AnnotationParser, ReadsWhatIsFetched) {
  const Parsing parsing = parse_text(
      "a FETCH 1 (UID ANNOTATION ((/comment /* /comment) (size value.shared value)))\r\n");
  ASSERT_TRUE(parsing.command) << parsing.error;
  const auto& items = std::get<Fetch>(parsing.command->body).items;
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].annotation.entries, (std::vector<std::string>{"/comment", "/*"}));
  EXPECT_EQ(items[1].annotation.attributes,
            (std::vector<Attribute>{Attribute::PrivateSize, Attribute::SharedSize,
                                    Attribute::SharedValue, Attribute::PrivateValue}));
  EXPECT_FALSE(is_refused_command("FETCH 1 ANNOTATION (/comment value)"));
  EXPECT_TRUE(is_refused_command("FETCH 1 ANNOTATION /comment value"));
  EXPECT_TRUE(is_refused_command("FETCH 1 ANNOTATION (/comment)"));
  EXPECT_TRUE(is_refused_command("FETCH 1 ANNOTATION (/comment ())"));
  EXPECT_TRUE(is_refused_command("FETCH 1 ANNOTATION (/comment value.other)"));
  EXPECT_TRUE(is_refused_command("FETCH 1 (ANNOTATION)"));
}

// What is tried on every entry of every message has an end.
TEST(AnnotationParser, BoundsWhatIsAskedFor) {
  std::string patterns, items;
  for (int n = 0; n < 17; ++n) patterns += (n ? " /" : "/") + std::to_string(n + 1) + "/*";
  EXPECT_TRUE(is_refused_command("FETCH 1 ANNOTATION ((" + patterns + ") value)"));
  for (int n = 0; n < 9; ++n) {
    items += (n ? " " : "") + ("ANNOTATION (/vendor/" + std::to_string(n)) + "/x value)";
  }
  EXPECT_TRUE(is_refused_command("FETCH 1 (" + items + ")"));
}

AnnotationItem item(std::vector<std::string> entries, std::vector<Attribute> attributes) {
  return {std::move(entries), std::move(attributes)};
}

TEST(Annotation, IsToldInTheOrderAskedForAndOnce) {
  const std::vector<MessageAnnotation> known = {{"/comment", Whose::Shared, "s"},
                                                {"/comment", Whose::Private, ""},
                                                {"/vendor/x/y", Whose::Private, "p"}};
  EXPECT_EQ(annotation_text(item({"/vendor/*", "/altsubject", "*"},
                                 {Attribute::PrivateValue, Attribute::SharedSize}),
                            known),
            "ANNOTATION (/vendor/x/y (value.priv \"p\" size.shared \"0\") /altsubject (value.priv "
            "NIL size.shared \"0\") /comment (value.priv \"\" size.shared \"1\"))");
  // A pattern stands for what has something of that which is asked for.
  EXPECT_EQ(annotation_text(item({"/vendor/*"}, {Attribute::SharedValue}), known), "");
}

class AnnotationLookupTest : public ::testing::Test {
 protected:
  std::string say(std::string_view line) { return client_->say(line); }
  SessionWorld world_;
  std::unique_ptr<SessionWorld::Client> client_;
};

// Many and long values leave the server as the client reads them.
TEST_F(AnnotationLookupTest, AFetchOfMuchHoldsLittle) {
  world_.deliver_many(100);
  const auto mailbox = world_.mailbox();
  std::vector<Uid> uids;
  for (std::size_t n = 0; n < mailbox->view()->size(); ++n) {
    uids.push_back((*mailbox->view())[n].uid);
  }
  const AnnotationChange change{"/comment", Whose::Private, std::string(40'000, 'x')};
  ASSERT_TRUE(mailbox->annotate(uids, std::span(&change, 1)));
  client_ = world_.open_inbox();
  client_->stop_reading();
  std::string answer = say("a FETCH 1:* (ANNOTATION (/comment value.priv))");
  int rounds = 0;
  for (;; ++rounds) {
    const std::string more = client_->read_on();
    if (more.empty()) break;
    EXPECT_LT(more.size(), 2u << 20);
    answer += more;
  }
  EXPECT_GT(rounds, 5);
  EXPECT_EQ(count(answer, "value.priv {40000}"), 100);
  EXPECT_NE(answer.find("a OK"), std::string::npos);
}

// A search gives its lane up in between, as it does in headers.
TEST_F(AnnotationLookupTest, ALongSearchIsDoneInSlices) {
  world_.deliver_many(600);
  const auto mailbox = world_.mailbox();
  std::vector<Uid> uids;
  for (std::size_t n = 0; n < mailbox->view()->size(); n += 2) {
    uids.push_back((*mailbox->view())[n].uid);
  }
  const AnnotationChange change{"/comment", Whose::Shared, "x"};
  ASSERT_TRUE(mailbox->annotate(uids, std::span(&change, 1)));
  client_ = world_.open_inbox();
  world_.clock.drift = std::chrono::milliseconds(1);
  const int before = client_->runs();
  const std::string answer = say("a SEARCH RETURN (COUNT) ANNOTATION /comment value \"x\"");
  EXPECT_NE(answer.find("COUNT 300"), std::string::npos) << answer;
  EXPECT_GT(client_->runs() - before, 3);
}

// The one who stores is not told of it, and yet learns what another did at the same moment.
TEST_F(AnnotationLookupTest, WhatHappensMeanwhileIsTold) {
  world_.deliver("Subject: x\r\n\r\n");
  client_ = world_.sign_in();
  say("a SELECT INBOX (ANNOTATE)");
  const Uid uid = 1;
  const auto mailbox = world_.mailbox();
  const AnnotationChange theirs{"/altsubject", Whose::Shared, "x"};
  ASSERT_TRUE(mailbox->annotate(std::span(&uid, 1), std::span(&theirs, 1)));
  // STORE of flags takes the new state of the message in, and tells what else is new about it.
  const std::string answer = say("b STORE 1 +FLAGS.SILENT (\\Seen)");
  EXPECT_NE(answer.find("ANNOTATION (/altsubject)"), std::string::npos) << answer;
  const std::string own = say("c STORE 1 ANNOTATION (/comment (value.shared \"y\"))");
  EXPECT_EQ(own.find("FETCH"), std::string::npos) << own;
  EXPECT_EQ(say("d NOOP").find("FETCH"), std::string::npos);
}

}  // namespace
}  // namespace waxwing::imap
