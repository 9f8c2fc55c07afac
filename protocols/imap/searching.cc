#include "protocols/imap/searching.h"

#include "protocols/imap/object_id.h"

namespace waxwing::imap {

Outcome Searching::begin(Conversation& conversation, Output& output) {
  if (asks_for_modseq()) conversation.enable_condstore(output);
  const Selected& selected = *conversation.selected;
  if (const auto done = look_up_ids(program_, selected.mailbox()); !done) return done;
  auto program = SearchProgram::compile(program_, charset_, selected.view(),
                                        {.recent_from = selected.recent_from(),
                                         .saved = selected.saved(),
                                         .now = unix_seconds(conversation.services.clock.now()),
                                         .collation = conversation.collation});
  if (!program) return fail(program.error());
  run_.emplace(std::move(*program), selected.version());
  return {};
}

Result<bool> Searching::step(Conversation& conversation, const Slice& slice, Output& output) {
  if (!run_) {
    if (const auto begun = begin(conversation, output); !begun) return fail(begun.error());
  }
  MailboxSource source(conversation.selected->mailbox());
  return run_->step(source, [&] { return slice.is_over_now(); });
}

std::optional<Task::Extent> Searching::extent() const {
  if (!run_) return std::nullopt;
  return Task::Extent{run_->decided(), run_->candidates()};
}

Reply refuse_search(Conversation& conversation, const std::optional<SearchReturn>& returns,
                    const Error& error) {
  // A SAVE that comes to nothing leaves nothing saved.  RFC 5182 section 2.1
  if (returns && returns->save) conversation.selected->save({});
  if (error.code != Error::Code::NotFound) return conversation.refuse(error);
  return Reply::no("The charset is not known here", SearchProgram::bad_charset());
}

}  // namespace waxwing::imap
