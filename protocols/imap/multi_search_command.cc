#include <algorithm>
#include <optional>
#include <set>

#include "protocols/imap/esearch.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/long_line.h"
#include "protocols/imap/mailbox_filter.h"
#include "protocols/imap/searching.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

// Each is opened, though one after the other.
constexpr std::size_t kMaxMailboxes = 1000;

using Filter = MailboxFilter::Kind;

// ESEARCH: one search in many mailboxes.  RFC 7377
class MultiSearchTask final : public Task {
 public:
  MultiSearchTask(std::string tag, MultiSearch command)
      : tag_(std::move(tag)),
        command_(std::move(command)),
        returns_(command_.returns.value_or(SearchReturn{.all = true})),
        has_charset_(!command_.charset.empty()),
        search_(std::move(command_.program), std::move(command_.charset)) {}

  Step run(Conversation& conversation, Output& output) override {
    if (!has_begun_) {
      if (auto refusal = begin(conversation)) return done(std::move(*refusal));
      has_begun_ = true;
    }
    const Slice slice(conversation.services.clock);
    while (true) {
      if (answer_ && !answer_->hand_over(output)) return Step::Again;
      answer_.reset();
      if (next_ == names_.size()) return done(Reply::ok("Searched"));
      if (slice.is_over_now()) return Step::Yield;
      const auto is_done = look(conversation, slice, output);
      if (!is_done) return done(search_.refuse(conversation, returns_, is_done.error()));
      if (!*is_done) return Step::Yield;
      search_.restart();
      mailbox_.reset();
      ++next_;
    }
  }
  std::optional<Extent> extent() const override { return Extent{next_, names_.size()}; }
  bool has_numbers() const override { return search_.has_numbers(); }
  bool is_amid_line() const override { return answer_ && answer_->is_amid(); }

 private:
  // What stands against the command, if anything does.
  std::optional<Reply> begin(Conversation& conversation) {
    // RFC 6855 section 3
    if (conversation.dialect.utf8 && has_charset_) {
      return Reply::bad("SEARCH names no charset after ENABLE UTF8=ACCEPT");
    }
    if (auto refusal = refuse_context(conversation, returns_, tag_, "CONTEXT=SEARCH")) {
      return refusal;
    }
    // RFC 7377 section 2.2
    const auto is_selected = [](const MailboxFilter& source) {
      return source.kind == Filter::Selected;
    };
    const bool wants_selected =
        command_.sources.empty() || std::ranges::any_of(command_.sources, is_selected);
    if ((wants_selected || returns_.update) && !conversation.selected) {
      return Reply::bad("No mailbox is selected");
    }
    if (returns_.save && !std::ranges::all_of(command_.sources, is_selected)) {
      return Reply::bad("What is found in other mailboxes than the selected one cannot be saved");
    }
    if (wants_selected) names_.push_back(conversation.selected->mailbox().name());
    if (const auto done = add_others(conversation); !done) return conversation.refuse(done.error());
    if (names_.size() > kMaxMailboxes) {
      return Reply::no("That are too many mailboxes for one search", "LIMIT");
    }
    tell_update(conversation);
    return std::nullopt;
  }

  // Mailboxes that are named need not be listed; others do, and may then be found. All must be
  // readable: look() passes over those that are not.
  Outcome add_others(const Conversation& conversation) {
    if (std::ranges::all_of(command_.sources,
                            [](const auto& source) { return source.kind == Filter::Selected; })) {
      return {};
    }
    std::set<std::string, std::less<>> known(names_.begin(), names_.end());
    const auto add = [&](const std::string& name) {
      if (known.insert(name).second) names_.push_back(name);
    };
    for (MailboxFilter& source : command_.sources) decode_names(conversation, source);
    const auto mailboxes = conversation.account->mailboxes();
    if (!mailboxes) return fail(mailboxes.error());
    for (const MailboxInfo& mailbox : *mailboxes) {
      const bool is_wanted = std::ranges::any_of(
          command_.sources, [&](const auto& source) { return is_matched(source, mailbox); });
      if (is_wanted && mailbox.exists && mailbox.rights.has(Rights::kRead)) add(mailbox.name);
    }
    for (const MailboxFilter& source : command_.sources) {
      if (source.kind == Filter::Mailboxes) std::ranges::for_each(source.mailboxes, add);
    }
    return {};
  }

  // UPDATE is about the selected mailbox alone.
  void tell_update(const Conversation& conversation) {
    if (!returns_.update) return;
    const std::string name = conversation.selected->mailbox().name();
    if (std::ranges::count(names_, name) > 0) return;
    answer_.emplace("* NO [NOUPDATE " + to_string(tag_) +
                    "] The selected mailbox is not searched\r\n");
  }

  // True: the next mailbox is searched, or there is nothing to be searched.
  Result<bool> look(Conversation& conversation, const Slice& slice, Output& output) {
    const std::string& name = names_[next_];
    Selected* selected = conversation.selected ? &*conversation.selected : nullptr;
    if (selected && selected->mailbox().name() == name) {
      const auto is_done = search_.step(conversation, slice, output);
      if (!is_done || !*is_done) return is_done;
      answer(conversation, SearchPlace::of(*selected), name);
      return true;
    }
    if (!mailbox_) {
      if (const auto is_open = open(conversation, name); !is_open || !*is_open) {
        return is_open ? Result<bool>(true) : fail(is_open.error());
      }
    }
    const SearchPlace place{*mailbox_, view_, recent_from_};
    const auto is_done = search_.step(conversation, place, slice, output);
    if (!is_done && mailbox_->is_gone()) return true;
    if (!is_done || !*is_done) return is_done;
    answer(conversation, place, name);
    return true;
  }

  // False: not there, or not to be read, which is the same to the client.  RFC 7377 section 5
  Result<bool> open(Conversation& conversation, const std::string& name) {
    auto mailbox = conversation.account->mailbox(name);
    if (!mailbox) {
      const auto code = mailbox.error().code;
      if (code == Error::Code::NotFound || code == Error::Code::Denied) return false;
      return fail(mailbox.error());
    }
    if (!(*mailbox)->rights().has(Rights::kRead)) return false;
    const auto recent_from = (*mailbox)->recent(Mailbox::Recent::Peek);
    if (!recent_from) return fail(recent_from.error());
    recent_from_ = *recent_from;
    mailbox_ = std::move(*mailbox);
    view_ = mailbox_->view();
    return true;
  }

  void answer(Conversation& conversation, const SearchPlace& place, const std::string& name) {
    const Found found{*place.view, search_.found(), search_.scores(), search_.asks_for_modseq()};
    const bool is_selected =
        conversation.selected && &conversation.selected->mailbox() == &place.mailbox;
    std::string text;
    if (!found.indexes.empty()) {
      text = esearch_response(found, returns_, Numbering::Uid, tag_,
                              " MAILBOX " + conversation.encode(name) + " UIDVALIDITY " +
                                  std::to_string(place.mailbox.uid_validity()));
    }
    if (is_selected && returns_.update) {
      text += keep_up(*conversation.selected,
                      {.tag = tag_,
                       .numbering = Numbering::Uid,
                       .program = search_.program(),
                       .charset = search_.charset(),
                       .keys = {},
                       .collation = conversation.collation,
                       .items = returns_.items},
                      conversation.selected->uids(search_.found()));
    }
    if (is_selected && returns_.save) {
      conversation.selected->save(saved_result(found, returns_));
    }
    if (!text.empty()) answer_.emplace(std::move(text));
  }

  std::string tag_;
  MultiSearch command_;
  SearchReturn returns_;
  bool has_charset_;
  Searching search_;
  bool has_begun_ = false;
  std::vector<std::string> names_;  // of the store
  std::size_t next_ = 0;
  // The one that is searched, when that is not the selected one.
  std::shared_ptr<Mailbox> mailbox_;
  View::Version view_;
  Uid recent_from_ = UINT32_MAX;
  std::optional<LongLine> answer_;
};

}  // namespace

std::unique_ptr<Task> multi_search(Command&& command) {
  return std::make_unique<MultiSearchTask>(std::move(command.tag),
                                           std::get<MultiSearch>(std::move(command.body)));
}

}  // namespace waxwing::imap
