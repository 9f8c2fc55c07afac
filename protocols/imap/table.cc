#include "protocols/imap/table.h"

#include <algorithm>
#include <iterator>

#include "protocols/imap/handlers.h"

namespace waxwing::imap {
namespace {

// The whole protocol, in the order of RFC 9051 section 6. What a column means, table.h says.
constexpr Entry kTable[] = {
    {"CAPABILITY", In::Any, On::Loop, Numbers::Free, once<capability>},
    {"NOOP", In::Any, On::Loop, Numbers::Free, once<noop>},
    {"LOGOUT", In::Any, On::Loop, Numbers::Keep, once<logout>},
    {"ID", In::Any, On::Loop, Numbers::Free, once<id>, "ID"},
    {"LANGUAGE", In::Any, On::Loop, Numbers::Free, once<language>, "LANGUAGE"},

    {"STARTTLS", In::NotAuthenticated, On::Loop, Numbers::Keep, once<starttls>, "STARTTLS"},
    {"LOGIN", In::NotAuthenticated, On::Password, Numbers::Keep, once<login>},
    {"AUTHENTICATE", In::NotAuthenticated, On::Password, Numbers::Keep, authenticate},

    {"UNAUTHENTICATE", In::SignedIn, On::Storage, Numbers::Keep, once<unauthenticate>,
     "UNAUTHENTICATE"},
    {"COMPRESS", In::SignedIn, On::Loop, Numbers::Free, once<compress>, "COMPRESS=DEFLATE"},
    {"ENABLE", In::SignedIn, On::Loop, Numbers::Free, once<enable>, "ENABLE"},
    {"COMPARATOR", In::SignedIn, On::Loop, Numbers::Free, once<comparator>, "I18NLEVEL=2"},
    {"SELECT", In::SignedIn, On::Storage, Numbers::Keep, select},
    {"EXAMINE", In::SignedIn, On::Storage, Numbers::Keep, select},
    {"CREATE", In::SignedIn, On::Storage, Numbers::Free, once<create>},
    {"DELETE", In::SignedIn, On::Storage, Numbers::Free, once<remove>},
    {"RENAME", In::SignedIn, On::Storage, Numbers::Free, once<rename>},
    {"SUBSCRIBE", In::SignedIn, On::Storage, Numbers::Free, once<subscribe>},
    {"UNSUBSCRIBE", In::SignedIn, On::Storage, Numbers::Free, once<unsubscribe>},
    {"LIST", In::SignedIn, On::Storage, Numbers::Free, list},
    {"LSUB", In::SignedIn, On::Storage, Numbers::Free, list},
    {"XLIST", In::SignedIn, On::Storage, Numbers::Free, list, "XLIST"},
    {"NAMESPACE", In::SignedIn, On::Storage, Numbers::Free, once<namespaces>, "NAMESPACE"},
    {"STATUS", In::SignedIn, On::Storage, Numbers::Free, once<status>},
    {"GETMETADATA", In::SignedIn, On::Storage, Numbers::Free, once<get_metadata>, "METADATA"},
    {"SETMETADATA", In::SignedIn, On::Storage, Numbers::Free, once<set_metadata>, "METADATA"},
    {"GETQUOTA", In::SignedIn, On::Storage, Numbers::Free, once<get_quota>, "QUOTA"},
    {"GETQUOTAROOT", In::SignedIn, On::Storage, Numbers::Free, once<get_quota_root>, "QUOTA"},
    {"SETQUOTA", In::SignedIn, On::Storage, Numbers::Free, once<set_quota>, "QUOTASET"},
    {"GETACL", In::SignedIn, On::Storage, Numbers::Free, once<get_acl>, "ACL"},
    {"SETACL", In::SignedIn, On::Storage, Numbers::Free, once<set_acl>, "ACL"},
    {"DELETEACL", In::SignedIn, On::Storage, Numbers::Free, once<delete_acl>, "ACL"},
    {"LISTRIGHTS", In::SignedIn, On::Storage, Numbers::Free, once<list_rights>, "ACL"},
    {"MYRIGHTS", In::SignedIn, On::Storage, Numbers::Free, once<my_rights>, "ACL"},
    {"APPEND", In::SignedIn, On::Storage, Numbers::Free, once<append>},
    {"RESETKEY", In::SignedIn, On::Storage, Numbers::Free, once<reset_key>, "URLAUTH"},
    {"GENURLAUTH", In::SignedIn, On::Storage, Numbers::Free, once<gen_url_auth>, "URLAUTH"},
    {"URLFETCH", In::SignedIn, On::Storage, Numbers::Free, url_fetch, "URLAUTH"},
    {"NOTIFY", In::SignedIn, On::Storage, Numbers::Free, notify, "NOTIFY"},
    {"ESEARCH", In::SignedIn, On::Search, Numbers::Free, multi_search, "MULTISEARCH"},
    {"UID ESEARCH", In::SignedIn, On::Search, Numbers::Free, multi_search, "MULTISEARCH"},
    {"IDLE", In::SignedIn, On::Loop, Numbers::Free, idle, "IDLE"},

    {"CLOSE", In::Selected, On::Storage, Numbers::Keep, once<close>},
    {"UNSELECT", In::Selected, On::Storage, Numbers::Keep, once<unselect>, "UNSELECT"},
    {"CHECK", In::Selected, On::Storage, Numbers::Free, once<check>},
    {"EXPUNGE", In::Selected, On::Storage, Numbers::Free, once<expunge>},
    {"SEARCH", In::Selected, On::Search, Numbers::Hold, search},
    {"CANCELUPDATE", In::Selected, On::Loop, Numbers::Free, once<cancel_update>},
    {"SORT", In::Selected, On::Search, Numbers::Hold, sort, "SORT"},
    {"THREAD", In::Selected, On::Search, Numbers::Hold, thread},
    {"FETCH", In::Selected, On::Storage, Numbers::Hold, fetch},
    {"STORE", In::Selected, On::Storage, Numbers::Hold, store},
    {"COPY", In::Selected, On::Storage, Numbers::Hold, once<copy>},
    {"MOVE", In::Selected, On::Storage, Numbers::Free, once<move>, "MOVE"},
    {"REPLACE", In::Selected, On::Storage, Numbers::Free, once<replace>, "REPLACE"},
    {"UIDBATCHES", In::Selected, On::Loop, Numbers::Free, uid_batches, "UIDBATCHES"},
    {"UID EXPUNGE", In::Selected, On::Storage, Numbers::Free, once<expunge>, "UIDPLUS"},
    {"UID SEARCH", In::Selected, On::Search, Numbers::Free, search},
    {"UID SORT", In::Selected, On::Search, Numbers::Free, sort, "SORT"},
    {"UID THREAD", In::Selected, On::Search, Numbers::Free, thread},
    {"UID FETCH", In::Selected, On::Storage, Numbers::Free, fetch},
    {"UID STORE", In::Selected, On::Storage, Numbers::Free, store},
    {"UID COPY", In::Selected, On::Storage, Numbers::Free, once<copy>},
    {"UID MOVE", In::Selected, On::Storage, Numbers::Free, once<move>, "MOVE"},
    {"UID REPLACE", In::Selected, On::Storage, Numbers::Free, once<replace>, "REPLACE"},
};

}  // namespace

const Entry* find_entry(std::string_view name) {
  const auto* entry = std::ranges::find(kTable, name, &Entry::name);
  return entry == std::end(kTable) ? nullptr : entry;
}

bool has_numbers(const Entry& entry) {
  return entry.numbers == Numbers::Hold || entry.name == "MOVE" || entry.name == "REPLACE";
}

bool is_legal(In states, State state) {
  switch (states) {
    case In::Any: return true;
    case In::NotAuthenticated: return state == State::NotAuthenticated;
    case In::SignedIn: return state != State::NotAuthenticated;
    case In::Selected: return state == State::Selected;
  }
  return false;
}

}  // namespace waxwing::imap
