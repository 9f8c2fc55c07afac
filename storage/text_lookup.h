#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/types.h"

namespace waxwing {

// A text that is looked for in many messages.
struct TextKey {
  enum class Where {
    Header,    // somewhere in the header of the message or of a part
    Body,      // texts, and headers of enclosed messages
    Anywhere,  // both
  };
  Where where = Where::Anywhere;
  std::string text;  // folded by mail::fold_for_search
  // False: more than this text is asked of a match, so nothing is told for certain.
  bool is_all = true;
};

// What the text index knows of the messages of one mailbox. It never errs: what it does not know
// for certain has to be looked for in the message.
class TextAnswers {
 public:
  enum class Answer { No, Yes, Unknown };
  Answer of(Uid uid, std::size_t key) const;

  // --- For those who find out. ---

  // Messages in a row and the documents that they are; document 0: not indexed.
  struct Range {
    Uid first = 0;
    std::uint32_t count = 0;
    std::int64_t document = 0;
  };
  TextAnswers() = default;
  // Ranges ascend. Documents are less than `end`.
  TextAnswers(std::vector<Range> ranges, std::size_t keys, std::int64_t end);
  void set(std::size_t key, std::int64_t document, Answer answer);

 private:
  std::vector<Range> ranges_;
  std::vector<std::vector<std::uint8_t>> answers_;  // by key and document
};

// A look into the text index under way, in steps of some milliseconds. Held by one thread at a
// time.
class TextLookup {
 public:
  virtual ~TextLookup() = default;
  // True: that was all.
  virtual bool step() = 0;
  // Once step() said true.
  virtual const TextAnswers& answers() const = 0;
};

}  // namespace waxwing
