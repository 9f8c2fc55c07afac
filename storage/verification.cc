#include "storage/verification.h"

#include <map>
#include <set>

#include "storage/file_name.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"
#include "storage/reconciliation.h"

namespace waxwing {

Result<Store::Verdict> Verification::run() {
  account_.remove_waiting();
  auto access = account_.enter();
  if (!access) return fail(access.error());
  if (auto done = account_.publisher().catch_up(*access); !done) {
    verdict_.findings.push_back("The index does not take messages that have been delivered.");
  }
  if (!access->index.is_sound()) verdict_.findings.push_back("The index is damaged: rebuild it.");
  for (const auto& [name, mailbox] : account_.tree().all(*access)) {
    if (auto done = check(*access, *mailbox); !done) return fail(done.error());
  }
  return verdict_;
}

Outcome Verification::check(Access& access, MaildirMailbox& mailbox) {
  Disk& disk = account_.context().disk;
  auto finding = [&](const std::string& what) {
    verdict_.findings.push_back(mailbox.name() + ": " + what);
  };
  auto entries = access.index.entries(mailbox.id());
  if (!entries) return fail(entries.error());
  const std::string cur = mailbox.folder(access) + "/cur";
  auto files = Reconciliation::list(disk, cur);
  if (!files) {
    finding("the directory cannot be read.");
    return {};
  }
  std::multimap<std::string, std::string> by_base;
  for (const auto& file : *files) by_base.emplace(file.substr(0, file.find(':')), file);

  const auto& tickets = mailbox.state(access).tickets;
  for (const auto& entry : *entries) {
    ++verdict_.messages;
    const std::string message = "message " + std::to_string(entry.row.uid);
    auto [first, last] = by_base.equal_range(entry.base);
    if (first == last) {
      finding(message + " has no file.");
      continue;
    }
    if (std::next(first) != last) finding(message + " has several files.");
    if (first->second != entry.file_name()) finding(message + " has other flags in its file name.");
    auto stat = disk.stat(cur + "/" + first->second);
    if (stat && stat->size != entry.row.size) finding(message + " has a file of another size.");
    if (stat && stat->modified != entry.row.internal_date)
      finding(message + " has a file of another date.");
    auto name = FileName::parse(first->second);
    if (!name || name->uid != entry.row.uid || name->uid_validity != mailbox.uid_validity()) {
      finding(message + " has a file that names another UID.");
    }
    if (entry.row.uid >= mailbox.state(access).next_uid)
      finding(message + " has a UID not given out yet.");
    by_base.erase(first, last);
  }
  for (const auto& [base, file] : by_base) {
    auto name = FileName::parse(file);
    const bool in_flight = name && std::any_of(tickets.begin(), tickets.end(), [&](const auto& t) {
                             return name->uid >= t->first && name->uid < t->first + t->count;
                           });
    if (!in_flight) finding("file " + file + " is no message of the index.");
  }
  return {};
}

}  // namespace waxwing
