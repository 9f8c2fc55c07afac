#pragma once

#include <memory>
#include <mutex>

#include "base/clock.h"
#include "config/settings.h"
#include "daemon/intake.h"
#include "daemon/notices.h"
#include "storage/queue.h"

namespace waxwing {

// The Notices of this program: delivery status notifications, which go the way of all mail. Nobody
// is told of a report, so two servers never tell each other without end; and nobody is told of a
// message that was refused when it came, for its sender may be forged (RFC 3834, RFC 5321
// section 6.1).
class SenderNotices final : public Notices {
 public:
  // They outlive it.
  SenderNotices(std::shared_ptr<const Settings> settings, Queue& queue, MailIntake& intake,
                const Clock& clock);
  // Any thread.
  void use(std::shared_ptr<const Settings> settings);

  Outcome tell(Kind kind, const Envelope& envelope, const std::vector<std::size_t>& recipients,
               std::string_view header) override;

 private:
  Result<std::string> original(const Envelope& envelope, bool whole);

  Queue& queue_;
  MailIntake& intake_;
  const Clock& clock_;
  std::mutex mutex_;  // guards the pointer
  std::shared_ptr<const Settings> settings_;
};

}  // namespace waxwing
