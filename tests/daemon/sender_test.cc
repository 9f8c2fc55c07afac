#include "daemon/sender.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

std::shared_ptr<const Fd> open_file(const std::string& path) {
  return std::make_shared<Fd>(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

TEST(Sender, GivesBytesAndPartsOfFilesInOrder) {
  const Folder folder;
  const auto file = open_file(folder.write("message", "0123456789"));
  Sender sender;
  Output output;
  output << "<";
  output.write_file(file, 2, 5);
  output << ">";
  sender.take(output);
  EXPECT_TRUE(output.empty());
  EXPECT_EQ(sender.size(), 7u);
  std::array<char, 3> space;
  std::string all;
  while (!sender.empty()) {
    const std::string_view some = sender.front(space);
    ASSERT_FALSE(some.empty());
    EXPECT_EQ(sender.front(space), some) << "a repeated write must see the same bytes";
    all += some.substr(0, 2);  // the socket takes less than it is given
    sender.consume(std::min<std::size_t>(2, some.size()));
  }
  EXPECT_EQ(all, "<23456>");
}

TEST(Sender, NoticesAFileThatIsShorterThanPromised) {
  const Folder folder;
  const auto file = open_file(folder.write("message", "0123"));
  Sender sender;
  Output output;
  output.write_file(file, 2, 100);
  sender.take(output);
  std::array<char, 64> space;
  EXPECT_TRUE(sender.front(space).empty());
}

TEST(Sender, JoinsSmallAnswers) {
  Sender sender;
  for (int i = 0; i < 100; ++i) {
    Output output;
    output << "0123456789";
    sender.take(output);
  }
  std::array<char, 16> space;
  EXPECT_EQ(sender.front(space).size(), 1000u);
}

}  // namespace
}  // namespace waxwing::test
