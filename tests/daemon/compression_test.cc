#include "daemon/compression.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <zlib.h>

#include <array>
#include <random>
#include <vector>

namespace waxwing::test {
namespace {

using Kind = Inflater::Next::Kind;

// What comes out of the inflater until it is hungry, `step` bytes at a time.
std::string inflate(Inflater& inflater, std::size_t step = 65536) {
  std::vector<char> space(step);
  std::string all;
  for (;;) {
    const auto next = inflater.next(space);
    if (next.kind != Kind::Some) return all;
    all.append(space.data(), next.count);
  }
}

std::string answers(int count) {
  std::string text;
  for (int n = 1; n <= count; ++n) {
    text += "* " + std::to_string(n) + " FETCH (UID " + std::to_string(3 * n) +
            " FLAGS (\\Seen) RFC822.SIZE " + std::to_string(n * 7919 % 100'000) +
            " INTERNALDATE \"26-Nov-2026 09:00:00 +0000\")\r\n";
  }
  return text;
}

TEST(Compression, GivesBackWhatWasSaidInAnyPieces) {
  std::mt19937 random(7);
  Deflater deflater;
  Inflater inflater;
  for (const std::size_t size : {1, 5, 1000, 100'000, 1'000'000}) {
    std::string text = answers(static_cast<int>(size / 50));
    text.resize(size, 'x');
    for (std::size_t at = 0; at < size; at += 7) text[at] = static_cast<char>(random());
    std::string packed;
    deflater.add(std::string_view(text).substr(0, size / 2), packed);
    deflater.add(std::string_view(text).substr(size / 2), packed);
    deflater.flush(packed);
    std::string all;
    for (std::size_t at = 0; at < packed.size(); at += 4093) {
      inflater.feed(std::string_view(packed).substr(at, 4093));
      all += inflate(inflater, 1 + at % 5000);
    }
    EXPECT_TRUE(all == text) << size;
  }
}

TEST(Compression, MakesAnswersSmall) {
  Deflater deflater;
  std::string packed;
  const std::string text = answers(2000);
  deflater.add(text, packed);
  deflater.flush(packed);
  EXPECT_LT(packed.size() * 4, text.size());
}

TEST(Compression, FlushesWhatIsSmall) {
  Deflater deflater;
  Inflater inflater;
  for (const char* line : {"* 1 EXISTS\r\n", "a OK Done\r\n"}) {
    std::string packed;
    deflater.add(line, packed);
    deflater.flush(packed);
    inflater.feed(packed);
    EXPECT_EQ(inflate(inflater), line);
    EXPECT_FALSE(inflater.has_more());
  }
}

TEST(Compression, MakesNoMoreOfABombThanIsAskedFor) {
  Deflater deflater;
  std::string packed;
  const std::string zeros(1 << 20, 'x');
  for (int n = 0; n < 64; ++n) deflater.add(zeros, packed);
  deflater.flush(packed);
  ASSERT_LT(packed.size(), 1u << 20);
  Inflater inflater;
  inflater.feed(packed);
  packed = {};
  std::array<char, 1000> space;
  const auto before = mallinfo2().uordblks;
  std::uint64_t all = 0;
  for (int n = 0; n < 100; ++n) all += inflater.next(space).count;
  EXPECT_EQ(all, 100'000u);
  EXPECT_TRUE(inflater.has_more());
  EXPECT_LT(mallinfo2().uordblks, before + 100'000);
  all += inflate(inflater).size();
  EXPECT_EQ(all, std::uint64_t{64} << 20);
}

TEST(Compression, TellsDamageAndTheEnd) {
  std::array<char, 100> space;
  Inflater damaged;
  damaged.feed("a NOOP\r\n this is no deflate");
  EXPECT_EQ(damaged.next(space).kind, Kind::Damaged);

  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string text = "a LOGOUT\r\n", packed(100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = 100;
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(100 - stream.avail_out);
  deflateEnd(&stream);
  Inflater ended;
  ended.feed(packed);
  EXPECT_EQ(ended.next(space).count, text.size());
  EXPECT_EQ(ended.next(space).kind, Kind::Ended);
}

}  // namespace
}  // namespace waxwing::test
