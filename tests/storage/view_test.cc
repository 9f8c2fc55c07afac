#include "storage/view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace waxwing {
namespace {

// The same as View, without any cleverness.
struct Naive {
  std::vector<MessageRow> rows;
  Uid uid_next = 1;
  ModSeq modseq = 1;

  bool operator==(const Naive&) const = default;
};

void expect_equal(const View& view, const Naive& naive) {
  ASSERT_EQ(view.size(), naive.rows.size());
  std::uint64_t bytes = 0;
  std::size_t unseen = 0, deleted = 0;
  std::optional<std::size_t> first_unseen;
  for (std::size_t i = 0; i < naive.rows.size(); ++i) {
    const auto& row = naive.rows[i];
    ASSERT_EQ(view[i].uid, row.uid);
    ASSERT_EQ(view[i].modseq, row.modseq);
    ASSERT_EQ(view[i].flags, row.flags);
    bytes += row.size;
    deleted += row.flags.has(Flags::kDeleted);
    if (!row.flags.has(Flags::kSeen)) {
      ++unseen;
      if (!first_unseen) first_unseen = i;
    }
  }
  EXPECT_EQ(view.total_size(), bytes);
  EXPECT_EQ(view.unseen(), unseen);
  EXPECT_EQ(view.deleted(), deleted);
  EXPECT_EQ(view.first_unseen(), first_unseen);
  EXPECT_EQ(view.uid_next(), naive.uid_next);
}

View::Difference naive_difference(const Naive& older, const Naive& newer) {
  View::Difference result;
  std::size_t n = 0;
  for (std::size_t o = 0; o < older.rows.size(); ++o) {
    if (n < newer.rows.size() && newer.rows[n].uid == older.rows[o].uid) {
      if (newer.rows[n].modseq != older.rows[o].modseq) result.changed.push_back(n);
      ++n;
    } else {
      result.expunged.push_back(o);
    }
  }
  result.added = newer.rows.size() - n;
  return result;
}

// Random histories: every version equals the naive one, and so do differences between any two.
class ViewModel : public ::testing::TestWithParam<unsigned> {};

TEST_P(ViewModel, EqualsAPlainListOfMessages) {
  std::mt19937 random(GetParam());
  auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  View::Version view = View::make({}, 1, 1, {});
  Naive naive;
  std::vector<std::pair<View::Version, Naive>> history = {{view, naive}};
  for (int step = 0; step < 60; ++step) {
    ++naive.modseq;
    const auto kind = naive.rows.empty() ? 0 : below(3);
    if (kind == 0) {
      std::vector<MessageRow> rows;
      for (std::size_t i = 1 + below(below(4) == 0 ? 1500 : 5); i > 0; --i) {
        naive.uid_next += static_cast<Uid>(below(3));
        rows.push_back({.uid = naive.uid_next++,
                        .size = static_cast<std::uint32_t>(below(1000)),
                        .modseq = naive.modseq,
                        .flags = {below(32)}});
      }
      naive.rows.insert(naive.rows.end(), rows.begin(), rows.end());
      view = view->with_added(rows, naive.uid_next, naive.modseq);
    } else if (kind == 1) {
      std::vector<MessageRow> rows;
      const std::size_t stride = 1 + below(naive.rows.size());
      for (std::size_t i = below(naive.rows.size()); i < naive.rows.size(); i += stride) {
        naive.rows[i].flags.bits = below(32);
        naive.rows[i].modseq = naive.modseq;
        rows.push_back(naive.rows[i]);
      }
      view = view->with_changed(rows, naive.modseq);
    } else {
      std::vector<Uid> uids;
      const std::size_t first = below(naive.rows.size());
      const std::size_t count = 1 + below(std::min<std::size_t>(naive.rows.size() - first, 700));
      const std::size_t stride = 1 + below(4);
      for (std::size_t i = first; i < first + count; i += stride) uids.push_back(naive.rows[i].uid);
      std::erase_if(naive.rows, [&](const auto& row) {
        return std::binary_search(uids.begin(), uids.end(), row.uid);
      });
      view = view->with_expunged(uids, naive.modseq);
    }
    expect_equal(*view, naive);
    history.emplace_back(view, naive);
    const auto& [old_view, old_naive] = history[below(history.size())];
    const auto expected = naive_difference(old_naive, naive);
    const auto actual = View::difference(*old_view, *view);
    EXPECT_EQ(actual.expunged, expected.expunged);
    EXPECT_EQ(actual.changed, expected.changed);
    EXPECT_EQ(actual.added, expected.added);
    for (int probe = 0; probe < 20; ++probe) {
      const Uid uid = static_cast<Uid>(below(naive.uid_next + 2));
      const auto place = std::lower_bound(naive.rows.begin(), naive.rows.end(), uid,
                                          [](const auto& row, Uid u) { return row.uid < u; });
      EXPECT_EQ(view->lower_bound(uid), static_cast<std::size_t>(place - naive.rows.begin()));
      EXPECT_EQ(view->find(uid).has_value(), place != naive.rows.end() && place->uid == uid);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Histories, ViewModel, ::testing::Range(0u, 25u));

TEST(View, KeywordsStayWithTheVersion) {
  const auto before = View::make({}, 1, 1, {"a"});
  const auto after = before->with_keywords({"a", "b"});
  EXPECT_EQ(before->keywords(), std::vector<std::string>({"a"}));
  EXPECT_EQ(after->keywords(), std::vector<std::string>({"a", "b"}));
}

}  // namespace
}  // namespace waxwing
