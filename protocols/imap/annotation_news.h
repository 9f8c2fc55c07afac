#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "storage/mailbox.h"

namespace waxwing::imap {

// Which annotations others have changed since the client of a selected mailbox was told of them: by
// their names, for values may be long.  RFC 5257 section 4.4
// Held by one thread at a time.
class AnnotationNews {
 public:
  // Changes up to this one are known.
  explicit AnnotationNews(ModSeq known) : known_(known) {}

  // The client itself has made this change.
  void skip(ModSeq modseq) { own_.insert(modseq); }
  // What has happened up to this version is to be told, of messages that the client knows; or is
  // passed over, when it does not want to know. Does not block.
  enum class Wish { Tell, PassOver };
  void look(const Mailbox& mailbox, const View& known, const View& latest, Wish wish);

  // The first of the messages of which there is something to tell.
  std::optional<Uid> first() const;
  // " ANNOTATION (/comment /1/comment)", once; empty when there is nothing to tell of that message.
  std::string take(Uid uid);

 private:
  ModSeq known_;
  std::set<ModSeq> own_;
  std::map<Uid, std::set<std::string>> untold_;
};

}  // namespace waxwing::imap
