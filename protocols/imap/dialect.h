#pragma once

#include "protocols/imap/language.h"
#include "protocols/imap/revision.h"

namespace waxwing::imap {

// What a client has asked for, by ENABLE, LANGUAGE or the first use of it; until the connection
// ends.
struct Dialect {
  Revision revision = Revision::Rev1;
  // Every untagged FETCH that the client did not ask for has UID and MODSEQ.
  // RFC 7162 sections 3.1 and 3.2.4
  bool condstore = false;
  // VANISHED stands for EXPUNGE. Implies condstore.  RFC 7162 section 3.2.10
  bool qresync = false;
  // UIDs alone, no message numbers: UIDFETCH for FETCH, and VANISHED.  RFC 9586
  bool uid_only = false;
  // What others annotate is told.  RFC 5464 section 4.1
  bool metadata = false;
  // ENABLE UTF8=ACCEPT.  RFC 6855
  bool utf8 = false;
  // What people are told.  RFC 5255
  Language language = Language::Default;
};

}  // namespace waxwing::imap
