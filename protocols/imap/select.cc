#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/list.h"
#include "protocols/imap/modifiers.h"
#include "protocols/imap/object_id.h"
#include "protocols/imap/slice.h"
#include "protocols/imap/vanished.h"

namespace waxwing::imap {
namespace {

// The untagged answers of SELECT, in the order of RFC 9051 section 6.3.2 with what RFC 3501 section
// 6.3.1 has beside them.
void describe(const Conversation& conversation, std::string_view supplied, Output& output) {
  const Selected& selected = *conversation.selected;
  const View& view = selected.view();
  output << "* FLAGS (" << selected.known_flags() << ")\r\n"
         << "* OK [PERMANENTFLAGS (" << selected.permanent_flags() << ")] "
         << (selected.is_read_only() ? "Nothing can be changed here" : "Flags permitted") << "\r\n";
  output << "* " << std::to_string(view.size()) << " EXISTS\r\n";
  if (!conversation.is_rev2()) {
    output << "* " << std::to_string(selected.recent()) << " RECENT\r\n";
    const auto first = view.first_unseen();
    if (first && !conversation.dialect.uid_only) {
      output << "* OK [UNSEEN " << std::to_string(*first + 1) << "] First unseen\r\n";
    }
  }
  output << "* OK [UIDVALIDITY " << std::to_string(selected.mailbox().uid_validity())
         << "] UIDs valid\r\n";
  output << "* OK [UIDNEXT " << std::to_string(view.uid_next()) << "] Next UID\r\n";
  if (conversation.offers("OBJECTID")) {
    output << "* OK [MAILBOXID ("
           << mailbox_id(selected.mailbox().id(), selected.mailbox().uid_validity())
           << ")] Stays with renames\r\n";
  }
  if (conversation.offers("URLAUTH")) output << "* OK [URLMECH INTERNAL] URLs can be signed\r\n";
  output << "* OK [HIGHESTMODSEQ " << std::to_string(view.highest_modseq()) << "] Highest\r\n";
  // RFC 5257 section 4.1. Whoever can read the mailbox has private annotations at least.
  if (conversation.offers(kAnnotate)) {
    output << "* OK [ANNOTATIONS "
           << (selected.may_annotate() ? std::to_string(kMaxAnnotationValue) : "READ-ONLY")
           << "] Messages can have annotations\r\n";
  }
  if (conversation.is_rev2()) {
    const std::string name = selected.mailbox().name();
    const bool is_other = is_written_otherwise(conversation, name, supplied);
    write_name(conversation, name, is_other ? std::optional(supplied) : std::nullopt, output);
  }
}

// The last UID of which the client knows rightly what number it has: it has been told of all that
// went away up to there.  RFC 7162 section 3.2.5.2
Uid last_match(const View& view, const Resynchronisation& wanted) {
  Uid last = 0;
  for (const auto& [number, uid] : wanted.samples) {
    if (number > view.size() || view[number - 1].uid != uid) break;
    last = uid;
  }
  return last;
}

// SELECT and EXAMINE.  RFC 9051 sections 6.3.2 and 6.3.3, RFC 7162 sections 3.1.8 and 3.2.5
class SelectTask final : public Task {
 public:
  explicit SelectTask(Select command) : command_(std::move(command)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!has_begun_) {
      has_begun_ = true;
      if (auto refusal = begin(conversation, output)) return done(std::move(*refusal));
    }
    const Slice slice(conversation.services.clock);
    if (!vanished_.write(output)) return Step::Again;
    const View& view = conversation.selected->view();
    for (; next_ < changed_.size(); ++next_) {
      if (output.is_full()) return Step::Again;
      if (slice.is_over_now()) return Step::Yield;
      const std::size_t index = changed_[next_];
      output << conversation.selected->fetch_head(index, conversation.dialect)
             << conversation.selected->news(view[index], conversation.dialect) << ")\r\n";
    }
    return done(conversation.selected->is_read_only() ? Reply::ok("Opened for reading", "READ-ONLY")
                                                      : Reply::ok("Opened", "READ-WRITE"));
  }

 private:
  std::optional<Reply> begin(Conversation& conversation, Output& output);
  Outcome resynchronise(const Selected& selected, const Resynchronisation& wanted);

  Select command_;
  bool has_begun_ = false;
  VanishedEarlier vanished_;
  std::vector<std::size_t> changed_;  // indexes of messages to tell of
  std::size_t next_ = 0;
};

std::optional<Reply> SelectTask::begin(Conversation& conversation, Output& output) {
  // A command that makes no sense changes nothing.
  const auto modifiers = select_modifiers(command_.modifiers);
  if (!modifiers) return Reply::bad(modifiers.error());
  if (modifiers->condstore && !conversation.offers("CONDSTORE")) {
    return Reply::bad("Unknown modifier CONDSTORE");
  }
  if (modifiers->annotate && !conversation.offers(kAnnotate)) {
    return Reply::bad("Unknown modifier ANNOTATE");
  }
  if (modifiers->resynchronisation && !conversation.dialect.qresync) {
    return Reply::bad("ENABLE QRESYNC first");
  }
  if (modifiers->resynchronisation && !modifiers->resynchronisation->samples.empty() &&
      conversation.dialect.uid_only) {
    return Reply::bad("There are no message numbers", "UIDREQUIRED");
  }
  // Whatever comes of it, the mailbox of before is no longer selected.  RFC 9051 section 6.3.2
  if (conversation.selected) {
    conversation.deselect();
    output << "* OK [CLOSED] The mailbox before is closed\r\n";
  }
  const auto name = conversation.decode(command_.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  auto mailbox = conversation.account->mailbox(*name);
  if (!mailbox) return conversation.refuse(mailbox.error());
  if (const auto refreshed = (*mailbox)->refresh(); !refreshed) {
    return conversation.refuse(refreshed.error());
  }
  // RFC 4314 section 5.2: who may change nothing has it for reading.
  constexpr Rights kChanges = Rights::kInsert | Rights::kExpunge | Rights::kSeen | Rights::kWrite |
                              Rights::kDeleteMessages | Rights::kAnnotate;
  const bool is_read_only =
      command_.mode == Select::Mode::ReadOnly || !(*mailbox)->rights().has_any(kChanges);
  const auto recent =
      (*mailbox)->recent(is_read_only ? Mailbox::Recent::Peek : Mailbox::Recent::Claim);
  if (!recent) return conversation.refuse(recent.error());
  if (modifiers->condstore) conversation.enable_condstore(output);
  conversation.selected.emplace(std::move(*mailbox),
                                is_read_only ? Selected::Mode::ReadOnly : Selected::Mode::ReadWrite,
                                *recent, conversation.services.watcher);
  conversation.selected->set_annotating(
      {.is_told = modifiers->annotate, .may_store = command_.mode == Select::Mode::ReadWrite});
  conversation.url_keys = UrlKeyChanges::now(conversation);
  const auto& wanted = modifiers->resynchronisation;
  if (wanted && wanted->uid_validity == conversation.selected->mailbox().uid_validity()) {
    if (const auto found = resynchronise(*conversation.selected, *wanted); !found) {
      conversation.selected.reset();
      return conversation.refuse(found.error());
    }
  }
  describe(conversation, command_.mailbox, output);
  return std::nullopt;
}

// What the client has missed since it was here.
Outcome SelectTask::resynchronise(const Selected& selected, const Resynchronisation& wanted) {
  const View& view = selected.view();
  const SequenceSet known = wanted.known_uids.value_or(SequenceSet({{1, SequenceSet::kStar}}));
  auto vanished =
      VanishedEarlier::since(wanted.modseq, known, last_match(view, wanted) + 1, selected);
  if (!vanished) return fail(vanished.error());
  vanished_ = std::move(*vanished);
  for (const std::size_t index : resolve_uids(known, view)) {
    if (view[index].modseq > wanted.modseq) changed_.push_back(index);
  }
  return {};
}

}  // namespace

std::unique_ptr<Task> select(Command&& command) {
  return std::make_unique<SelectTask>(std::get<Select>(std::move(command.body)));
}

}  // namespace waxwing::imap
