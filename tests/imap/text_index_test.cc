#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <set>

#include "protocols/imap/search_run.h"
#include "tests/imap/random_mail.h"
#include "tests/storage/store_fixture.h"

namespace waxwing::imap {
namespace {

using Kind = SearchKey::Kind;

// Asks no index.
class ScanSource final : public SearchSource {
 public:
  explicit ScanSource(Mailbox& mailbox) : source_(mailbox) {}
  Outcome headers(std::span<const Uid> uids, const Visit& visit) override {
    return source_.headers(uids, visit);
  }
  Result<Opened> open(Uid uid) override { return source_.open(uid); }

 private:
  MailboxSource source_;
};

// Counts what it has to read.
class CountingSource final : public SearchSource {
 public:
  explicit CountingSource(Mailbox& mailbox) : source_(mailbox) {}
  Outcome headers(std::span<const Uid> uids, const Visit& visit) override {
    return source_.headers(uids, visit);
  }
  Result<Opened> open(Uid uid) override {
    ++opened;
    return source_.open(uid);
  }
  std::unique_ptr<TextLookup> look_up(const std::vector<TextKey>& keys) override {
    return source_.look_up(keys);
  }
  int opened = 0;

 private:
  MailboxSource source_;
};

class TextIndexTest : public StoreTest {
 protected:
  static unsigned seed() {
    const char* given = std::getenv("WAXWING_SEED");
    return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  }

  void append(Mailbox& mailbox, const std::string& text) {
    auto message = staged(text);
    ASSERT_TRUE(mailbox.append(*message, {}));
  }
  static std::vector<std::size_t> search(SearchSource& source, const Mailbox& mailbox,
                                         const SearchKey& key, Collation collation) {
    const auto view = mailbox.view();
    auto program = SearchProgram::compile(key, "UTF-8", *view, {.collation = collation});
    if (!program) {
      ADD_FAILURE() << program.error().text;
      return {};
    }
    SearchRun run(std::move(*program), view);
    while (true) {
      const auto is_over = run.step(source, [] { return true; });
      if (!is_over) ADD_FAILURE() << is_over.error().text;
      if (!is_over || *is_over) return run.found();
    }
  }
  SearchKey text_key() {
    static constexpr Kind kKinds[] = {Kind::Text, Kind::Text,    Kind::Body, Kind::Body,
                                      Kind::From, Kind::Subject, Kind::To,   Kind::Header};
    SearchKey key{.kind = kKinds[mail_.below(std::size(kKinds))], .text = mail_.needle()};
    if (key.kind == Kind::Header) key.field = mail_.below(2) == 0 ? "X-Trace" : "Subject";
    return key;
  }
  SearchKey any_key(int depth = 0) {
    if (depth > 1 || mail_.below(2) == 0) return text_key();
    switch (mail_.below(3)) {
      case 0: return {.kind = Kind::Not, .keys = {any_key(depth + 1)}};
      case 1: return {.kind = Kind::Or, .keys = {any_key(depth + 1), any_key(depth + 1)}};
      default: return {.kind = Kind::And, .keys = {any_key(depth + 1), any_key(depth + 1)}};
    }
  }
  static std::string print(const SearchKey& key) {
    std::string result =
        std::to_string(static_cast<int>(key.kind)) + " " + key.field + " \"" + key.text + "\" (";
    for (const auto& inner : key.keys) result += print(inner);
    return result + ")";
  }
  void expect_the_same(Mailbox& mailbox, int keys) {
    ScanSource scan(mailbox);
    MailboxSource indexed(mailbox);
    for (int i = 0; i < keys; ++i) {
      const SearchKey key = any_key();
      for (const Collation collation : {Collation::UnicodeCasemap, Collation::AsciiCasemap}) {
        EXPECT_EQ(search(indexed, mailbox, key, collation), search(scan, mailbox, key, collation))
            << print(key) << " " << name_of(collation);
      }
    }
  }
  std::size_t found(Mailbox& mailbox, Kind kind, const std::string& text) {
    MailboxSource source(mailbox);
    return search(source, mailbox, {.kind = kind, .text = text}, Collation::UnicodeCasemap).size();
  }
  void index() { ASSERT_TRUE(store_->index_texts(kAlice)); }
  bool has_index() const { return std::filesystem::exists(folder() + "/search.sqlite"); }

  const unsigned seed_ = seed();
  RandomMail mail_{seed_};
};

TEST_F(TextIndexTest, AnswersAsAScanDoes) {
  SCOPED_TRACE("WAXWING_SEED=" + std::to_string(seed_));
  options_.text_block = 100;
  reopen();
  auto box = inbox();
  auto other = account()->create("Other");
  ASSERT_TRUE(other);
  // Of several blocks, some of them merged, and of some that are not indexed yet.
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 60; ++i) append(*box, mail_.message());
    index();
  }
  for (int i = 0; i < 20; ++i) append(*box, mail_.message());
  expect_the_same(*box, 10);

  // Copies, what was moved, and what is gone.
  std::vector<Uid> some, gone;
  for (Uid uid = 10; uid < 100; ++uid) some.push_back(uid);
  for (Uid uid = 60; uid < 160; uid += 2) gone.push_back(uid);
  ASSERT_TRUE(box->copy(some, **other));
  ASSERT_TRUE(box->move(gone, **other));
  expect_the_same(*box, 3);
  expect_the_same(**other, 3);
  index();
  expect_the_same(*box, 3);
  expect_the_same(**other, 3);
  ASSERT_TRUE((*other)->expunge(some, Mailbox::Expunge::Any));
  ASSERT_TRUE(box->expunge(some, Mailbox::Expunge::Any));
  index();
  expect_the_same(*box, 3);
  expect_the_same(**other, 3);
  ASSERT_TRUE(account()->rename("Other", "Renamed"));
  expect_the_same(**other, 3);
  reopen();
  expect_the_same(*inbox(), 3);
}

TEST_F(TextIndexTest, AWordIsFoundWithoutReadingMessages) {
  auto box = inbox();
  for (int i = 0; i < 100; ++i) {
    append(*box, "Subject: s\r\n\r\nthe " + std::string(i % 4 == 0 ? "quarterly" : "annual") +
                     " report\r\n");
  }
  index();
  CountingSource source(*box);
  const auto search_for = [&](const std::string& text) {
    return search(source, *box, {.kind = Kind::Text, .text = text}, Collation::UnicodeCasemap);
  };
  EXPECT_EQ(search_for("Quarterly").size(), 25u);
  EXPECT_EQ(search_for("UARTER").size(), 25u);
  EXPECT_EQ(search_for("absent").size(), 0u);
  EXPECT_EQ(source.opened, 0);
  // Words in a row are not in the index, but who has all of them is.
  EXPECT_EQ(search_for("quarterly report").size(), 25u);
  EXPECT_EQ(source.opened, 25);
}

TEST_F(TextIndexTest, TheFirstSearchIsWhyThereIsOne) {
  auto box = inbox();
  for (int i = 0; i < 70; ++i) append(*box, "Subject: s\r\n\r\ntext\r\n");
  EXPECT_FALSE(has_index());
  EXPECT_EQ(found(*box, Kind::From, "x"), 0u);
  EXPECT_EQ(found(*box, Kind::Body, "text"), 70u);
  EXPECT_TRUE(has_index());
}

TEST_F(TextIndexTest, TheBackgroundMakesItAndKeepsItUp) {
  auto box = inbox();
  for (int i = 0; i < 100; ++i) append(*box, message("first"));
  const auto wait_until_nothing_is_read = [&](const std::string& text, std::size_t hits) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < give_up) {
      CountingSource source(*box);
      const SearchKey key{.kind = Kind::Body, .text = text};
      EXPECT_EQ(search(source, *box, key, Collation::UnicodeCasemap).size(), hits);
      if (source.opened == 0) return true;
    }
    return false;
  };
  EXPECT_TRUE(wait_until_nothing_is_read("first", 100));
  // Written by somebody who does not search.
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(deliver("second"));
  EXPECT_TRUE(wait_until_nothing_is_read("second", 100));
}

TEST_F(TextIndexTest, ThereIsNoneWhereTheOperatorWantsNone) {
  auto box = inbox();
  for (int i = 0; i < 70; ++i) append(*box, "Subject: s\r\n\r\ntext\r\n");
  index();
  EXPECT_TRUE(has_index());
  box.reset();
  options_.text_index = Settings::TextIndex::Never;
  reopen();
  EXPECT_EQ(found(*inbox(), Kind::Body, "text"), 70u);
  EXPECT_FALSE(has_index());
}

TEST_F(TextIndexTest, ADamagedOneIsMadeAgain) {
  auto box = inbox();
  for (int i = 0; i < 70; ++i) append(*box, "Subject: s\r\n\r\ntext " + mail_.needle() + "\r\n");
  index();
  box.reset();
  for (const std::string& damage : {std::string("no database"), std::string(1 << 20, '\7')}) {
    store_->close();
    write_file(folder() + "/search.sqlite", damage);
    store_.reset();
    open_store();
    EXPECT_EQ(found(*inbox(), Kind::Body, "text"), 70u);
    index();
    EXPECT_EQ(found(*inbox(), Kind::Body, "text"), 70u);
  }
  // Pages in the middle, which are noticed late.
  store_->close();
  std::string file = read_file(folder() + "/search.sqlite");
  for (std::size_t i = 3 * 4096; i < file.size(); ++i)
    file[i] = static_cast<char>(mail_.below(256));
  write_file(folder() + "/search.sqlite", file);
  store_.reset();
  open_store();
  EXPECT_EQ(found(*inbox(), Kind::Body, "text"), 70u);
}

TEST_F(TextIndexTest, FindsInHtmlWhatItsReaderSees) {
  auto box = inbox();
  for (int i = 0; i < 70; ++i) {
    append(*box,
           "Content-Type: text/html; charset=utf-8\r\n\r\n<script>hidden</script>"
           "<p class=markup>Rech<b>nung</b> Stra&szlig;e\r\n");
  }
  for (const bool is_indexed : {false, true}) {
    if (is_indexed) index();
    EXPECT_EQ(found(*box, Kind::Body, "Rechnung Stra\u00dfe"), 70u);
    EXPECT_EQ(found(*box, Kind::Text, "STRASSE"), 70u);
    EXPECT_EQ(found(*box, Kind::Body, "hidden"), 0u);
    EXPECT_EQ(found(*box, Kind::Text, "markup"), 0u);
    EXPECT_EQ(found(*box, Kind::Body, "szlig"), 0u);
  }
}

TEST_F(TextIndexTest, OneOfAnotherVersionIsMadeAgain) {
  auto box = inbox();
  for (int i = 0; i < 70; ++i) append(*box, message("text"));
  index();
  box.reset();
  store_->close();
  // Version 1 knew HTML by its source. Here it knows nothing, and would say so.
  ASSERT_EQ(std::system(("sqlite3 " + folder() +
                         "/search.sqlite 'DELETE FROM words; PRAGMA user_version=1'")
                            .c_str()),
            0);
  store_.reset();
  open_store();
  EXPECT_EQ(found(*inbox(), Kind::Body, "text"), 70u);
  index();
  CountingSource source(*inbox());
  const SearchKey key{.kind = Kind::Body, .text = "text"};
  EXPECT_EQ(search(source, *inbox(), key, Collation::UnicodeCasemap).size(), 70u);
  EXPECT_EQ(source.opened, 0);
}

TEST_F(TextIndexTest, OneThatKnowsOtherMessagesByTheseUidsIsThrownAway) {
  auto box = inbox();
  append(*box, message("first"));
  box.reset();
  store_->close();
  const std::string backup = root_ + "/backup";
  copy_tree(folder(), backup);
  store_.reset();
  open_store();
  for (int i = 0; i < 70; ++i) append(*inbox(), message("old"));
  index();
  EXPECT_EQ(found(*inbox(), Kind::Text, "old"), 70u);
  // All comes back from before, but for the index of texts.
  store_->close();
  const std::string search_index = read_file(folder() + "/search.sqlite");
  std::filesystem::remove_all(folder());
  copy_tree(backup, folder());
  write_file(folder() + "/search.sqlite", search_index);
  store_.reset();
  open_store();
  for (int i = 0; i < 70; ++i) append(*inbox(), message("new"));
  EXPECT_EQ(found(*inbox(), Kind::Text, "old"), 0u);
  EXPECT_EQ(found(*inbox(), Kind::Text, "new"), 70u);
}

TEST_F(TextIndexTest, WhatCannotBeReadIsNotTakenForIndexed) {
  for (int i = 0; i < 70; ++i) append(*inbox(), message("common"));
  for (int call = 1; call < 200; call += 9) {
    store_->close();
    std::filesystem::remove(folder() + "/search.sqlite");
    store_.reset();
    open_store();
    EXPECT_EQ(uids(*inbox()).size(), 70u);
    disk_.fail_call(call);
    (void)store_->index_texts(kAlice);
    disk_.fail_call(0);
    EXPECT_EQ(found(*inbox(), Kind::Body, "common"), 70u) << disk_.failed() << " " << call;
  }
}

TEST_F(TextIndexTest, ExpungedMessagesLeaveIt) {
  auto box = inbox();
  for (int i = 0; i < 200; ++i) {
    append(*box, message(i % 2 == 0 ? "secretword" : "other"));
  }
  index();
  std::vector<Uid> secret;
  for (Uid uid = 1; uid <= 200; uid += 2) secret.push_back(uid);
  ASSERT_TRUE(box->expunge(secret, Mailbox::Expunge::Any));
  index();
  EXPECT_EQ(found(*box, Kind::Text, "other"), 100u);
  box.reset();
  store_->close();
  // Pages that are free may still hold it, but no row does.
  EXPECT_EQ(
      std::system(("test -z \"$(sqlite3 " + folder() +
                   "/search.sqlite \"SELECT 1 FROM words WHERE instr(text, 'secretword')\")\"")
                      .c_str()),
      0);
}

TEST_F(TextIndexTest, GoesWithTheAccount) {
  auto box = inbox();
  for (int i = 0; i < 70; ++i) append(*box, message("text"));
  index();
  box.reset();
  ASSERT_TRUE(store_->remove_account(kAlice));
  EXPECT_FALSE(has_index());
}

}  // namespace
}  // namespace waxwing::imap
