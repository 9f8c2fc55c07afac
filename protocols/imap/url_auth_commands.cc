#include <algorithm>

#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"
#include "protocols/imap/url_access.h"

namespace waxwing::imap {
namespace {

constexpr std::string_view kInternal = "INTERNAL";

Reply no_such_mechanism() {
  return Reply::no("INTERNAL is the only mechanism here");
}

// Signs it, or says why not. All that is wrong with a URL is the client's fault.  RFC 4467,
// GENURLAUTH
tl::expected<std::string, Reply> sign(const Conversation& conversation, const std::string& text) {
  const auto bad = [](std::string why) { return tl::unexpected(Reply::bad(std::move(why))); };
  const auto url = parse_authorized_url(text);
  if (!url || !url->mechanism.empty()) {
    return bad("The URL is to be imap://USER@SERVER/..., with ;URLAUTH= and who may use it last");
  }
  const auto message = parse_message_url(url->path, {});
  if (!message) return bad("The URL names no message");
  if (canonical_user(url->owner) != conversation.identity->address) {
    return bad("The user before the \"@\" is not who is signed in");
  }
  const bool has_user =
      url->access == AuthorizedUrl::Access::Submit || url->access == AuthorizedUrl::Access::User;
  if (has_user && !canonical_user(url->user)) return bad("The access identifier names no user");
  const auto name = decode_name(message->mailbox, NameEncoding::Utf8);
  if (!name) return bad("The URL names no mailbox");
  const auto mailbox = conversation.account->mailbox(*name);
  if (!mailbox && mailbox.error().code == Error::Code::NotFound) {
    return bad("The URL names no mailbox");
  }
  if (!mailbox) return tl::unexpected(conversation.refuse(mailbox.error()));
  const std::uint32_t uid_validity = (*mailbox)->uid_validity();
  if (message->uid_validity.value_or(uid_validity) != uid_validity) {
    return bad("The UIDVALIDITY is another");
  }
  const auto key = conversation.account->make_url_key((*mailbox)->name(), uid_validity,
                                                      Account::UrlKey::Missing);
  if (!key) return tl::unexpected(conversation.refuse(key.error()));
  return url->rump + ":" + std::string(kInternal) + ":" + url_token(*key, url->rump);
}

}  // namespace

Reply reset_key(Conversation& conversation, ResetKey& reset, Output&) {
  if (!std::ranges::all_of(reset.mechanisms, [](const auto& m) { return m == kInternal; })) {
    return no_such_mechanism();
  }
  if (!reset.mailbox) {
    const auto removed = conversation.account->remove_url_keys();
    return removed ? Reply::ok("No URL signed before is valid any more")
                   : conversation.refuse(removed.error());
  }
  const auto name = conversation.decode(*reset.mailbox);
  if (!name) return Reply::no(name.error().text, "CANNOT");
  const auto mailbox = conversation.account->mailbox(*name);
  if (!mailbox) return conversation.refuse(mailbox.error());
  const auto made = conversation.account->make_url_key(
      (*mailbox)->name(), (*mailbox)->uid_validity(), Account::UrlKey::Anew);
  if (!made) return conversation.refuse(made.error());
  // That is told with this reply.
  conversation.url_keys = UrlKeyChanges::now(conversation);
  return Reply::ok("URLs signed before are not valid any more", "URLMECH INTERNAL");
}

Reply gen_url_auth(Conversation& conversation, GenUrlAuth& generate, Output& output) {
  std::string line = "* GENURLAUTH";
  for (const auto& [url, mechanism] : generate.wanted) {
    if (mechanism != kInternal) return no_such_mechanism();
    const auto signed_url = sign(conversation, url);
    if (!signed_url) return signed_url.error();
    line += " " + to_string(*signed_url);
  }
  output << line << "\r\n";
  return Reply::ok("Whom the URL names can read it now");
}

}  // namespace waxwing::imap
