#include "daemon/control.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "daemon/data_lock.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

std::string ask(const std::string& data_dir) {
  const auto answer = ask_server(data_dir, "hello");
  return answer ? answer->value_or("no server") : answer.error().text;
}

TEST(Control, CarriesALineThereAndBack) {
  const Folder folder;
  auto server = ControlServer::open(
      folder.path(), [](std::string_view line) { return "got " + std::string(line) + "\n"; });
  ASSERT_TRUE(server);
  struct stat seen;
  ASSERT_EQ(stat(folder.path("control.sock").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0600u);
  for (const std::string& line : {std::string("hello"), std::string(3'000'000, 'x')}) {
    const auto answer = ask_server(folder.path(), line);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->value_or("no server"), "got " + line);
  }
}

TEST(Control, SaysWhenNoServerRuns) {
  const Folder folder;
  EXPECT_EQ(ask(folder.path()), "no server");
  EXPECT_EQ(ask(folder.path("not-there")), "no server");
  {
    const auto server = ControlServer::open(folder.path(), [](std::string_view) { return ""; });
    ASSERT_TRUE(server);
  }
  EXPECT_EQ(ask(folder.path()), "no server");
}

TEST(Control, ReplacesTheSocketOfADeadServer) {
  const Folder folder;
  folder.write("control.sock", "");
  const auto server =
      ControlServer::open(folder.path(), [](std::string_view) { return "alive\n"; });
  ASSERT_TRUE(server) << server.error().text;
  EXPECT_EQ(ask(folder.path()), "alive");
}

TEST(Control, WorksInAFolderWithALongName) {
  const Folder folder;
  const std::string deep = folder.path(std::string(200, 'd'));
  ASSERT_EQ(mkdir(deep.c_str(), 0700), 0);
  const auto server = ControlServer::open(deep, [](std::string_view) { return "here\n"; });
  ASSERT_TRUE(server);
  EXPECT_EQ(ask(deep), "here");
}

TEST(DataLock, LetsOneProcessWork) {
  const Folder folder;
  {
    const auto first = DataLock::take(folder.path());
    ASSERT_TRUE(first);
    const auto second = DataLock::take(folder.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Error::Code::AlreadyExists);
  }
  EXPECT_TRUE(DataLock::take(folder.path()));
}

}  // namespace
}  // namespace waxwing::test
