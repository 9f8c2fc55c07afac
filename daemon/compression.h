#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct z_stream_s;

namespace waxwing {

// DEFLATE for one connection, each way by itself.  RFC 4978, RFC 1951. Loop thread only.
//
// A connection that compresses holds some 110 KiB more than one that does not: 70 KiB to compress
// (a window of 8 KiB, which is as good for answers as a larger one, and costs a quarter), and 40
// KiB to decompress, whose window the client chooses.

class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;

  // Appends to `packed` what comes of these bytes so far.
  void add(std::string_view bytes, std::string& packed);
  // And all that was held back, so that the client can read everything that was added.
  void flush(std::string& packed);
  // The same, and tells the client that nothing follows. Nothing may.
  void finish(std::string& packed);

 private:
  void run(std::string_view bytes, int how, std::string& packed);

  std::unique_ptr<z_stream_s> stream_;
};

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;

  // Bytes as they came. They are kept until their meaning was asked for, so no more of them should
  // be fed before next() says Hungry.
  void feed(std::string_view bytes);

  struct Next {
    enum class Kind {
      Some,     // `count` bytes of what the client said
      Hungry,   // nothing, before more is fed
      Ended,    // the client has ended its stream
      Damaged,  // this is no DEFLATE
    };
    Kind kind;
    std::size_t count = 0;
  };
  // As much as fits: a few bytes may mean millions, and no more is made of them than was asked for.
  Next next(std::span<char> space);
  // next() might give more without being fed.
  bool has_more() const;
  // What was fed and not looked at: behind the end it belongs to no DEFLATE.
  std::string_view rest() const { return std::string_view(fed_).substr(used_); }

 private:
  std::unique_ptr<z_stream_s> stream_;
  std::string fed_;
  std::size_t used_ = 0;
  bool was_full_ = false;
};

}  // namespace waxwing
