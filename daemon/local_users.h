#pragma once

#include "auth/directory.h"
#include "daemon/intake_checks.h"

namespace waxwing {

// Who hands in mail by the Unix socket has not signed in, but the kernel says whose process it is.
// So that one user of the machine cannot write in the name of an account here: what he names as
// sender, and in From and Sender, is an address that leads to nobody here, or his own, which is his
// name at the server's hostname. Root and the service user may name anybody, for they could read
// and change everything anyway. The directory outlives the check. Any thread.
IntakeCheck local_user_check(Directory& directory);

}  // namespace waxwing
