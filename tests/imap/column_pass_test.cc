#include "protocols/imap/column_pass.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <random>

#include "protocols/imap/search_run.h"
#include "protocols/imap/sort_run.h"
#include "protocols/imap/thread_run.h"
#include "tests/imap/fake_source.h"
#include "tests/imap/print_command.h"
#include "tests/imap/random_mail.h"
#include "tests/storage/store_fixture.h"

namespace waxwing::imap {
namespace {

// Keeps extracts as an index does.
class KeepingSource final : public SearchSource {
 public:
  explicit KeepingSource(FakeSource& source) : source_(source) {}
  Outcome headers(std::span<const Uid> uids, const Visit& visit) override {
    return source_.headers(uids, visit);
  }
  Result<Opened> open(Uid uid) override { return source_.open(uid); }
  Result<std::vector<Extract>> extracts(int kind, Uid first, Uid last) override {
    if (is_broken) return fail(Error::Code::Corrupt, "no index");
    std::vector<Extract> result;
    for (const auto& [key, extract] : kept) {
      if (key.first == kind && key.second >= first && key.second <= last) result.push_back(extract);
    }
    return result;
  }
  void keep_extracts(int kind, std::span<const Extract> extracts) override {
    for (const Extract& extract : extracts) kept[{kind, extract.block}] = extract;
  }

  std::map<std::pair<int, Uid>, Extract> kept;
  bool is_broken = false;

 private:
  FakeSource& source_;
};

class ColumnPassTest : public testing::Test {
 protected:
  void add(Uid uid, std::string header) {
    MessageRow row;
    row.uid = uid;
    row.internal_date = 1000;
    rows_.push_back(row);
    messages_.messages[uid] = std::move(header) + "\r\n\r\n";
  }
  void add_all(Uid first, Uid last) {
    for (Uid uid = first; uid <= last; ++uid) {
      add(uid, "Subject: number " + std::to_string(uid) + "\r\nX: y");
    }
  }
  View::Version view() const { return View::make(rows_, rows_.back().uid + 1, 1, {}); }

  std::string search(const std::string& keys) { return search(keys, source_); }
  std::string search(const std::string& keys, SearchSource& source) {
    messages_.headers_read = 0;
    auto parsing = parse_text("a SEARCH " + keys + "\r\n");
    EXPECT_TRUE(parsing.command) << parsing.error;
    const auto& command = std::get<Search>(parsing.command->body);
    auto program =
        SearchProgram::compile(command.program, command.charset, *view(), SearchProgram::Scope{});
    SearchRun run(std::move(*program), view());
    return finish(run, source) ? uid_set(run.found()) : "failed";
  }
  std::string sort(const std::string& keys, SearchSource& source) {
    auto parsing = parse_text("a SORT (" + keys + ") UTF-8 ALL\r\n");
    EXPECT_TRUE(parsing.command) << parsing.error;
    SortRun run(std::get<Sort>(parsing.command->body).keys, view(), all());
    if (!finish(run, source)) return "failed";
    std::string order;
    for (const std::size_t index : run.sorted()) order += std::to_string(rows_[index].uid) + " ";
    return order;
  }
  std::string thread(SearchSource& source) {
    ThreadRun run(Thread::Algorithm::References, view(), all());
    if (!finish(run, source)) return "failed";
    return run.threads([&](std::size_t index) { return rows_[index].uid; });
  }
  template <class Run>
  bool finish(Run& run, SearchSource& source) {
    while (true) {
      const auto is_done = run.step(source, [&] { return is_hurried_; });
      if (!is_done) return false;
      if (*is_done) return true;
    }
  }
  std::vector<std::size_t> all() const {
    std::vector<std::size_t> indexes(rows_.size());
    std::iota(indexes.begin(), indexes.end(), 0);
    return indexes;
  }
  std::string uid_set(const std::vector<std::size_t>& indexes) const {
    std::vector<Uid> uids;
    for (const std::size_t index : indexes) uids.push_back(rows_[index].uid);
    return to_uid_set(uids);
  }

  std::vector<MessageRow> rows_;
  FakeSource messages_;
  KeepingSource source_{messages_};
  bool is_hurried_ = false;
};

TEST_F(ColumnPassTest, WhatIsKeptIsNotReadAgain) {
  add_all(1, 600);
  EXPECT_EQ(search("SUBJECT \"number 7\""), "7,70:79");
  EXPECT_EQ(messages_.headers_read, 600);
  // From 512 on more messages may come.
  EXPECT_EQ(search("SUBJECT \"NUMBER 51\""), "51,510:519");
  EXPECT_EQ(messages_.headers_read, 89);
  add_all(601, 767);
  EXPECT_EQ(search("SUBJECT 767"), "767");
  EXPECT_EQ(messages_.headers_read, 89 + 167);
  EXPECT_EQ(search("OR SUBJECT 767 SUBJECT \"number 2 \""), "767");
  EXPECT_EQ(messages_.headers_read, 0);
}

TEST_F(ColumnPassTest, EachColumnIsKeptByItself) {
  add_all(1, 511);
  search("SUBJECT x");
  EXPECT_EQ(search("FROM x"), "");
  EXPECT_EQ(messages_.headers_read, 511);
  EXPECT_EQ(search("OR FROM x SUBJECT 300"), "300");
  EXPECT_EQ(messages_.headers_read, 0);
  EXPECT_EQ(search("HEADER Subject \"\" SENTBEFORE 1-Jan-2030"), "");
  EXPECT_EQ(messages_.headers_read, 511);
}

// A few messages are no reason to read all of a block.
TEST_F(ColumnPassTest, AFewMessagesAreReadAlone) {
  add_all(1, 511);
  EXPECT_EQ(search("UID 1:20,300 SUBJECT number"), "1:20,300");
  EXPECT_EQ(messages_.headers_read, 21);
  EXPECT_TRUE(source_.kept.empty());
}

TEST_F(ColumnPassTest, WhatIsLongIsReadEachTime) {
  add_all(1, 255);
  const std::string end = "the end";
  messages_.header_limit = 100'000;
  messages_.messages[100] =
      "Subject: " + std::string(ColumnBlock::kMaxValue, 'x') + end + "\r\n\r\n";
  for (const int headers : {255, 1}) {
    EXPECT_EQ(search("SUBJECT \"" + end + "\""), "100");
    EXPECT_EQ(messages_.headers_read, headers);
  }
  std::size_t longest = 0;
  for (const auto& [key, extract] : source_.kept) longest = std::max(longest, extract.bytes.size());
  EXPECT_LT(longest, 10'000u);
}

// Its rest is in the file.
TEST_F(ColumnPassTest, AHeaderThatIsCutIsNoEvidence) {
  add_all(1, 255);
  messages_.header_limit = 50;
  messages_.messages[100] = "X: " + std::string(100, 'x') + "\r\nSubject: behind\r\n\r\n";
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(search("SUBJECT behind"), "100");
    EXPECT_EQ(search("NOT SUBJECT number"), "100");
  }
}

TEST_F(ColumnPassTest, NobodyFindsWhatIsGone) {
  add_all(1, 511);
  for (Uid uid = 3; uid < 300; ++uid) messages_.messages.erase(uid);
  EXPECT_EQ(search("SUBJECT number"), "1:2,300:511");
  EXPECT_EQ(search("NOT SUBJECT x"), "1:2,300:511");
  EXPECT_EQ(search("NOT SUBJECT x"), "1:2,300:511");
  rows_.erase(rows_.begin(), rows_.begin() + 310);
  EXPECT_EQ(search("NOT SUBJECT x"), "311:511");
}

TEST_F(ColumnPassTest, WithoutAnIndexHeadersAreRead) {
  add_all(1, 255);
  search("SUBJECT x");
  for (auto& [key, extract] : source_.kept) extract.bytes.pop_back();
  EXPECT_EQ(search("SUBJECT \"number 55\""), "55");
  EXPECT_EQ(messages_.headers_read, 255);
  source_.is_broken = true;
  EXPECT_EQ(search("SUBJECT \"number 55\""), "55");
}

TEST_F(ColumnPassTest, WhatIsKeptSaysWhatHeadersSay) {
  const char* given = std::getenv("WAXWING_SEED");
  const unsigned seed =
      given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  SCOPED_TRACE("WAXWING_SEED=" + std::to_string(seed));
  RandomMail mail(seed);
  messages_.header_limit = 100'000;
  Uid uid = 0;
  for (int i = 0; i < 700; ++i) {
    uid += 1 + static_cast<Uid>(mail.below(3));
    add(uid, "");
    std::string more =
        "Date: " + std::to_string(1 + mail.below(28)) + " Jan 2001 10:00:00 +0000\r\n";
    const auto id = [&](std::size_t n) { return "<" + std::to_string(n) + "@h>"; };
    more += "Message-ID: " + id(uid) + "\r\nReferences: " + id(mail.below(uid + 1)) + "\r\n";
    messages_.messages[uid] = more + mail.message();
  }
  for (int round = 0; round < 2; ++round) {
    is_hurried_ = round == 0;
    for (const std::string key : {"SUBJECT", "FROM", "TO", "CC", "HEADER Message-ID"}) {
      const std::string needle = mail.needle();
      if (needle.find_first_of("\"\\\r\n") != needle.npos) continue;
      const std::string text = "CHARSET UTF-8 " + key + " \"" + needle + "\"";
      EXPECT_EQ(search(text), search(text, messages_)) << text;
    }
    EXPECT_EQ(search("SENTON 7-Jan-2001"), search("SENTON 7-Jan-2001", messages_));
    for (const std::string keys : {"SUBJECT DATE", "REVERSE FROM", "TO CC", "DISPLAYFROM",
                                   "REVERSE DISPLAYTO SUBJECT", "REVERSE DATE"}) {
      EXPECT_EQ(sort(keys, source_), sort(keys, messages_)) << keys;
    }
    EXPECT_EQ(thread(source_), thread(messages_));
  }
}

// --- Where they are kept. ---

class ExtractsTest : public StoreTest {
 protected:
  static std::vector<Uid> blocks(Mailbox& mailbox, int kind = 1) {
    std::vector<Uid> result;
    const auto extracts = mailbox.extracts(kind, 0, 10);
    EXPECT_TRUE(extracts);
    for (const Extract& extract : *extracts) result.push_back(extract.block);
    return result;
  }
  static void keep(Mailbox& mailbox, std::vector<Extract> extracts, int kind = 1) {
    ASSERT_TRUE(mailbox.keep_extracts(kind, extracts));
  }
};

TEST_F(ExtractsTest, StayUntilTheIndexIsMadeAgain) {
  keep(*inbox(), {{0, 3, "three"}, {2, 5, std::string(100'000, '\0')}});
  keep(*inbox(), {{0, 4, "four"}}, 2);
  reopen();
  const auto extracts = inbox()->extracts(1, 0, 2);
  ASSERT_TRUE(extracts);
  ASSERT_EQ(extracts->size(), 2u);
  EXPECT_EQ((*extracts)[0].bytes, "three");
  EXPECT_EQ((*extracts)[1].messages, 5u);
  EXPECT_EQ((*extracts)[1].bytes, std::string(100'000, '\0'));
  EXPECT_EQ(blocks(*inbox(), 2), std::vector<Uid>{0});
  ASSERT_TRUE(store_->rebuild(kAlice));
  EXPECT_TRUE(blocks(*inbox()).empty());
}

TEST_F(ExtractsTest, GoWithTheirMailbox) {
  auto one = account()->create("One");
  auto other = account()->create("Other");
  ASSERT_TRUE(one && other);
  keep(**one, {{0, 1, "x"}});
  keep(**other, {{0, 1, "y"}});
  ASSERT_TRUE(account()->remove("One"));
  auto again = account()->create("One");
  ASSERT_TRUE(again);
  EXPECT_TRUE(blocks(**again).empty());
  EXPECT_EQ(blocks(**other).size(), 1u);
}

TEST_F(ExtractsTest, OfMessagesThatAreGoneAreThrownAway) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(deliver("s"));
  keep(*inbox(), {{0, 10, "of ten"}});
  const auto all = uids(*inbox());
  ASSERT_TRUE(inbox()->expunge(std::span(all).first(5), Mailbox::Expunge::Any));
  reopen();
  EXPECT_EQ(blocks(*inbox()).size(), 1u);
  ASSERT_TRUE(inbox()->expunge(std::span(all).first(6), Mailbox::Expunge::Any));
  reopen();
  EXPECT_TRUE(blocks(*inbox()).empty());
}

}  // namespace
}  // namespace waxwing::imap
