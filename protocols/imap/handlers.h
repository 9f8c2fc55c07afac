#pragma once

#include <memory>

#include "protocols/imap/task.h"

namespace waxwing::imap {

// One function for every row of the table in table.cc. What they may see and change is the
// Conversation; what they write is the untagged part, what they return the tagged line.

// commands_any.cc
Reply capability(Conversation&, Capability&, Output&);
Reply noop(Conversation&, Noop&, Output&);
Reply logout(Conversation&, Logout&, Output&);
Reply id(Conversation&, Id&, Output&);
Reply compress(Conversation&, Compress&, Output&);

// commands_sign_in.cc
Reply starttls(Conversation&, StartTls&, Output&);
Reply login(Conversation&, Login&, Output&);
std::unique_ptr<Task> authenticate(Command&&);
Reply unauthenticate(Conversation&, Unauthenticate&, Output&);

Reply language(Conversation&, LanguageCommand&, Output&);  // language_command.cc
Reply comparator(Conversation&, Comparator&, Output&);     // comparator.cc

// commands_mailbox.cc
Reply enable(Conversation&, Enable&, Output&);
Reply create(Conversation&, Create&, Output&);
Reply remove(Conversation&, Delete&, Output&);
Reply rename(Conversation&, Rename&, Output&);
Reply subscribe(Conversation&, Subscribe&, Output&);
Reply unsubscribe(Conversation&, Unsubscribe&, Output&);
Reply namespaces(Conversation&, Namespace&, Output&);
Reply status(Conversation&, Status&, Output&);

// metadata.cc
Reply get_metadata(Conversation&, GetMetadata&, Output&);
Reply set_metadata(Conversation&, SetMetadata&, Output&);

// quota.cc
Reply get_quota(Conversation&, GetQuota&, Output&);
Reply get_quota_root(Conversation&, GetQuotaRoot&, Output&);
Reply set_quota(Conversation&, SetQuota&, Output&);

// acl.cc
Reply get_acl(Conversation&, GetAcl&, Output&);
Reply set_acl(Conversation&, SetAcl&, Output&);
Reply delete_acl(Conversation&, DeleteAcl&, Output&);
Reply list_rights(Conversation&, ListRights&, Output&);
Reply my_rights(Conversation&, MyRights&, Output&);

std::unique_ptr<Task> list(Command&&);    // list.cc
std::unique_ptr<Task> idle(Command&&);    // idle.cc
std::unique_ptr<Task> notify(Command&&);  // notify_command.cc

// append.cc
Reply append(Conversation&, Append&, Output&);
Reply replace(Conversation&, Replace&, Output&);

// url_auth_commands.cc
Reply reset_key(Conversation&, ResetKey&, Output&);
Reply gen_url_auth(Conversation&, GenUrlAuth&, Output&);

std::unique_ptr<Task> url_fetch(Command&&);  // url_fetch.cc
std::unique_ptr<Task> select(Command&&);     // select.cc

// commands_select.cc
Reply close(Conversation&, Close&, Output&);
Reply unselect(Conversation&, Unselect&, Output&);
Reply check(Conversation&, Check&, Output&);
Reply expunge(Conversation&, Expunge&, Output&);

std::unique_ptr<Task> uid_batches(Command&&);  // uid_batches.cc

// search_command.cc
std::unique_ptr<Task> search(Command&&);
Reply cancel_update(Conversation&, CancelUpdate&, Output&);

std::unique_ptr<Task> multi_search(Command&&);  // multi_search_command.cc
std::unique_ptr<Task> sort(Command&&);          // sort_command.cc
std::unique_ptr<Task> thread(Command&&);        // thread_command.cc
std::unique_ptr<Task> fetch(Command&&);         // fetch.cc
std::unique_ptr<Task> store(Command&&);         // store.cc

// copy_move.cc
Reply copy(Conversation&, Copy&, Output&);
Reply move(Conversation&, Move&, Output&);

}  // namespace waxwing::imap
