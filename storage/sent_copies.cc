#include "storage/sent_copies.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/crypto.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

constexpr std::size_t kHashedPiece = 64 * 1024;
constexpr std::size_t kMostOfAccount = 100;

// What servers put before a message, and what only its sender sees.
const std::vector<std::string>& passed_over() {
  static const std::vector<std::string> names = {"Bcc",
                                                 "Resent-Bcc",
                                                 "Return-Path",
                                                 "Received",
                                                 "Delivered-To",
                                                 "Authentication-Results",
                                                 "DKIM-Signature",
                                                 "ARC-Seal",
                                                 "ARC-Message-Signature",
                                                 "ARC-Authentication-Results"};
  return names;
}

}  // namespace

Result<std::optional<std::string>> sent_fingerprint(Staged& message) {
  const auto& parsed = message.finish();
  if (!parsed.header_is_whole) return std::nullopt;
  Sha256 hash;
  hash.update(mail::filter_header(parsed.header, mail::Keep::Except, passed_over()));
  std::string ends;  // that may be the last ones
  for (std::uint64_t offset = parsed.header.size(); offset < message.size();) {
    const auto piece = message.read(offset, kHashedPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty())
      return fail(Error::Code::Corrupt, "staged message is shorter than its size");
    offset += piece->size();
    const auto last = piece->find_last_not_of("\r\n");
    if (last != std::string::npos) {
      hash.update(ends);
      hash.update(std::string_view(*piece).substr(0, last + 1));
      ends.clear();
    }
    // A message of nothing but line ends is no reason to keep them all.
    if (ends.size() > kHashedPiece) {
      hash.update(ends);
      ends.clear();
    }
    ends += piece->substr(last == std::string::npos ? 0 : last + 1);
  }
  return hash.finish();
}

void SentCopies::note(const std::string& account, std::string fingerprint, const Copy& copy) {
  const std::lock_guard lock(mutex_);
  drop_old();
  auto& entries = accounts_[account];
  if (entries.size() == kMostOfAccount) entries.pop_front();
  entries.push_back({std::move(fingerprint), copy, clock_.steady() + kKept});
}

void SentCopies::drop_old() {
  const Steady now = clock_.steady();
  if (now < dropped_at_ + kKept) return;
  dropped_at_ = now;
  std::erase_if(accounts_, [&](const auto& each) {
    return each.second.empty() || each.second.back().until <= now;
  });
}

SentCopies::Entries* SentCopies::find(std::string_view account) {
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return nullptr;
  auto& entries = found->second;
  while (!entries.empty() && entries.front().until <= clock_.steady()) entries.pop_front();
  if (!entries.empty()) return &entries;
  accounts_.erase(found);
  return nullptr;
}

bool SentCopies::has_any(std::string_view account) {
  const std::lock_guard lock(mutex_);
  return find(account) != nullptr;
}

std::optional<SentCopies::Copy> SentCopies::take(std::string_view account,
                                                 std::string_view fingerprint) {
  const std::lock_guard lock(mutex_);
  Entries* entries = find(account);
  if (entries == nullptr) return std::nullopt;
  const auto found = std::find_if(entries->begin(), entries->end(), [&](const Entry& entry) {
    return entry.fingerprint == fingerprint;
  });
  if (found == entries->end()) return std::nullopt;
  const Copy copy = found->copy;
  entries->erase(found);
  return copy;
}

}  // namespace waxwing
