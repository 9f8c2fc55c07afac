#include "protocols/imap/esearch.h"

#include <gtest/gtest.h>

#include "protocols/imap/long_line.h"

namespace waxwing::imap {
namespace {

class Esearch : public testing::Test {
 protected:
  Esearch() {
    std::vector<MessageRow> rows;
    for (const Uid uid : {10u, 11u, 12u, 20u, 21u}) {
      rows.emplace_back();
      rows.back().uid = uid;
    }
    view_ = View::make(std::move(rows), 30, 1, {});
  }
  std::string answer(const SearchReturn& returns, Numbering numbering = Numbering::Uid) {
    return esearch_response({*view_, found_, scores_}, returns, numbering, "t");
  }
  std::vector<Uid> saved(const SearchReturn& returns) {
    return saved_result({*view_, found_}, returns);
  }

  View::Version view_;
  std::vector<std::size_t> found_{1, 2, 0, 4, 3};
  std::vector<int> scores_;
};

TEST_F(Esearch, KeepsTheOrderOfASort) {
  EXPECT_EQ(answer({.min = true, .max = true, .all = true, .count = true}),
            "* ESEARCH (TAG \"t\") UID MIN 11 MAX 20 ALL 11:12,10,21,20 COUNT 5\r\n");
  EXPECT_EQ(answer({.all = true}, Numbering::Sequence), "* ESEARCH (TAG \"t\") ALL 2:3,1,5,4\r\n");
  EXPECT_EQ(answer({.save = true}), "");
  found_.clear();
  EXPECT_EQ(answer({.min = true, .max = true, .all = true, .count = true}),
            "* ESEARCH (TAG \"t\") UID COUNT 0\r\n");
}

TEST_F(Esearch, SavesWhatItReturns) {
  EXPECT_EQ(saved({.save = true}), (std::vector<Uid>{10, 11, 12, 20, 21}));
  EXPECT_EQ(saved({.min = true, .save = true}), (std::vector<Uid>{11}));
  EXPECT_EQ(saved({.max = true, .save = true}), (std::vector<Uid>{20}));
  EXPECT_EQ(saved({.min = true, .max = true, .save = true}), (std::vector<Uid>{11, 20}));
  EXPECT_EQ(saved({.min = true, .count = true, .save = true}).size(), 5u);
  EXPECT_EQ(saved({.max = true, .all = true, .save = true}).size(), 5u);
  found_ = {3};
  EXPECT_EQ(saved({.min = true, .max = true, .save = true}), (std::vector<Uid>{20}));
  found_.clear();
  EXPECT_TRUE(saved({.min = true, .save = true}).empty());
}

TEST_F(Esearch, ReturnsAndSavesAPart) {
  const auto part = [](const char* range) { return PartialRange::parse(range); };
  EXPECT_EQ(answer({.count = true, .partial = part("2:3")}),
            "* ESEARCH (TAG \"t\") UID PARTIAL (2:3 12,10) COUNT 5\r\n");
  EXPECT_EQ(answer({.partial = part("-1:-2")}),
            "* ESEARCH (TAG \"t\") UID PARTIAL (-1:-2 21,20)\r\n");
  EXPECT_EQ(answer({.partial = part("6:7")}), "* ESEARCH (TAG \"t\") UID PARTIAL (6:7 NIL)\r\n");
  EXPECT_EQ(saved({.save = true, .partial = part("2:3")}), (std::vector<Uid>{10, 12}));
  EXPECT_EQ(saved({.min = true, .save = true, .partial = part("1:2")}), (std::vector<Uid>{11, 12}));
  EXPECT_EQ(saved({.min = true, .max = true, .save = true, .partial = part("9:9")}),
            (std::vector<Uid>{11, 20}));
  EXPECT_EQ(saved({.count = true, .save = true, .partial = part("1:1")}).size(), 5u);
  EXPECT_TRUE(saved({.save = true, .partial = part("6:7")}).empty());
}

TEST_F(Esearch, TellsHowRelevantResultsAre) {
  scores_ = {4, 99, 42, 1, 100};
  EXPECT_EQ(answer({.all = true, .relevancy = true}),
            "* ESEARCH (TAG \"t\") UID ALL 11:12,10,21,20 RELEVANCY (4 99 42 1 100)\r\n");
  EXPECT_EQ(answer({.relevancy = true}), "* ESEARCH (TAG \"t\") UID RELEVANCY (4 99 42 1 100)\r\n");
  EXPECT_EQ(answer({.partial = PartialRange::parse("-1:-2"), .relevancy = true}),
            "* ESEARCH (TAG \"t\") UID PARTIAL (-1:-2 21,20) RELEVANCY (1 100)\r\n");
  scores_.clear();
  EXPECT_EQ(answer({.relevancy = true}),
            "* ESEARCH (TAG \"t\") UID RELEVANCY (100 100 100 100 100)\r\n");
  found_.clear();
  EXPECT_EQ(answer({.all = true, .relevancy = true}), "* ESEARCH (TAG \"t\") UID RELEVANCY ()\r\n");
}

TEST_F(Esearch, TellsTheHighestModSeqOfWhatItReturns) {
  std::vector<MessageRow> rows;
  for (const Uid uid : {10u, 11u, 12u, 20u, 21u}) {
    rows.emplace_back();
    rows.back().uid = uid;
    rows.back().modseq = 100 - uid;
  }
  view_ = View::make(std::move(rows), 30, 90, {});
  const auto told = [&](const SearchReturn& returns) {
    return esearch_response({*view_, found_, {}, true}, returns, Numbering::Uid, "t");
  };
  EXPECT_EQ(told({.all = true}), "* ESEARCH (TAG \"t\") UID ALL 11:12,10,21,20 MODSEQ 90\r\n");
  EXPECT_EQ(told({.max = true}), "* ESEARCH (TAG \"t\") UID MAX 20 MODSEQ 80\r\n");
  EXPECT_EQ(told({.partial = PartialRange::parse("4:5")}),
            "* ESEARCH (TAG \"t\") UID PARTIAL (4:5 21,20) MODSEQ 80\r\n");
  EXPECT_EQ(told({.partial = PartialRange::parse("6:7")}),
            "* ESEARCH (TAG \"t\") UID PARTIAL (6:7 NIL)\r\n");
  EXPECT_EQ(list_response("SORT", {*view_, found_, {}, true}, Numbering::Uid),
            "* SORT 11 12 10 21 20 (MODSEQ 90)\r\n");
  found_.clear();
  EXPECT_EQ(list_response("SORT", {*view_, found_, {}, true}, Numbering::Uid), "* SORT\r\n");
}

TEST(LongLine, WaitsForRoom) {
  const std::string text = std::string(Output::kFull, 'a') + "end\r\n";
  LongLine line(text);
  Output output;
  output << "before\r\n";
  EXPECT_FALSE(line.is_amid());
  EXPECT_FALSE(line.hand_over(output));
  EXPECT_TRUE(line.is_amid());
  EXPECT_LT(output.size(), Output::kFull + 64 * 1024 + 10);
  std::string sent = output.drain();
  EXPECT_TRUE(line.hand_over(output));
  EXPECT_FALSE(line.is_amid());
  EXPECT_EQ(sent + output.drain(), "before\r\n" + text);
}

TEST(LongLine, DoesNotBeginWhereNothingFits) {
  LongLine line("text");
  Output output;
  output << std::string(Output::kFull, 'a');
  EXPECT_FALSE(line.hand_over(output));
  EXPECT_FALSE(line.is_amid());
}

}  // namespace
}  // namespace waxwing::imap
