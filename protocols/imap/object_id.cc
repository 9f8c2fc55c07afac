#include "protocols/imap/object_id.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/encoding.h"
#include "protocols/mail/header.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kIdBytes = 12;
// Every message is compared with each.
constexpr std::size_t kMaxIds = 1000;

constexpr char kEmail = 'M', kThread = 'T';

// The first msg-id of a field; empty when there is none.  RFC 5322 section 3.6.4
std::string first_id(std::string_view header, std::string_view field) {
  const auto value = mail::find_field(header, field);
  if (!value) return {};
  const auto start = value->find('<');
  if (start == std::string::npos) return {};
  const auto end = value->find('>', start);
  return end == std::string::npos ? std::string() : value->substr(start, end - start + 1);
}

// The keys that may mean something here.
void collect(SearchKey& key, std::vector<SearchKey*>& keys) {
  const bool is_id = (key.kind == SearchKey::Kind::EmailId && key.text.starts_with(kEmail)) ||
                     (key.kind == SearchKey::Kind::ThreadId && key.text.starts_with(kThread));
  if (is_id) keys.push_back(&key);
  for (SearchKey& child : key.keys) collect(child, keys);
}

}  // namespace

std::string mailbox_id(MailboxId id, std::uint32_t uid_validity) {
  return "F" + std::to_string(id.value) + "-" + std::to_string(uid_validity);
}

std::string email_id(std::string_view id_of_store) {
  return kEmail + std::string(id_of_store);
}

std::string thread_id(std::string_view header) {
  for (const std::string_view field : {"References", "In-Reply-To", "Message-ID"}) {
    const std::string id = first_id(header, field);
    if (!id.empty()) return kThread + hex(sha256(id).substr(0, kIdBytes));
  }
  return {};
}

std::string thread_id_alone(std::string_view id_of_store) {
  return kThread + std::string(id_of_store);
}

Outcome look_up_ids(SearchKey& program, Mailbox& mailbox) {
  std::vector<SearchKey*> keys;
  collect(program, keys);
  if (keys.empty()) return {};
  if (keys.size() > kMaxIds) return fail(Error::Code::Limit, "too many ids");
  std::vector<std::string> ids;
  for (const SearchKey* key : keys) ids.push_back(key->text.substr(1));
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  const auto found = mailbox.find_email_ids(ids);
  if (!found) return fail(found.error());
  for (SearchKey* key : keys) {
    const auto place = std::ranges::lower_bound(ids, key->text.substr(1)) - ids.begin();
    std::vector<SequenceSet::Range> ranges;
    for (const Uid uid : (*found)[static_cast<std::size_t>(place)]) ranges.push_back({uid, uid});
    key->set = SequenceSet(std::move(ranges));
  }
  return {};
}

}  // namespace waxwing::imap
