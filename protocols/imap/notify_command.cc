#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "protocols/imap/conversation.h"
#include "protocols/imap/fetch_line.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/mailbox_filter.h"
#include "protocols/imap/metadata.h"

namespace waxwing::imap {
namespace {

// RFC 5465 section 3.1
constexpr std::string_view kBadEvent =
    "BADEVENT (MessageNew MessageExpunge FlagChange AnnotationChange MailboxName "
    "SubscriptionChange MailboxMetadataChange ServerMetadataChange)";
constexpr std::string_view kBadEventUnannotated =
    "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange "
    "MailboxMetadataChange ServerMetadataChange)";

// NOTIFY SET and NOTIFY NONE.  RFC 5465
class NotifyTask final : public Task {
 public:
  explicit NotifyTask(Notify command) : command_(std::move(command)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!notifications_) {
      if (auto refusal = begin(conversation, output)) {
        return refusal->text.empty() ? Step::Again : done(std::move(*refusal));
      }
    }
    const Slice slice(conversation.services.clock);
    if (!notifications_->ask(conversation, command_.wants_status ? &output : nullptr, slice)) {
      return output.is_full() ? Step::Again : Step::Yield;
    }
    // What others have annotated until now is told as it was to be told until now.
    if (conversation.dialect.metadata) (void)tell_annotated(conversation, output);
    conversation.notifications = std::move(notifications_);
    // Whoever asks for it need not enable it.  RFC 5465 section 5.6
    const bool wants_metadata = std::ranges::any_of(command_.groups, [](const NotifyGroup& group) {
      return group.events.metadata_change || group.events.server_metadata_change;
    });
    if (wants_metadata) conversation.enable_metadata();
    return done(Reply::ok(command_.is_none ? "Nothing is told now" : "Listening"));
  }

 private:
  // A reply without text: the output is full.
  std::optional<Reply> begin(Conversation& conversation, Output& output) {
    const bool has_annotations = conversation.offers(kAnnotate);
    const bool has_others = std::ranges::any_of(command_.groups, [&](const NotifyGroup& group) {
      return group.events.others || (group.events.annotation_change && !has_annotations);
    });
    if (has_others) {
      return Reply::no("Some of these events are not told here",
                       std::string(has_annotations ? kBadEvent : kBadEventUnannotated));
    }
    for (const NotifyGroup& group : command_.groups) {
      if (auto refusal = refuse_items(conversation, needs_of(group.events.items))) return refusal;
    }
    auto& selected = conversation.selected;
    if (selected && !selected->mailbox().is_gone()) {
      // What has gathered is told, whatever is wanted of what follows.  RFC 5465 section 3.1
      if (!selected->synchronise({}, conversation.dialect, output)) return Reply{};
      // Those are known, and only of those that follow does it want to be told more.
      (void)selected->take_new();
    }
    for (NotifyGroup& group : command_.groups) {
      decode_names(conversation, group.of);
      for (FetchItem& item : group.events.items) item.peek = true;
    }
    auto notifications =
        std::make_unique<Notifications>(command_.groups, conversation.services.watcher);
    if (const auto begun = notifications->begin(conversation, output); !begun) {
      if (begun.error().code != Error::Code::Limit) return conversation.refuse(begun.error());
      return Reply::no("That are too many mailboxes to listen to", "NOTIFICATIONOVERFLOW");
    }
    notifications_ = std::move(notifications);
    return std::nullopt;
  }

  Notify command_;
  std::unique_ptr<Notifications> notifications_;
};

}  // namespace

std::unique_ptr<Task> notify(Command&& command) {
  return std::make_unique<NotifyTask>(std::get<Notify>(std::move(command.body)));
}

}  // namespace waxwing::imap
