#include "storage/sqlite.h"

#include "tests/storage/store_fixture.h"

namespace waxwing::sqlite {
namespace {

class SqliteTest : public StoreTest {
 protected:
  Database open() {
    auto database = Database::open(root_ + "/test.sqlite", Database::Synchronous::Normal,
                                   Database::Sharing::Shared, std::chrono::milliseconds(0));
    EXPECT_TRUE(database) << database.error().text;
    return std::move(*database);
  }
  static std::int64_t count(Database& database) {
    return database.integer("SELECT count(*) FROM t").value_or(-1);
  }
};

TEST_F(SqliteTest, NothingIsCommittedByItselfWhenATransactionDidNotBegin) {
  Database ours = open(), theirs = open();
  ASSERT_TRUE(ours.execute("CREATE TABLE t(x)"));
  Statement insert = ours.prepare("INSERT INTO t VALUES(?)");
  auto writer = std::make_unique<Transaction>(theirs);
  {
    Transaction transaction(ours);
    writer.reset();  // the other program is done between our BEGIN and what follows
    EXPECT_FALSE(insert.bind(1, 1).run());
    EXPECT_FALSE(ours.execute("INSERT INTO t VALUES(2)"));
    EXPECT_FALSE(ours.prepare("INSERT INTO t VALUES(3)").run());
    EXPECT_FALSE(transaction.commit());
  }
  EXPECT_EQ(count(ours), 0);
  Transaction transaction(ours);
  EXPECT_TRUE(insert.bind(1, 4).run());
  EXPECT_TRUE(transaction.commit());
  EXPECT_EQ(count(theirs), 1);
}

TEST_F(SqliteTest, InnerTransactionDoesNotEndTheOuterOne) {
  Database database = open();
  ASSERT_TRUE(database.execute("CREATE TABLE t(x)"));
  Transaction outer(database);
  ASSERT_TRUE(database.execute("INSERT INTO t VALUES(1)"));
  {
    Transaction inner(database);
    EXPECT_FALSE(inner.commit());
  }
  ASSERT_TRUE(outer.commit());
  EXPECT_EQ(count(database), 1);
}

}  // namespace
}  // namespace waxwing::sqlite
