#include <memory>
#include <optional>

#include "protocols/imap/conversation.h"
#include "protocols/imap/fetch_response.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/slice.h"
#include "protocols/imap/url_texts.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

// URLFETCH: a response for each URL, one after the other.  RFC 4467
class UrlFetchTask final : public Task {
 public:
  explicit UrlFetchTask(UrlFetch command) : command_(std::move(command)) {}

  Step run(Conversation& conversation, Output& output) override {
    const Slice slice(conversation.services.clock);
    while (true) {
      if (response_) {
        const auto is_over = response_->hand_over(output);
        if (!is_over) return done(conversation.refuse(is_over.error()));
        if (!*is_over) return Step::Again;
        response_.reset();
      }
      if (next_ == command_.urls.size()) return done(Reply::ok("That is all"));
      if (output.is_full()) return Step::Again;
      if (slice.is_over_now()) return Step::Yield;
      if (auto failure = make(conversation, command_.urls[next_])) return done(*failure);
      ++next_;
    }
  }
  std::optional<Extent> extent() const override { return Extent{next_, command_.urls.size()}; }
  bool is_amid_line() const override { return response_ && response_->is_amid(); }

 private:
  // NIL for what is no URL, names nothing or may not be read here: the answer is the same.
  std::optional<Reply> make(const Conversation& conversation, const std::string& url) {
    const auto text = texts_.find(conversation, url, UrlTexts::From::Authorized);
    if (!text && !is_answer(text.error())) return conversation.refuse(text.error());
    response_.emplace();
    *response_ << "* URLFETCH " << to_astring(url) << " ";
    if (!text) {
      *response_ << "NIL";
    } else if (text->fields) {
      *response_ << to_string(*text->fields);
    } else {
      *response_ << literal_head(text->range.size);
      response_->write_file(
          text->file.file, text->range.offset, text->range.size,
          text->may_hold_nul ? FetchResponse::Nul::Blank : FetchResponse::Nul::Keep);
    }
    *response_ << "\r\n";
    return std::nullopt;
  }

  UrlFetch command_;
  UrlTexts texts_;
  std::size_t next_ = 0;
  std::optional<FetchResponse> response_;
};

}  // namespace

std::unique_ptr<Task> url_fetch(Command&& command) {
  return std::make_unique<UrlFetchTask>(std::get<UrlFetch>(std::move(command.body)));
}

}  // namespace waxwing::imap
