#include "protocols/imap/url_texts.h"

#include <algorithm>

#include "protocols/imap/conversation.h"
#include "protocols/imap/message_file.h"

namespace waxwing::imap {
namespace {

constexpr std::uint64_t kPiece = 64 * 1024;
// The most of a header that is read to pick fields from.
constexpr std::uint64_t kMaxFields = 1024 * 1024;

tl::unexpected<Error> names_nothing() {
  return fail(Error::Code::Invalid, "URL names nothing");
}

Outcome copy(const MessageFile& file, ByteRange range, Staged& target) {
  range.offset = std::min(range.offset, file.size);
  range.size = std::min(range.size, file.size - range.offset);
  while (range.size > 0) {
    const std::uint64_t count = std::min(range.size, kPiece);
    const auto bytes = read_range(file, {range.offset, count});
    if (!bytes) return fail(bytes.error());
    if (auto done = target.append(*bytes); !done) return done;
    range = {range.offset + count, range.size - count};
  }
  return {};
}

}  // namespace

Outcome UrlTexts::append(const Conversation& conversation, std::string_view text, Staged& target) {
  const std::string selected =
      conversation.selected ? conversation.selected->mailbox().name() : std::string();
  const auto url = parse_message_url(text, selected);
  if (!url) return names_nothing();
  if (auto done = find(conversation, *url); !done) return done;
  const Resolved resolved = resolve(url->section, source_->message);
  switch (resolved.kind) {
    case Resolved::Kind::Missing: return names_nothing();
    case Resolved::Kind::Range:
      return copy(source_->file, cut(resolved.range, url->partial), target);
    case Resolved::Kind::Fields: {
      const auto header = read_range(
          source_->file, {resolved.range.offset, std::min(resolved.range.size, kMaxFields)});
      if (!header) return fail(header.error());
      const std::string fields = filter_header(*header, url->section);
      const ByteRange range = cut({0, fields.size()}, url->partial);
      return target.append(std::string_view(fields).substr(static_cast<std::size_t>(range.offset),
                                                           static_cast<std::size_t>(range.size)));
    }
  }
  return names_nothing();
}

Outcome UrlTexts::find(const Conversation& conversation, const MessageUrl& url) {
  const auto name = decode_name(url.mailbox, NameEncoding::Utf8);
  if (!name) return names_nothing();
  auto mailbox = conversation.account->mailbox(*name);
  if (!mailbox && mailbox.error().code == Error::Code::NotFound) return names_nothing();
  if (!mailbox) return fail(mailbox.error());
  if (url.uid_validity.value_or((*mailbox)->uid_validity()) != (*mailbox)->uid_validity()) {
    return names_nothing();
  }
  if (source_ && source_->mailbox->id() == (*mailbox)->id() && source_->uid == url.uid) return {};
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
  source_.emplace(Source{std::move(*mailbox), url.uid, std::move(*file), std::move(*message)});
  return {};
}

}  // namespace waxwing::imap
