#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "storage/account.h"
#include "storage/disk.h"
#include "storage/envelope.h"
#include "storage/quota.h"
#include "storage/staged.h"

namespace waxwing {

class Queue;

// All mail of this server: data_dir/accounts and data_dir/staging. Any thread; may block.
class Store {
 public:
  struct Options {
    std::string data_dir;
    std::string hostname;  // part of file names
    Settings::Durability durability = Settings::Durability::Normal;
    std::uint64_t free_space = 0;  // the floor below which nothing is accepted
    std::uint64_t message_size = 100ull << 20;
    Quotas* quotas = nullptr;  // outlives the store; none: nobody has limits
    // Which accounts have an index of their texts.
    Settings::TextIndex text_index = Settings::TextIndex::Auto;
    std::size_t text_block = 8192;    // messages in a finished block of it
    std::size_t open_accounts = 256;  // how many accounts keep their databases open
  };

  // The disk and the clock must outlive the store. Who opens a store holds the lock of data_dir.
  static Result<std::unique_ptr<Store>> open(Options options, Disk& disk, const Clock& clock);
  virtual ~Store() = default;

  // `address` in canonical form (mail::canonical); "@domain" has the mailboxes that a domain's
  // users share. Makes the account's folder when it is not there: the directory decides who exists.
  virtual Result<std::shared_ptr<Account>> account(std::string_view address) = 0;
  // All that this user reaches: the own account, and what others share.  RFC 4314
  virtual Result<std::shared_ptr<Account>> mail_of(const User& user) {
    return account(user.address);
  }
  // The same for somebody of whom another speaks: NotFound when he has no folder, and none is made.
  virtual Result<std::shared_ptr<Account>> existing_mail_of(const User&) {
    return fail(Error::Code::NotFound, "no such account");
  }
  // NotFound when it has no folder. Either way nobody shares anything with that address any more.
  virtual Outcome remove_account(std::string_view address) = 0;
  virtual Outcome rename_account(std::string_view from, std::string_view to) = 0;

  // NoSpace below the floor of free space; TooLarge when `expected_size` is over the limit.
  virtual Result<std::unique_ptr<Staged>> stage(std::uint64_t expected_size = 0) = 0;
  virtual Outcome check_space() = 0;
  // check_space() and stage() would not ask the disk now. Never blocks.
  virtual bool knows_space() const = 0;
  // OverQuota when this account has no room for a message of that size.
  virtual Outcome check_room(std::string_view account, std::uint64_t size) = 0;

  struct Target {
    std::string account;            // canonical address
    std::string mailbox = "INBOX";  // created when it is missing
    std::string prefix;  // header fields for this recipient alone: Delivered-To, Return-Path
    Flags flags = {};    // system flags it has there
  };
  struct Delivered {
    std::string account;
    MailboxId mailbox;
    std::uint32_t uid_validity = 0;
    Uid uid = 0;
  };
  // The recipients elsewhere, who get it by way of the queue.
  struct Outgoing {
    Queue& queue;
    Envelope envelope;       // deliver() completes what it says of the file
    std::uint64_t skip = 0;  // so much of `prefix`, from its start, is for mailboxes only
  };
  // To all of them or to none, durable when it returns. Does not ask for room: who accepts mail
  // asks before (check_room), for one full account must not keep the others from theirs. `prefix`
  // is whole header fields, put before the message. Recipients with the same prefix of their own
  // share one file.
  virtual Result<std::vector<Delivered>> deliver(Staged& message, std::string_view prefix,
                                                 std::span<const Target> targets,
                                                 Outgoing* outgoing = nullptr) = 0;

  struct Verdict {
    std::uint64_t messages = 0;
    std::vector<std::string> findings;  // one sentence each; empty: all is well
  };
  // Compares files and index both ways; changes nothing.
  virtual Result<Verdict> verify(std::string_view address) = 0;
  // Throws the index away and makes it again from files; UIDs, flags and UIDLs stay.
  virtual Outcome rebuild(std::string_view address) = 0;

  // Brings the text index of an account up to date, to the last message, without waiting for the
  // background to do it.
  virtual Outcome index_texts(std::string_view) { return {}; }

  // Finishes lazy work (flags into names) and closes. Called once, before the end.
  virtual void close() = 0;
};

}  // namespace waxwing
