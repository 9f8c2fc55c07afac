#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "protocols/imap/collation.h"
#include "protocols/imap/search_key.h"
#include "storage/mailbox.h"

namespace waxwing::imap {

// Finds the messages that the ANNOTATION keys of a search stand for, before it is compiled: few
// have annotations, so all these are read once, and each key becomes a set of UIDs.
// RFC 5257 section 4.8. It stops where it is asked to, like SearchRun. Held by one thread at a
// time.
class AnnotationLookup {
 public:
  // The program outlives it. No other messages are looked at than those that its outermost sets
  // leave over.
  AnnotationLookup(SearchKey& program, std::string charset, const View& view, Collation collation);

  // True when all is done: the keys have their UIDs. NotFound: the charset is unknown; Limit: the
  // texts are too long or too many.
  Result<bool> step(Mailbox& mailbox, const std::function<bool()>& is_time_up);

 private:
  struct Wanted {
    SearchKey* key;
    std::string text;  // folded
    std::vector<Uid> uids;
  };

  Outcome begin();
  void collect(SearchKey& key);
  bool is_match(const Wanted& wanted, const MessageAnnotation& annotation) const;
  void look_at(Uid uid, std::span<const MessageAnnotation> annotations);
  void finish();

  SearchKey& program_;
  std::string charset_;
  Collation collation_;
  std::vector<Uid> uids_;
  std::size_t next_ = 0;
  bool has_begun_ = false;
  std::vector<Wanted> wanted_;
};

}  // namespace waxwing::imap
