#include "protocols/imap/search_run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/imap/fake_source.h"
#include "tests/imap/print_command.h"

namespace waxwing::imap {
namespace {

class SearchRunTest : public testing::Test {
 protected:
  void add(Uid uid, std::uint64_t flags, std::string bytes, std::int64_t date = 0) {
    MessageRow row;
    row.uid = uid;
    row.size = static_cast<std::uint32_t>(bytes.size());
    row.internal_date = date;
    row.flags.bits = flags;
    rows_.push_back(row);
    source_.messages[uid] = std::move(bytes);
  }

  // UIDs that match, as a uid-set.
  std::string search(const std::string& keys, SearchProgram::Scope scope = {}) {
    auto parsing = parse_text("a SEARCH " + keys + "\r\n");
    EXPECT_TRUE(parsing.command) << parsing.error;
    const auto& command = std::get<Search>(parsing.command->body);
    auto view = View::make(rows_, 100, 1, {"Junk", "$Forwarded"});
    auto program =
        SearchProgram::compile(command.program, command.charset, *view, std::move(scope));
    if (!program) return program.error().code == Error::Code::Limit ? "limit" : "bad charset";
    SearchRun run(std::move(*program), view);
    steps_ = 0;
    while (true) {
      ++steps_;
      auto done = run.step(source_, [&] { return is_hurried_; });
      if (!done) return "failed";
      if (*done) break;
    }
    std::vector<Uid> uids;
    for (std::size_t index : run.found()) uids.push_back((*view)[index].uid);
    scores_ = run.scores();
    return to_uid_set(uids);
  }

  std::vector<MessageRow> rows_;
  FakeSource source_;
  std::vector<int> scores_;
  bool is_hurried_ = false;
  int steps_ = 0;
};

class SearchKeys : public SearchRunTest {
 protected:
  SearchKeys() {
    std::uint64_t junk = 1ull << Flags::kFirstKeyword;
    add(2, Flags::kSeen,
        "From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Lunch\r\n"
        "Date: Tue, 1 Feb 1994 23:30:00 -0800\r\n\r\nAt noon.\r\n",
        8797 * kDay);
    add(5, Flags::kFlagged | junk,
        "From: bob@example.test\r\nCc: carol@example.test\r\nBcc: dave@example.test\r\n"
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: 2 Feb 1994 00:00:00 +0000\r\n\r\n"
        "Lunch was good.\r\n",
        8798 * kDay - 1);
    add(6, Flags::kSeen | Flags::kAnswered | Flags::kDeleted | Flags::kDraft,
        "Subject: x\r\nX-Key:\r\n\r\n" + std::string(500, 'y') + "\r\n", 8798 * kDay);
  }
};

TEST_F(SearchKeys, LooksAtRows) {
  EXPECT_EQ(search("ALL"), "2,5:6");
  EXPECT_EQ(search("SEEN"), "2,6");
  EXPECT_EQ(search("UNSEEN"), "5");
  EXPECT_EQ(search("ANSWERED DELETED DRAFT UNFLAGGED"), "6");
  EXPECT_EQ(search("UNANSWERED UNDELETED UNDRAFT FLAGGED"), "5");
  EXPECT_EQ(search("KEYWORD junk"), "5");
  EXPECT_EQ(search("UNKEYWORD Junk"), "2,6");
  EXPECT_EQ(search("KEYWORD never"), "");
  EXPECT_EQ(search("UNKEYWORD never"), "2,5:6");
  EXPECT_EQ(search("LARGER 400"), "6");
  EXPECT_EQ(search("SMALLER 400"), "2,5");
  EXPECT_EQ(search("ON 1-Feb-1994"), "2,5");
  EXPECT_EQ(search("BEFORE 2-Feb-1994"), "2,5");
  EXPECT_EQ(search("SINCE 2-Feb-1994"), "6");
  EXPECT_EQ(source_.headers_read, 0);
}

TEST_F(SearchKeys, LooksAtNumbers) {
  EXPECT_EQ(search("1,3"), "2,6");
  EXPECT_EQ(search("*"), "6");
  EXPECT_EQ(search("2:50"), "5:6");
  EXPECT_EQ(search("UID 3:5"), "5");
  EXPECT_EQ(search("UID 90:*"), "6");
  EXPECT_EQ(search("NOT 2"), "2,6");
  EXPECT_EQ(search("OR 1 UID 6"), "2,6");
  EXPECT_EQ(search("1:* UID 5:6 UNSEEN"), "5");
  EXPECT_EQ(search("$", {UINT32_MAX, {2, 5}}), "2,5");
  EXPECT_EQ(search("UID $ SEEN", {UINT32_MAX, {2, 5}}), "2");
}

TEST_F(SearchKeys, LooksBeyondAUid) {
  EXPECT_EQ(search("UIDAFTER 4"), "5:6");
  EXPECT_EQ(search("UIDAFTER 6"), "");
  EXPECT_EQ(search("UIDAFTER 4294967295"), "");
  EXPECT_EQ(search("UIDBEFORE 5"), "2");
  EXPECT_EQ(search("UIDBEFORE 1"), "");
  EXPECT_EQ(search("NOT UIDBEFORE 5 UIDBEFORE 6"), "5");
  for (const char* wrong : {"UIDAFTER 0", "UIDBEFORE 1:2", "UIDAFTER *", "UIDAFTER"}) {
    EXPECT_FALSE(parse_text("a SEARCH " + std::string(wrong) + "\r\n").command) << wrong;
  }
}

TEST_F(SearchKeys, KnowsWhatIsRecent) {
  EXPECT_EQ(search("RECENT", {5, {}}), "5:6");
  EXPECT_EQ(search("OLD", {5, {}}), "2");
  EXPECT_EQ(search("NEW", {5, {}}), "5");
}

TEST_F(SearchKeys, CountsSecondsBackFromNow) {
  const SearchProgram::Scope now{.now = 8798 * kDay + 100};
  EXPECT_EQ(search("YOUNGER 100", now), "6");
  EXPECT_EQ(search("YOUNGER 99", now), "");
  EXPECT_EQ(search("OLDER 100", now), "2,5:6");
  EXPECT_EQ(search("OLDER 101", now), "2,5");
  EXPECT_EQ(search("YOUNGER 101", now), "5:6");
  EXPECT_EQ(search("OLDER 4294967295", now), "");
}

TEST_F(SearchKeys, ForgivesWhatIsFuzzy) {
  EXPECT_EQ(search("SUBJECT lumch"), "");
  EXPECT_TRUE(scores_.empty());
  EXPECT_EQ(search("FUZZY SUBJECT lumch"), "2");
  EXPECT_EQ(scores_, (std::vector<int>{20}));
  EXPECT_EQ(search("FUZZY SUBJECT lunch"), "2");
  EXPECT_EQ(scores_, (std::vector<int>{100}));
  EXPECT_EQ(search("FUZZY (FROM alice SUBJECT lumch)"), "2");
  EXPECT_EQ(scores_, (std::vector<int>{60}));
  EXPECT_EQ(search("FUZZY SUBJECT \"lunch dinner\""), "");
  EXPECT_EQ(search("FUZZY FROM \"test example alice\""), "2");
  EXPECT_EQ(scores_, (std::vector<int>{70}));
}

TEST_F(SearchKeys, LooksIntoBodiesFuzzily) {
  EXPECT_EQ(search("FUZZY BODY \"lumch good\""), "5");
  EXPECT_EQ(scores_, (std::vector<int>{(20 + 70) * 80 / 100 / 2}));
  EXPECT_EQ(search("FUZZY BODY \"was good\""), "5");
  EXPECT_EQ(scores_, (std::vector<int>{80}));
  // In the header of one, in the body of another.
  EXPECT_EQ(search("FUZZY TEXT lunsh"), "2,5");
  EXPECT_EQ(scores_, (std::vector<int>{20, 16}));
  EXPECT_EQ(search("FUZZY TEXT \"dinner\""), "");
  is_hurried_ = true;
  EXPECT_EQ(search("FUZZY TEXT lunsh"), "2,5");
  EXPECT_EQ(scores_, (std::vector<int>{20, 16}));
}

TEST_F(SearchKeys, TakesTheBestOfFuzzyAlternatives) {
  EXPECT_EQ(search("OR FUZZY SUBJECT lumch FUZZY FROM alice"), "2");
  EXPECT_EQ(scores_, (std::vector<int>{100}));
  EXPECT_EQ(search("FUZZY OR SEEN SUBJECT lumch"), "2,6");
  EXPECT_EQ(scores_, (std::vector<int>{100, 100}));
  EXPECT_EQ(search("FUZZY NOT SUBJECT lumch"), "5:6");
  EXPECT_EQ(scores_, (std::vector<int>{100, 100}));
}

TEST_F(SearchKeys, MatchesExactlyWhereFuzzyMeansNothing) {
  EXPECT_EQ(search("FUZZY (SEEN LARGER 400)"), "6");
  EXPECT_EQ(search("FUZZY UID 5"), "5");
  EXPECT_EQ(search("FUZZY SUBJECT \"...\""), "");
  EXPECT_EQ(search("FUZZY HEADER X-Key \"\""), "6");
  EXPECT_TRUE(scores_.empty());
}

TEST_F(SearchKeys, BoundsFuzzyWords) {
  std::string words = "a0";
  for (int i = 1; i < 16; ++i) words += " a" + std::to_string(i);
  EXPECT_EQ(search("FUZZY SUBJECT \"" + words + "\""), "");
  EXPECT_EQ(search("FUZZY SUBJECT \"" + words + " x\""), "limit");
  EXPECT_EQ(search("FUZZY (BODY \"" + words + "\" BODY \"" + words + "\" BODY \"" + words + "\")"),
            "");
  EXPECT_EQ(
      search("FUZZY (BODY \"" + words + "\" BODY \"" + words + "\" BODY \"" + words + "\" BODY x)"),
      "limit");
}

TEST_F(SearchKeys, ComparesAsTheCollationSays) {
  const SearchProgram::Scope ascii{.collation = Collation::AsciiCasemap};
  EXPECT_EQ(search("CHARSET UTF-8 SUBJECT {7+}\r\nGR\u00dc\u00dfE", ascii), "");
  EXPECT_EQ(search("CHARSET UTF-8 SUBJECT {7+}\r\nGR\u00fc\u00dfE", ascii), "5");
  EXPECT_EQ(search("CHARSET UTF-8 SUBJECT {7+}\r\nGR\u00dc\u00dfE"), "5");
  EXPECT_EQ(search("BODY LUNCH", ascii), "5");
}

TEST_F(SearchKeys, LooksAtHeaders) {
  EXPECT_EQ(search("FROM ALICE"), "2");
  EXPECT_EQ(search("TO bob"), "2");
  EXPECT_EQ(search("CC carol BCC dave"), "5");
  EXPECT_EQ(search("SUBJECT lunch"), "2");
  EXPECT_EQ(search("CHARSET UTF-8 SUBJECT {8+}\r\nGR\u00dc\u00dfE "), "");
  EXPECT_EQ(search("CHARSET UTF-8 SUBJECT {7+}\r\ngr\u00dcSSE"), "5");
  EXPECT_EQ(search("CHARSET ISO-8859-1 SUBJECT {5+}\r\ngr\xfc\xdf\x65"), "5");
  EXPECT_EQ(search("HEADER X-Key \"\""), "6");
  EXPECT_EQ(search("HEADER SUBJECT \"\""), "2,5:6");
  EXPECT_EQ(search("NOT HEADER X-Key \"\""), "2,5");
  EXPECT_EQ(search("SENTON 1-Feb-1994"), "2");
  EXPECT_EQ(search("SENTSINCE 2-Feb-1994"), "5");
  EXPECT_EQ(search("SENTBEFORE 2-Feb-1994"), "2");
  EXPECT_EQ(search("NOT SENTBEFORE 2-Feb-1994"), "5:6");
  EXPECT_EQ(source_.opened, 0);
}

TEST_F(SearchKeys, LooksAtBodies) {
  EXPECT_EQ(search("BODY lunch"), "5");
  EXPECT_EQ(search("TEXT lunch"), "2,5");
  EXPECT_EQ(search("TEXT lunch TEXT good"), "5");
  EXPECT_EQ(search("NOT BODY lunch"), "2,6");
  EXPECT_EQ(search("OR BODY noon BODY yyy"), "2,6");
  EXPECT_EQ(search("BODY \"\""), "2,5:6");
}

TEST_F(SearchKeys, ReadsNoMoreThanItMust) {
  EXPECT_EQ(search("BODY lunch FROM bob FLAGGED"), "5");
  EXPECT_EQ(source_.headers_read, 1);
  EXPECT_EQ(source_.opened, 1);
  EXPECT_EQ(search("OR TEXT lunch SEEN UID 2"), "2");
  EXPECT_EQ(source_.headers_read, 1);
}

TEST_F(SearchKeys, RefusesUnknownCharsets) {
  EXPECT_EQ(search("CHARSET X-NONE SUBJECT x"), "bad charset");
  EXPECT_EQ(search("CHARSET US-ASCII SUBJECT x"), "6");
}

TEST_F(SearchKeys, ReadsTheRestOfALongHeaderFromTheFile) {
  source_.header_limit = 10;
  EXPECT_EQ(search("SUBJECT lunch"), "2");
  EXPECT_EQ(search("TEXT lunch"), "2,5");
}

TEST_F(SearchKeys, PassesOverMessagesThatAreGone) {
  source_.messages.erase(5);
  EXPECT_EQ(search("TEXT lunch"), "2");
  EXPECT_EQ(search("SUBJECT x"), "6");
}

TEST_F(SearchKeys, BoundsWhatIsLookedFor) {
  const auto many = [](const std::string& key, int count) {
    std::string keys;
    for (int n = 0; n < count; ++n) keys += " NOT " + key + " none" + std::to_string(n);
    return keys.substr(1);
  };
  EXPECT_EQ(search(many("BODY", 100)), "2,5:6");
  EXPECT_EQ(search(many("TEXT", 101)), "limit");
  EXPECT_EQ(search(many("SUBJECT", 1000)), "2,5:6");
  EXPECT_EQ(search(many("SUBJECT", 1001)), "limit");
  EXPECT_EQ(search("BODY " + std::string(1000, 'n')), "");
  EXPECT_EQ(search("BODY " + std::string(1001, 'n')), "limit");
  EXPECT_EQ(search("SUBJECT " + std::string(1001, 'n')), "limit");
  // The same text is looked for once.
  std::string same = "BODY lunch";
  for (int n = 0; n < 400; ++n) same += " BODY LUNCH TEXT lunch";
  EXPECT_EQ(search(same), "5");
}

TEST_F(SearchRunTest, LooksIntoALongBodyInSteps) {
  add(1, 0, "Subject: long\r\n\r\n" + std::string(1'000'000, 'x') + "needle\r\n");
  is_hurried_ = true;
  EXPECT_EQ(search("BODY needle"), "1");
  EXPECT_GT(steps_, 10);
}

// Counts the UIDs of a uid-set without ranges.
int count_of(const std::string& set) {
  return static_cast<int>(std::count(set.begin(), set.end(), ',')) + 1;
}

TEST_F(SearchRunTest, StopsWhenTimeIsUpAndGoesOn) {
  for (Uid uid = 1; uid <= 200; ++uid) {
    add(uid, 0, "Subject: " + std::to_string(uid % 2) + "\r\n\r\nbody\r\n");
  }
  is_hurried_ = true;
  EXPECT_EQ(count_of(search("SUBJECT 1 BODY body")), 100);
  // One for each header, and for each body some.
  EXPECT_GT(steps_, 400);
  EXPECT_EQ(count_of(search("SUBJECT 1")), 100);
  EXPECT_GT(steps_, 200);
  EXPECT_EQ(search("ALL"), "1:200");
}

TEST_F(SearchRunTest, FindsNothingInAnEmptyMailbox) {
  EXPECT_EQ(search("ALL"), "");
  EXPECT_EQ(search("UID 1:*"), "");
  EXPECT_EQ(search("1:*"), "");
}

}  // namespace
}  // namespace waxwing::imap
