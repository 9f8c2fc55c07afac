#include "protocols/imap/url_texts.h"

#include <algorithm>

#include "protocols/imap/conversation.h"
#include "protocols/imap/message_file.h"
#include "protocols/imap/url_access.h"

namespace waxwing::imap {
namespace {

tl::unexpected<Error> names_nothing() {
  return fail(Error::Code::Invalid, "URL names nothing");
}

Outcome copy(const MessageFile& file, ByteRange range, Staged& target) {
  while (range.size > 0) {
    const std::uint64_t count = std::min(range.size, kFilePiece);
    const auto bytes = read_range(file, {range.offset, count});
    if (!bytes) return fail(bytes.error());
    if (auto done = target.append(*bytes); !done) return done;
    range = {range.offset + count, range.size - count};
  }
  return {};
}

// The message that a URL names, and who looks for it.
struct Named {
  MessageUrl url;
  std::shared_ptr<Account> account;
};

Result<Named> resolve_url(const Conversation& conversation, std::string_view text,
                          UrlTexts::From from) {
  std::optional<MessageUrl> url;
  std::shared_ptr<Account> account = conversation.account;
  if (const auto authorized = parse_authorized_url(text)) {
    if (!conversation.offers("URLAUTH")) return names_nothing();
    url = parse_message_url(authorized->path, {});
    if (!url) return names_nothing();
    auto owner = authorize(conversation, *authorized, *url);
    if (!owner) return fail(owner.error());
    account = std::move(*owner);
  } else if (from == UrlTexts::From::Anywhere) {
    url = parse_message_url(
        text, conversation.selected ? conversation.selected->mailbox().name() : std::string());
  }
  if (!url) return names_nothing();
  if (url->partial && !conversation.offers("URL-PARTIAL")) return names_nothing();
  return Named{std::move(*url), std::move(account)};
}

}  // namespace

Result<UrlTexts::Text> UrlTexts::find(const Conversation& conversation, std::string_view text,
                                      From from) {
  const auto named = resolve_url(conversation, text, from);
  if (!named) return fail(named.error());
  const MessageUrl& url = named->url;
  if (auto done = open(named->account, url); !done) return fail(done.error());
  const Resolved resolved = resolve(url.section, source_->message);
  Text found{source_->file, {}, source_->message.may_hold_nul, std::nullopt};
  switch (resolved.kind) {
    case Resolved::Kind::Missing: return names_nothing();
    case Resolved::Kind::Range: {
      // The file has the last word on where the message ends.
      ByteRange range = cut(resolved.range, url.partial);
      range.offset = std::min(range.offset, found.file.size);
      range.size = std::min(range.size, found.file.size - range.offset);
      found.range = range;
      return found;
    }
    case Resolved::Kind::Fields: {
      const auto header =
          read_range(source_->file,
                     {resolved.range.offset, std::min(resolved.range.size, kMaxFilteredHeader)});
      if (!header) return fail(header.error());
      const std::string fields = filter_header(*header, url.section);
      const ByteRange range = cut({0, fields.size()}, url.partial);
      found.fields = fields.substr(static_cast<std::size_t>(range.offset),
                                   static_cast<std::size_t>(range.size));
      return found;
    }
  }
  return names_nothing();
}

Outcome UrlTexts::append(const Conversation& conversation, std::string_view url, Staged& target) {
  const auto text = find(conversation, url, From::Anywhere);
  if (!text) return fail(text.error());
  return text->fields ? target.append(*text->fields) : copy(text->file, text->range, target);
}

Outcome UrlTexts::open(const std::shared_ptr<Account>& account, const MessageUrl& url) {
  const auto name = decode_name(url.mailbox, NameEncoding::Utf8);
  if (!name) return names_nothing();
  auto mailbox = account->mailbox(*name);
  if (!mailbox && mailbox.error().code == Error::Code::NotFound) return names_nothing();
  if (!mailbox) return fail(mailbox.error());
  if (url.uid_validity.value_or((*mailbox)->uid_validity()) != (*mailbox)->uid_validity()) {
    return names_nothing();
  }
  if (source_ && source_->account == account && source_->mailbox->id() == (*mailbox)->id() &&
      source_->uid == url.uid) {
    return {};
  }
  source_.reset();
  if (!(*mailbox)->view()->find(url.uid)) return names_nothing();
  auto file = (*mailbox)->open(url.uid);
  if (!file && file.error().code == Error::Code::NotFound) return names_nothing();
  if (!file) return fail(file.error());
  std::optional<mail::Message> message;
  auto read = (*mailbox)->read(std::span(&url.uid, 1), Mailbox::Fields::All,
                               [&](Uid, const Parsed& parsed) {
                                 message = mail::decode(parsed.message);
                                 return true;
                               });
  if (!read) return read;
  if (!message) {
    auto parsed = parse_file(*file);
    if (!parsed) return fail(parsed.error());
    message = std::move(*parsed);
  }
  source_.emplace(
      Source{account, std::move(*mailbox), url.uid, std::move(*file), std::move(*message)});
  return {};
}

}  // namespace waxwing::imap
