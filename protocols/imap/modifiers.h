#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocols/imap/command.h"

namespace waxwing::imap {

// What stands in the parentheses of SELECT, FETCH and STORE, understood. Each is read whole before
// anything is done; an error is the text of a BAD.
template <class Meaning>
using Understood = tl::expected<Meaning, std::string>;

// RFC 7162 section 3.2.5
struct Resynchronisation {
  std::uint32_t uid_validity = 0;
  ModSeq modseq = 0;
  std::optional<SequenceSet> known_uids;  // without: all
  // Message numbers and their UIDs, as the client knows them; ascending.
  std::vector<std::pair<std::uint32_t, Uid>> samples;
};
struct SelectModifiers {
  bool condstore = false;  // RFC 7162 section 3.1.8
  bool annotate = false;   // RFC 5257 section 4.2
  std::optional<Resynchronisation> resynchronisation;
};
Understood<SelectModifiers> select_modifiers(const Modifiers& modifiers);

struct FetchModifiers {
  std::optional<ModSeq> changed_since;  // RFC 7162 section 3.1.4.1
  bool vanished = false;                // RFC 7162 section 3.2.6
  std::optional<PartialRange> partial;  // RFC 9394 section 3.3
};
Understood<FetchModifiers> fetch_modifiers(const Modifiers& modifiers);

struct StoreModifiers {
  std::optional<ModSeq> unchanged_since;  // RFC 7162 section 3.1.3
};
Understood<StoreModifiers> store_modifiers(const Modifiers& modifiers);

}  // namespace waxwing::imap
