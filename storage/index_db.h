#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/account_db.h"
#include "storage/disk.h"
#include "storage/mailbox.h"
#include "storage/sqlite.h"
#include "storage/view.h"

namespace waxwing {

// A message and its file as the index knows them.
struct IndexEntry {
  MessageRow row;
  std::string base;  // the file's name before ":2,"
  Flags settled;     // what the name (and account.sqlite) hold; row.flags are ahead of them

  std::string file_name() const;
};

// index.sqlite: what can be made again from message files and account.sqlite. Held by one thread at
// a time. Changes belong in a Transaction.
class IndexDb {
 public:
  // Makes a new one when there is none, or when it is damaged or of another schema; is_new() then.
  static Result<std::unique_ptr<IndexDb>> open(Disk& disk, const std::string& path,
                                               sqlite::Database::Synchronous synchronous);
  bool is_new() const { return is_new_; }

  // How the last user left it.
  Result<std::string> state();
  Outcome set_state(const std::string& state);
  // The change log is whole from this change on, and no mailbox's HIGHESTMODSEQ is lower.
  Result<ModSeq> log_start();
  Outcome set_log_start(ModSeq modseq);

  // Which state this is, for an index of texts that goes with it (SearchDb::Generation): a random
  // name for all states of this file, and a number that only grows.
  Result<std::pair<std::string, std::int64_t>> text_generation();
  Result<std::pair<std::string, std::int64_t>> next_text_generation();

  sqlite::Transaction begin() { return sqlite::Transaction(database_); }
  Outcome add(MailboxId mailbox, const IndexEntry& entry);
  Outcome set_parsed(MailboxId mailbox, Uid uid, const Parsed& parsed);
  // The parsed fields of another message, if the index has them.
  Outcome copy_parsed(std::int64_t from, MailboxId mailbox, Uid uid);
  // See Mailbox::extracts.
  Outcome set_extract(MailboxId mailbox, int kind, const Extract& extract);
  Result<std::vector<Extract>> extracts(MailboxId mailbox, int kind, Uid first, Uid last);
  // Those of which more than half is gone, if anything was expunged since the index was opened.
  Outcome trim_extracts();
  // Of all messages with UIDs from `first` to `last`.
  Outcome set_flags(MailboxId mailbox, Uid first, Uid last, Flags flags, ModSeq modseq);
  Outcome set_file(MailboxId mailbox, Uid uid, std::string_view base, Flags settled);
  // Removes the row and notes it in the log. Removed: by us, so a file of this UID is a leftover.
  // Vanished: by another program, and if the file comes back, it is a new message.
  enum class Expunged { No = 0, Removed = 1, Vanished = 2 };
  Outcome expunge(MailboxId mailbox, Uid uid, ModSeq modseq, Expunged how = Expunged::Removed);
  Outcome remove_mailbox(MailboxId mailbox);
  Outcome set_recent(MailboxId mailbox, Uid uid);
  // Shortens the log when it has become long.
  Outcome trim_log();

  struct Loaded {
    std::vector<MessageRow> rows;
    ModSeq highest_modseq = 1;
    Uid recent = 1;
  };
  Result<Loaded> load(MailboxId mailbox);
  Result<std::vector<IndexEntry>> entries(MailboxId mailbox);
  Result<IndexEntry> entry(MailboxId mailbox, Uid uid);
  // Of so many messages from this UID on, ascending.
  Result<std::vector<IndexEntry>> entries_from(MailboxId mailbox, Uid first, std::size_t count);
  // No message that is or was here has this UID or a higher one.
  Result<Uid> next_uid(MailboxId mailbox);
  // Of any change; looks at every row.
  Result<ModSeq> highest_modseq();
  // Entries whose files have this unique part.
  Result<std::vector<IndexEntry>> find_unique(MailboxId mailbox, std::string_view unique);
  // Entries whose flags are ahead of what is settled.
  Result<std::vector<IndexEntry>> unsettled(MailboxId mailbox, std::size_t limit);
  // Messages whose parsed fields are not there yet.
  Result<std::vector<Uid>> unparsed(MailboxId mailbox, std::size_t limit);
  Result<Expunged> was_expunged(MailboxId mailbox, Uid uid);
  Result<std::vector<Uid>> expunged_since(MailboxId mailbox, ModSeq modseq);
  // All parsed fields between these UIDs; the visitor returns false to stop.
  Outcome read_range(MailboxId mailbox, Uid first, Uid last, Mailbox::Fields fields,
                     const std::function<bool(Uid, Parsed&&)>& visit);
  struct Totals {
    std::uint64_t messages = 0, bytes = 0;
  };
  Result<Totals> totals();
  bool is_sound() { return database_.is_sound(); }

 private:
  explicit IndexDb(sqlite::Database database);
  IndexEntry read_entry(sqlite::Statement& select) const;

  sqlite::Database database_;
  bool is_new_ = false;
  bool has_expunged_ = false;
  sqlite::Statement add_, add_header_, add_message_, copy_header_, copy_message_, set_flags_,
      set_file_, remove_, remove_header_, remove_message_, log_, entry_, entries_from_, newest_row_,
      newest_expunged_, read_headers_, read_all_, set_extract_, extracts_;
};

}  // namespace waxwing
