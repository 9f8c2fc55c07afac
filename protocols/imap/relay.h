#pragma once

#include <memory>
#include <utility>

#include "storage/types.h"

namespace waxwing::imap {

// Who is watched tells a watcher until that dies. This one dies when the session turns away, while
// the session's own watcher lives on.
class Relay final : public Watcher {
 public:
  explicit Relay(std::weak_ptr<Watcher> session) : session_(std::move(session)) {}
  void moved(MailboxId mailbox, ModSeq modseq) override {
    if (const auto session = session_.lock()) session->moved(mailbox, modseq);
  }

 private:
  std::weak_ptr<Watcher> session_;
};

}  // namespace waxwing::imap
