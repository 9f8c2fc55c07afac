#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace waxwing {

// Slows down those who guess passwords. What counts is how many *different* wrong passwords a
// client has tried (on any account) and an account was tried with (by any client): a device that
// repeats one old password for weeks is never throttled. Whoever tries more than the free ones
// waits, twice as long after each further one. A client that has signed in to the account before is
// counted apart, by what itself does to that account alone, and only ever waits for seconds: so
// nobody can lock an owner out, and a neighbour behind the owner's address cannot guess for ever. In
// memory only, and bounded: the longest unused are forgotten first. Any thread.
class Throttle {
 public:
  struct Limits {
    std::size_t free_guesses = 10;
    std::chrono::seconds first_delay{2};
    std::chrono::seconds longest_client_delay{15 * 60};
    std::chrono::seconds longest_account_delay{5 * 60};
    std::size_t free_guesses_of_known = 100;
    std::chrono::seconds longest_known_delay{5};
    std::chrono::seconds memory{3600};  // after so long without a new guess all is forgiven
    std::size_t max_entries = 50'000;   // clients, and accounts
  };
  Throttle(const Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}
  explicit Throttle(const Clock& clock) : Throttle(clock, Limits()) {}

  // One try: `guess` stands for account and password, and says nothing about them.
  struct Attempt {
    std::string client;   // IpAddress::client_key()
    std::string account;  // canonical; empty for a user name that is no address
    std::uint64_t guess = 0;
  };
  enum class Standing {
    Stranger,
    Known,  // has signed in to this account from there before
  };
  // Zero: it may be checked, and counts as wrong until succeeded() takes it back, so guesses made
  // side by side are counted before the first is answered. Otherwise how long to wait; nothing is
  // counted.
  std::chrono::seconds admit(const Attempt& attempt, Standing standing = Standing::Stranger);
  // The password was right: what this client did to this account is forgotten.
  void succeeded(const Attempt& attempt);
  // It could not be checked at all: it never happened.
  void withdraw(const Attempt& attempt);

 private:
  struct Guess {
    std::uint64_t guess;
    std::uint64_t other;  // in a client's entry the account, in an account's the client
  };
  struct Entry {
    std::string key;
    std::deque<Guess> guesses;  // different ones, oldest first
    Steady last;                // when a guess was added
  };
  class Table {
   public:
    Entry* find(const std::string& key);
    Entry& at(const std::string& key, std::size_t max_entries);
    void erase(const std::string& key);

   private:
    std::list<Entry> entries_;  // most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  };
  struct Rule {
    std::size_t free_guesses;
    std::chrono::seconds longest_delay;
  };
  std::chrono::seconds wait(Table& table, const std::string& key, std::uint64_t guess, Rule rule);
  void count(Table& table, const std::string& key, Guess guess, Rule rule);
  template <class Predicate>
  void forget(Table& table, const std::string& key, Predicate which);

  const Clock& clock_;
  const Limits limits_;
  std::mutex mutex_;
  Table clients_, accounts_;
  Table pairs_;  // of a client and an account that it is known to
};

}  // namespace waxwing
