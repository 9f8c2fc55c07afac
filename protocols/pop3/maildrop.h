#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/directory.h"
#include "base/result.h"
#include "storage/store.h"

namespace waxwing::pop3 {

// INBOX as it was at sign-in, numbered from 1, and what DELE marked since. Nothing is removed but
// by commit(), and then all at once. Others may change INBOX meanwhile: they take no lock and meet
// none. Held by one thread at a time.
class Maildrop {
 public:
  // May block. NotFound and the like: the account has no readable INBOX now.
  static Result<Maildrop> open(Store& store, const Identity& identity);

  // Numbers that clients use: 1 .. size(), those of deleted messages included.
  std::size_t size() const { return rows_.size(); }
  bool is_deleted(std::size_t number) const { return deleted_[number - 1]; }
  std::uint64_t octets(std::size_t number) const { return row(number).size; }

  // Without what is marked.
  std::size_t message_count() const { return rows_.size() - deleted_count_; }
  std::uint64_t total_octets() const { return total_octets_; }

  void mark_deleted(std::size_t number);
  void unmark_all();

  // Nobody has removed it since.
  bool is_there(std::size_t number) const {
    return inbox_->view()->find(row(number).uid).has_value();
  }

  // May block. NotFound when someone removed the message since.
  Result<MessageFile> open_message(std::size_t number) { return opener(number)(); }
  // The same for somebody beside the session. Any thread; outlives the maildrop.
  using Opener = std::function<Result<MessageFile>()>;
  Opener opener(std::size_t number) const;
  // May block. The unique ids of `count` messages from `first` on.
  Result<std::vector<std::string>> uidls(std::size_t first, std::size_t count);
  // Removes what is marked, or hides it where the account's policy is `Keep`. May block. All or
  // nothing; how many.
  Result<std::size_t> commit();

 private:
  Maildrop(std::shared_ptr<Account> account, std::shared_ptr<Mailbox> inbox, PopPolicy policy);
  const MessageRow& row(std::size_t number) const { return (*view_)[rows_[number - 1]]; }

  std::shared_ptr<Account> account_;
  std::shared_ptr<Mailbox> inbox_;
  PopPolicy policy_;
  View::Version view_;
  std::vector<std::uint32_t> rows_;  // by number - 1: index in the view
  std::vector<bool> deleted_;
  std::size_t deleted_count_ = 0;
  std::uint64_t total_octets_ = 0;
};

}  // namespace waxwing::pop3
