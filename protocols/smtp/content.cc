#include "protocols/smtp/content.h"

#include <utility>

#include "base/log.h"
#include "protocols/smtp/reply.h"

namespace waxwing::smtp {

Content::Content(const Settings& settings)
    : max_size_(settings.limits.message_size), filter_(settings.smtp.bare_newlines) {}

void Content::open(Intake& intake, std::uint64_t expected_size) {
  auto staged = intake.stage(expected_size);
  if (staged) {
    staged_ = std::move(*staged);
  } else {
    log.warning("staging failed",
                {{"error", to_string(staged.error().code)}, {"text", staged.error().text}});
    refuse(reply_for(staged.error()));
  }
}

void Content::take(std::string_view text) {
  taken_ += text.size();
  if (refusal_) return;
  if (taken_ > max_size_) return refuse({552, "5.3.4", "Message is larger than this server takes"});
  filter_.pass(text, gathered_);
  switch (filter_.fault()) {
    case TextFilter::Fault::None: return;
    case TextFilter::Fault::BareNewline:
      return refuse({554, "5.5.2", "Message has a CR or LF that is not part of a CRLF"});
    case TextFilter::Fault::LongLine:
      return refuse({554, "5.6.0", "Message has a line that is too long"});
  }
}

void Content::flush_to_memory() {
  if (staged_ && staged_->fits_in_memory(gathered_.size())) flush();
}

void Content::flush() {
  if (refusal_ || !staged_ || gathered_.empty()) return;
  const auto written = staged_->append(gathered_);
  gathered_.clear();
  if (written) return;
  log.warning("staging failed",
              {{"error", to_string(written.error().code)}, {"text", written.error().text}});
  refuse(reply_for(written.error()));
}

void Content::refuse(Reply reply) {
  if (refusal_) return;
  refusal_ = std::move(reply);
  staged_.reset();
  gathered_ = std::string();
}

std::unique_ptr<Staged> Content::finish() {
  filter_.finish(gathered_);
  if (filter_.fault() == TextFilter::Fault::BareNewline) {
    refuse({554, "5.5.2", "Message has a CR or LF that is not part of a CRLF"});
  }
  flush();
  return std::move(staged_);
}

}  // namespace waxwing::smtp
