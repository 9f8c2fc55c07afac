#include "daemon/sender.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

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

TEST(Sender, CompressesAndFlushesAtTheEndOfWhatThereIs) {
  const Folder folder;
  const std::string text(100'000, 'y');
  const auto file = open_file(folder.write("message", text));
  Sender sender;
  sender.compress();
  Inflater inflater;
  std::array<char, 3000> space;
  std::string packed;
  for (int n = 0; n < 3; ++n) {
    Output output;
    output << "<";
    output.write_file(file, 0, text.size());
    output << ">";
    sender.take(output);
    while (!sender.empty()) {
      const std::string some(sender.front(space));
      ASSERT_FALSE(some.empty());
      EXPECT_EQ(sender.front(space), some) << "a repeated write must see the same bytes";
      packed += some.substr(0, 5);
      inflater.feed(some.substr(0, 5));
      sender.consume(std::min<std::size_t>(5, some.size()));
    }
    std::string all;
    std::vector<char> out(1 << 20);
    for (auto next = inflater.next(out); next.kind == Inflater::Next::Kind::Some;
         next = inflater.next(out)) {
      all.append(out.data(), next.count);
    }
    EXPECT_TRUE(all == "<" + text + ">") << n;
  }
  EXPECT_LT(packed.size(), 3000u);
}

TEST(Sender, CompressesALongFileInShares) {
  const Folder folder;
  const std::string text(10'000'000, 'y');
  const auto file = open_file(folder.write("message", text));
  Sender sender;
  sender.compress();
  Output output;
  output.write_file(file, 0, text.size());
  sender.take(output);
  std::vector<char> space(64 * 1024);
  EXPECT_FALSE(sender.front(space).empty());
  EXPECT_GT(sender.size(), 8'000'000u);
}

TEST(Sender, NoticesAFileThatIsTooShortToCompress) {
  const Folder folder;
  const auto file = open_file(folder.write("message", "0123"));
  Sender sender;
  sender.compress();
  Output output;
  output.write_file(file, 2, 100);
  sender.take(output);
  std::array<char, 64> space;
  EXPECT_TRUE(sender.front(space).empty());
}

}  // namespace
}  // namespace waxwing::test
