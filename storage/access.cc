#include "storage/access.h"

#include "storage/maildir_mailbox.h"

namespace waxwing {

void Access::release() {
  if (lock.owns_lock()) lock.unlock();
  for (auto& [mailbox, modseq] : std::exchange(notices_, {})) mailbox->tell(modseq);
}

}  // namespace waxwing
