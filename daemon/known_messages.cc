#include "daemon/known_messages.h"

#include "base/crypto.h"
#include "base/encoding.h"

namespace waxwing {

void KnownMessages::add(const nlohmann::json& answer) {
  uid_next_ = answer.value("uid_next", Uid{1});
  for (const auto& message : answer.value("keys", nlohmann::json::array())) {
    const auto key = message.value("key", std::string());
    ++counts_[key];
    by_uid_[message.value("uid", Uid{0})] = key;
  }
}

bool KnownMessages::is_in_place(std::string_view text, Uid uid) const {
  const auto found = by_uid_.find(uid);
  return found != by_uid_.end() && found->second == message_key(text);
}

KnownMessages::Verdict KnownMessages::meet(std::string_view text, Uid uid) {
  const bool was_reached = uid != 0 && uid < uid_next_;
  if (!was_reached && counts_.empty()) return Verdict::New;
  const std::string key = message_key(text);
  const bool is_known = take(key);
  const auto same_uid = by_uid_.find(uid);
  if (same_uid != by_uid_.end() && same_uid->second == key) return Verdict::InPlace;
  if (is_known) return Verdict::Known;
  if (!was_reached) return Verdict::New;
  const bool is_removed = same_uid == by_uid_.end() && uid <= imported_;
  // Otherwise mail arrived here, or an earlier import numbered what had no UID yet.
  return is_removed ? Verdict::Known : Verdict::TakesNew;
}

bool KnownMessages::take(const std::string& key) {
  const auto found = counts_.find(key);
  if (found == counts_.end()) return false;
  if (--found->second == 0) counts_.erase(found);
  return true;
}

std::string message_key(std::string_view text) {
  return base64(sha256(text));
}

}  // namespace waxwing
