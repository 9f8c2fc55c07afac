#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/account.h"

namespace waxwing {

class MaildirMailbox;

// What was annotated lately in the accounts of a store. All of it is numbered together, so that who
// follows several accounts needs to remember one number. Any thread; does not block.
class MetadataNews {
 public:
  struct Event {
    Account::Annotated change;                    // under the name that the account has for it
    std::weak_ptr<const MaildirMailbox> mailbox;  // of nobody: the account itself
  };
  // What an account remembers.
  class Log {
    friend class MetadataNews;
    std::deque<Event> events_;  // ascending
  };

  // Returns the number of the last change.
  std::uint64_t add(Log& log, const std::shared_ptr<const MaildirMailbox>& mailbox,
                    const std::string& name, const Account::AnnotationChanges& changes);
  // What came after that number, with the index of its log, ascending.
  std::vector<std::pair<std::size_t, Event>> since(std::uint64_t number,
                                                   std::span<Log* const> logs) const;
  std::uint64_t last() const;

 private:
  mutable std::mutex mutex_;  // guards this and all logs
  std::uint64_t last_ = 0;
};

}  // namespace waxwing
