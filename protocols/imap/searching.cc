#include "protocols/imap/searching.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocols/imap/fetch_line.h"
#include "protocols/imap/filters.h"
#include "protocols/imap/message_limit.h"
#include "protocols/imap/object_id.h"
#include "protocols/imap/writer.h"
#include "protocols/mail/charset.h"

namespace waxwing::imap {

SearchPlace SearchPlace::of(const Selected& selected) {
  return {selected.mailbox(), selected.version(), selected.recent_from(), selected.saved()};
}

namespace {

bool has_other_than_ascii(const SearchKey& key) {
  return !is_ascii(key.text) || !is_ascii(key.field) ||
         std::ranges::any_of(key.keys, has_other_than_ascii);
}

}  // namespace

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

Outcome Searching::check(Conversation& conversation, Output& output) {
  // To guess what else it may be would find what nobody asked for.
  if ((charset_ == "US-ASCII" || charset_ == "ASCII") && has_other_than_ascii(program_)) {
    refusal_ = Reply::bad("What is searched for is not US-ASCII, as the command says");
    return fail(Error::Code::Invalid, "not US-ASCII");
  }
  if (program_.has(SearchKey::Kind::Filter)) {
    refusal_ = put_filters_in(conversation);
    if (refusal_) return fail(Error::Code::Invalid, "filters");
  }
  if (!charset_.empty() && !mail::is_known_charset(charset_)) {
    refusal_ = Reply::no("The charset is not known here", SearchProgram::bad_charset());
    return fail(Error::Code::Invalid, "unknown charset");
  }
  const bool has_bounds =
      program_.has(SearchKey::Kind::UidAfter) || program_.has(SearchKey::Kind::UidBefore);
  if (has_bounds && !message_limit(conversation)) {
    refusal_ = Reply::bad("UIDAFTER and UIDBEFORE are for servers with a limit");
    return fail(Error::Code::Invalid, "no such keys");
  }
  if (program_.has(SearchKey::Kind::Annotation) && !conversation.offers(kAnnotate)) {
    refusal_ = Reply::bad("There is no search key ANNOTATION");
    return fail(Error::Code::Invalid, "no such key");
  }
  if (asks_for_modseq()) conversation.enable_condstore(output);
  return {};
}

Result<bool> Searching::begin(Conversation& conversation, const SearchPlace& place,
                              const Slice& slice, Output& output) {
  if (!annotations_) {
    if (const auto done = check(conversation, output); !done) return fail(done.error());
    if (program_.has(SearchKey::Kind::Annotation)) {
      annotations_.emplace(program_, charset_, *place.view, conversation.collation);
    }
  }
  if (annotations_) {
    const auto is_done = annotations_->step(place.mailbox, [&] { return slice.is_over_now(); });
    if (!is_done || !*is_done) return is_done;
  }
  if (const auto done = look_up_ids(program_, place.mailbox); !done) return fail(done.error());
  auto program = SearchProgram::compile(program_, charset_, *place.view,
                                        {.recent_from = place.recent_from,
                                         .saved = {place.saved.begin(), place.saved.end()},
                                         .now = unix_seconds(conversation.services.clock.now()),
                                         .collation = conversation.collation});
  if (!program) return fail(program.error());
  run_.emplace(std::move(*program), place.view);
  return true;
}

Result<bool> Searching::step(Conversation& conversation, const SearchPlace& place,
                             const Slice& slice, Output& output) {
  if (!run_) {
    const auto begun = begin(conversation, place, slice, output);
    if (!begun || !*begun) return begun;
  }
  MailboxSource source(place.mailbox);
  return run_->step(source, [&] { return slice.is_over_now(); });
}

Result<bool> Searching::step(Conversation& conversation, const Slice& slice, Output& output) {
  return step(conversation, SearchPlace::of(*conversation.selected), slice, output);
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
  return conversation.refuse(error);
}

std::optional<Reply> refuse_context(const Conversation& conversation, const SearchReturn& returns,
                                    std::string_view tag, std::string_view capability) {
  if (!returns.context && !returns.update) return std::nullopt;
  if (!conversation.offers(capability)) return Reply::bad("Results are not kept up here");
  if (auto refusal = refuse_items(conversation, needs_of(returns.items))) return refusal;
  if (returns.update && conversation.selected && conversation.selected->contexts().has(tag)) {
    return Reply::bad("The tag is that of a search whose result is kept up");
  }
  return std::nullopt;
}

std::string keep_up(Selected& selected, SearchContext::Wanted wanted, std::vector<Uid> results) {
  const std::string refusal =
      "* NO [NOUPDATE " + to_string(wanted.tag) + "] That are too many results to keep up\r\n";
  wanted.program = frozen(std::move(wanted.program), selected);
  // Nobody has read what nobody asked for.  RFC 5465 section 5.2
  for (FetchItem& item : wanted.items) item.peek = true;
  return selected.contexts().add(std::move(wanted), std::move(results)) ? "" : refusal;
}

}  // namespace waxwing::imap
