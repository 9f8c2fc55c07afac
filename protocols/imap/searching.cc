#include "protocols/imap/searching.h"

#include <utility>

#include "protocols/imap/filters.h"
#include "protocols/imap/object_id.h"

namespace waxwing::imap {

// RFC 5466 section 3.1
std::optional<Reply> Searching::put_filters_in(Conversation& conversation) {
  if (!conversation.offers("FILTERS")) return Reply::bad("There are no filters here");
  if (!charset_.empty() && charset_ != "UTF-8" && charset_ != "US-ASCII") {
    return Reply::bad("Filters are in UTF-8", "BADCHARSET (UTF-8 US-ASCII)");
  }
  charset_ = "UTF-8";
  const auto annotations = conversation.account->annotations({});
  if (!annotations) return conversation.refuse(annotations.error());
  auto program = expand_filters(program_, *annotations);
  if (!program) return program.error();
  program_ = std::move(*program);
  if (conversation.dialect.uid_only && has_numbers()) {
    return Reply::bad("There are no message numbers in this session", "UIDREQUIRED");
  }
  return std::nullopt;
}

Outcome Searching::begin(Conversation& conversation, Output& output) {
  if (program_.has(SearchKey::Kind::Filter)) {
    refusal_ = put_filters_in(conversation);
    if (refusal_) return fail(Error::Code::Invalid, "filters");
  }
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

Reply Searching::refuse(Conversation& conversation, const std::optional<SearchReturn>& returns,
                        const Error& error) const {
  // A SAVE that comes to nothing leaves nothing saved.  RFC 5182 section 2.1
  if (returns && returns->save) conversation.selected->save({});
  if (refusal_) return *refusal_;
  if (error.code != Error::Code::NotFound) return conversation.refuse(error);
  return Reply::no("The charset is not known here", SearchProgram::bad_charset());
}

}  // namespace waxwing::imap
