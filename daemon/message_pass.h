#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/staged.h"

namespace waxwing {

// The one reading of a message on its way out, for all who must see every byte of it: who signs it,
// and who asks what the next server must be able to take. In pieces, so that its size costs no
// memory. Held by one thread at a time.
//   MessagePass pass(fields, message);
//   pass.add([&](std::string_view piece) { signer.feed(piece); });
//   if (auto done = pass.run(); !done) ...
class MessagePass {
 public:
  using Reader = std::function<void(std::string_view piece)>;

  // `fields` are put before the message and leave with it. The message outlives this.
  MessagePass(std::string fields, Staged& message)
      : fields_(std::move(fields)), message_(message) {}
  // The fields and the header of the message: what others will read as its header.
  std::string header() { return fields_ + message_.finish().header; }
  void add(Reader reader) { readers_.push_back(std::move(reader)); }
  // Call once, after the last add().
  Outcome run();

 private:
  void read(std::string_view piece) const;

  const std::string fields_;
  Staged& message_;
  std::vector<Reader> readers_;
};

}  // namespace waxwing
