#include "auth/throttle.h"

#include <algorithm>
#include <functional>

namespace waxwing {
namespace {

// The delay has long reached its longest when so many guesses are remembered; older ones are
// dropped.
constexpr std::size_t kMaxGuesses = 32;

std::string pair_of(const Throttle::Attempt& attempt) {
  return attempt.client + '\0' + attempt.account;
}

std::uint64_t tag_of(const std::string& name) {
  return std::hash<std::string>{}(name);
}

}  // namespace

std::chrono::seconds Throttle::admit(const Attempt& attempt, Standing standing) {
  const std::lock_guard lock(mutex_);
  if (standing == Standing::Known) {
    const Rule rule{limits_.free_guesses_of_known, limits_.longest_known_delay};
    const auto pair = pair_of(attempt);
    const auto delay = wait(pairs_, pair, attempt.guess, rule);
    if (delay.count() == 0) count(pairs_, pair, {attempt.guess, 0}, rule);
    return delay;
  }
  const Rule client{limits_.free_guesses, limits_.longest_client_delay};
  const Rule account{limits_.free_guesses, limits_.longest_account_delay};
  const auto delay = std::max(wait(clients_, attempt.client, attempt.guess, client),
                              wait(accounts_, attempt.account, attempt.guess, account));
  if (delay.count() > 0) return delay;
  count(clients_, attempt.client, {attempt.guess, tag_of(attempt.account)}, client);
  count(accounts_, attempt.account, {attempt.guess, tag_of(attempt.client)}, account);
  return std::chrono::seconds(0);
}

void Throttle::succeeded(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  // Only this pair: an attacker with an account of his own must not wash himself clean by signing
  // in to it, and an owner's sign-in must not give others new guesses.
  forget(clients_, attempt.client,
         [other = tag_of(attempt.account)](const Guess& guess) { return guess.other == other; });
  forget(accounts_, attempt.account,
         [other = tag_of(attempt.client)](const Guess& guess) { return guess.other == other; });
  pairs_.erase(pair_of(attempt));
}

void Throttle::withdraw(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  const auto same = [&](const Guess& guess) { return guess.guess == attempt.guess; };
  forget(clients_, attempt.client, same);
  forget(accounts_, attempt.account, same);
  forget(pairs_, pair_of(attempt), same);
}

std::chrono::seconds Throttle::wait(Table& table, const std::string& key, std::uint64_t guess,
                                    Rule rule) {
  if (key.empty()) return std::chrono::seconds(0);
  auto* entry = table.find(key);
  if (entry == nullptr) return std::chrono::seconds(0);
  const auto passed = clock_.steady() - entry->last;
  if (passed >= limits_.memory) {
    table.erase(key);
    return std::chrono::seconds(0);
  }
  const bool is_repeated = std::any_of(entry->guesses.begin(), entry->guesses.end(),
                                       [&](const Guess& one) { return one.guess == guess; });
  if (is_repeated || entry->guesses.size() < rule.free_guesses) return std::chrono::seconds(0);
  const auto doublings = std::min<std::size_t>(entry->guesses.size() - rule.free_guesses, 20);
  const auto delay = std::min(limits_.first_delay * (1 << doublings), rule.longest_delay);
  if (passed >= delay) return std::chrono::seconds(0);
  return std::chrono::ceil<std::chrono::seconds>(delay - passed);
}

void Throttle::count(Table& table, const std::string& key, Guess guess, Rule rule) {
  if (key.empty()) return;
  auto& entry = table.at(key, limits_.max_entries);
  for (const auto& known : entry.guesses) {
    if (known.guess == guess.guess) return;
  }
  entry.guesses.push_back(guess);
  if (entry.guesses.size() > std::max(kMaxGuesses, rule.free_guesses + 8)) entry.guesses.pop_front();
  entry.last = clock_.steady();
}

template <class Predicate>
void Throttle::forget(Table& table, const std::string& key, Predicate which) {
  auto* entry = table.find(key);
  if (entry == nullptr) return;
  std::erase_if(entry->guesses, which);
  if (entry->guesses.empty()) table.erase(key);
}

Throttle::Entry* Throttle::Table::find(const std::string& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &*found->second;
}

Throttle::Entry& Throttle::Table::at(const std::string& key, std::size_t max_entries) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  if (entries_.size() >= max_entries) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, {}, {}});
  by_key_.emplace(key, entries_.begin());
  return entries_.front();
}

void Throttle::Table::erase(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  entries_.erase(found->second);
  by_key_.erase(found);
}

}  // namespace waxwing
