#include "protocols/imap/search_context.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>

#include "tests/imap/session_world.h"

namespace waxwing::imap {
namespace {

View::Version view_of(Uid count) {
  std::vector<MessageRow> rows(count);
  for (Uid i = 0; i < count; ++i) rows[i].uid = 10 * (i + 1);
  return View::make(std::move(rows), 10 * count + 1, 1, {});
}

SearchContext context_of(std::vector<Uid> results, Numbering numbering, bool is_sorted) {
  SearchContext::Wanted wanted;
  wanted.tag = "a";
  wanted.numbering = numbering;
  if (is_sorted) wanted.keys.push_back({});
  return SearchContext(std::move(wanted), std::move(results));
}

using Lines = SearchContext::Lines;
using Uids = std::vector<Uid>;

TEST(SearchContext, TellsInMailboxOrderWhereNothingIsSorted) {
  const auto view = view_of(9);
  auto context = context_of({10, 30}, Numbering::Uid, false);
  EXPECT_EQ(context.add(*view, Uids{20, 30, 40}),
            (Lines{"* ESEARCH (TAG \"a\") UID ADDTO (0 20,40)\r\n"}));
  EXPECT_EQ(context.results(), (Uids{10, 20, 30, 40}));
  EXPECT_EQ(context.add(*view, Uids{20, 30, 40}), Lines{});
  EXPECT_EQ(context.remove(*view, Uids{10, 30, 50}),
            (Lines{"* ESEARCH (TAG \"a\") UID REMOVEFROM (0 10,30)\r\n"}));
  EXPECT_EQ(context.remove(*view, Uids{10, 30, 50}), Lines{});
  EXPECT_EQ(context.results(), (Uids{20, 40}));
}

TEST(SearchContext, TellsMessageNumbersToWhoAskedForThem) {
  const auto view = view_of(9);
  auto context = context_of({10, 20, 30}, Numbering::Sequence, false);
  EXPECT_EQ(context.remove(*view, Uids{10, 20}),
            (Lines{"* ESEARCH (TAG \"a\") REMOVEFROM (0 1:2)\r\n"}));
  EXPECT_EQ(context.add(*view, Uids{90}), (Lines{"* ESEARCH (TAG \"a\") ADDTO (0 9)\r\n"}));
}

TEST(SearchContext, TellsThePlaceInASortedResult) {
  const auto view = view_of(9);
  auto context = context_of({30, 10, 20}, Numbering::Uid, true);
  EXPECT_EQ(context.add(*view, Uids{40, 50, 60}, Uids{60, 30, 50, 40, 10, 20}),
            (Lines{"* ESEARCH (TAG \"a\") UID ADDTO (1 60 3 50,40)\r\n"}));
  EXPECT_EQ(context.results(), (Uids{60, 30, 50, 40, 10, 20}));
  EXPECT_EQ(context.remove(*view, Uids{20, 40, 50, 60}),
            (Lines{"* ESEARCH (TAG \"a\") UID REMOVEFROM (1 60 2 50,40 3 20)\r\n"}));
  EXPECT_EQ(context.results(), (Uids{30, 10}));
}

TEST(SearchContext, KeepsWhatTheClientHasInItsOrder) {
  const auto view = view_of(9);
  auto context = context_of({30, 10, 20}, Numbering::Uid, true);
  // The order has changed, and has one that was taken out meanwhile.
  EXPECT_EQ(context.add(*view, Uids{40}, Uids{20, 70, 40, 30, 10}),
            (Lines{"* ESEARCH (TAG \"a\") UID ADDTO (4 40)\r\n"}));
  EXPECT_EQ(context.results(), (Uids{30, 10, 20, 40}));
}

// What a client makes of the lines.
class Client {
 public:
  explicit Client(Uids results) : results_(std::move(results)) {}
  void hear(const std::string& line) {
    const bool is_added = line.find(" ADDTO (") != line.npos;
    std::istringstream words(line.substr(line.rfind('(') + 1));
    std::size_t position;
    std::string set;
    while (words >> position >> set) {
      for (const Uid uid : uids_of(set)) {
        if (position == 0) {
          const auto place = std::ranges::lower_bound(results_, uid);
          ASSERT_EQ(place != results_.end() && *place == uid, !is_added) << line;
          is_added ? (void)results_.insert(place, uid) : (void)results_.erase(place);
        } else if (is_added) {
          ASSERT_GE(position, 1u);
          ASSERT_LE(position, results_.size() + 1);
          results_.insert(results_.begin() + std::ptrdiff_t(position++ - 1), uid);
        } else {
          ASSERT_LE(position, results_.size());
          ASSERT_EQ(results_[position - 1], uid);
          results_.erase(results_.begin() + std::ptrdiff_t(position - 1));
        }
      }
    }
  }
  const Uids& results() const { return results_; }

  static Uids uids_of(std::string set) {
    Uids uids;
    std::replace(set.begin(), set.end(), ',', ' ');
    std::istringstream parts(set);
    for (std::string part; parts >> part;) {
      const auto colon = part.find(':');
      const Uid first = std::stoul(part);
      const Uid last = colon == part.npos ? first : std::stoul(part.substr(colon + 1));
      for (Uid uid = first; uid <= last; ++uid) uids.push_back(uid);
    }
    return uids;
  }

 private:
  Uids results_;
};

TEST(SearchContext, LeavesTheClientWithTheSameSortedResult) {
  std::mt19937 random(7);
  const Uid count = 12000;
  std::vector<MessageRow> rows(count);
  for (Uid i = 0; i < count; ++i) rows[i].uid = i + 1;
  const auto view = View::make(std::move(rows), count + 1, 1, {});
  Uids order(count);
  for (Uid i = 0; i < count; ++i) order[i] = i + 1;
  std::shuffle(order.begin() + 100, order.end() - 5000, random);
  auto context = context_of({}, Numbering::Uid, true);
  Client client({});
  std::size_t longest = 0;
  for (int round = 0; round < 12; ++round) {
    Uids some;
    const unsigned percent = round < 2 ? 90 : random() % 40;
    for (Uid uid = 1; uid <= count; ++uid) {
      if (random() % 100 < percent) some.push_back(uid);
    }
    const auto lines =
        round % 2 == 0 ? context.add(*view, some, order) : context.remove(*view, some);
    for (const auto& line : lines) {
      client.hear(line);
      longest = std::max(longest, line.size());
    }
    ASSERT_EQ(client.results(), context.results()) << round;
    Uids expected;
    for (const Uid uid : order) {
      if (std::ranges::count(context.results(), uid) > 0) expected.push_back(uid);
      if (expected.size() > 50) break;  // the beginning is enough: count() takes its time
    }
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), context.results().begin())) << round;
  }
  EXPECT_LT(longest, 64u * 1024);
}

// Between "ALL " and the end of the line of an answer.
Uids all_of(const std::string& answer) {
  const auto begin = answer.find(" ALL ");
  if (begin == answer.npos) return {};
  return Client::uids_of(answer.substr(begin + 5, answer.find('\r', begin) - begin - 5));
}

// Of an answer what is said of that search.
void hear(Client& client, const std::string& tag, const std::string& answer) {
  std::istringstream lines(answer);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("* ESEARCH (TAG \"" + tag + "\") UID ")) client.hear(line);
  }
}

TEST(SearchContexts, AreWhatASearchWouldFindWhateverAnotherSessionDoes) {
  SessionWorld world;
  world.deliver_many(40);
  auto client = world.open_inbox();
  auto other = world.open_inbox();
  world.clock.drift = std::chrono::milliseconds(3);  // so that an update takes several steps
  const std::string search = "OR FLAGGED (ANSWERED SUBJECT b)", sort = "UNSEEN NOT SUBJECT c";
  const std::string fuzzy = "FUZZY SUBJECT berlin UNANSWERED";
  Client found(all_of(client->say("s1 UID SEARCH RETURN (UPDATE ALL) " + search)));
  Client sorted(all_of(
      client->say("s2 UID SORT RETURN (UPDATE ALL) (SUBJECT REVERSE ARRIVAL) UTF-8 " + sort)));
  Client scored(all_of(
      client->say("s3 UID SORT RETURN (UPDATE ALL) (REVERSE RELEVANCY ARRIVAL) UTF-8 " + fuzzy)));
  const auto hear_all = [&](const std::string& answer) {
    hear(found, "s1", answer);
    hear(sorted, "s2", answer);
    hear(scored, "s3", answer);
  };
  std::mt19937 random(11);
  const char* words[] = {"berlin", "berlim", "Berlin brelin", "bern"};
  std::size_t most = 0;
  const char* flags[] = {"\\Flagged", "\\Answered", "\\Seen", "\\Deleted"};
  for (int round = 0; round < 150; ++round) {
    const std::string uid = std::to_string(1 + random() % (40 + unsigned(round) / 3));
    switch (random() % 4) {
      case 0: other->say("x UID EXPUNGE " + uid); break;
      case 1: {
        const std::string text = std::string("Subject: ") + char('a' + random() % 4) + " " +
                                 words[random() % 4] + "\r\n\r\nx";
        world.deliver(text);
        break;
      }
      default:
        other->say("x UID STORE " + uid + (random() % 3 == 0 ? " -" : " +") + "FLAGS.SILENT (" +
                   flags[random() % 4] + ")");
    }
    if (random() % 2 == 0) continue;
    // The one lets EXPUNGE be told, the other does not.
    const std::string answer = client->say(random() % 2 == 0 ? "n NOOP" : "n FETCH 1 UID");
    hear_all(answer);
    // What another session did meanwhile is told with this one at the latest.
    std::string again = client->say("f UID SEARCH RETURN (ALL) " + search);
    hear_all(again);
    again = client->say("f UID SEARCH RETURN (ALL) " + search);
    ASSERT_EQ(found.results(), all_of(again)) << round << again;
    again = client->say("g UID SORT RETURN (ALL) (SUBJECT REVERSE ARRIVAL) UTF-8 " + sort);
    Uids expected = all_of(again);
    ASSERT_EQ(sorted.results(), expected) << round << again;
    again = client->say("h UID SORT RETURN (ALL) (REVERSE RELEVANCY ARRIVAL) UTF-8 " + fuzzy);
    ASSERT_EQ(scored.results(), all_of(again)) << round << again;
    most = std::max({most, found.results().size(), scored.results().size()});
  }
  EXPECT_GT(most, 5u);
}

TEST(SearchContexts, LookOnTheSearchLaneBeforeTheCommandIsAnswered) {
  SessionWorld world;
  auto client = world.open_inbox();
  EXPECT_EQ(client->say("a UID SEARCH RETURN (UPDATE) BODY needle"),
            "* ESEARCH (TAG \"a\") UID\r\na OK Searched\r\n");
  const int runs = client->runs();
  client->say("b NOOP");
  EXPECT_EQ(client->runs(), runs);  // nothing to look at: the loop answers
  world.deliver("Subject: x\r\n\r\na needle\r\n");
  const std::string answer = client->say("c NOOP");
  EXPECT_GT(client->runs(), runs);
  EXPECT_EQ(client->last_lane(), Lane::Search);
  const auto exists = answer.find("* 1 EXISTS"), added = answer.find("UID ADDTO (0 1)");
  EXPECT_LT(exists, added);
  EXPECT_LT(added, answer.find("c OK"));
}

TEST(SearchContexts, AreToldInIdleAndBetweenCommandsAfterNotify) {
  SessionWorld world;
  auto client = world.open_inbox();
  client->say("a UID SEARCH RETURN (UPDATE) BODY needle");
  client->say("b IDLE");
  world.deliver("Subject: x\r\n\r\na needle\r\n");
  EXPECT_NE(client->hear().find("* ESEARCH (TAG \"a\") UID ADDTO (0 1)"), std::string::npos);
  client->say("DONE");
  world.deliver("Subject: x\r\n\r\na needle\r\n");
  EXPECT_EQ(client->hear(), "");
  client->say("c NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))");
  world.deliver("Subject: x\r\n\r\na needle\r\n");
  const std::string heard = client->hear();
  EXPECT_NE(heard.find("* 3 EXISTS"), std::string::npos) << heard;
  EXPECT_NE(heard.find("* ESEARCH (TAG \"a\") UID ADDTO (0 3)"), std::string::npos) << heard;
}

}  // namespace
}  // namespace waxwing::imap
