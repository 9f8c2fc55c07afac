#include "protocols/imap/url_access.h"

#include <utility>

#include "base/crypto.h"
#include "protocols/imap/conversation.h"
#include "protocols/mail/address.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kKeySize = 32;

tl::unexpected<Error> no_leave() {
  return fail(Error::Code::Invalid, "URL carries no leave");
}

// Nobody here submits mail for others, nor is anybody anonymous.
bool is_for(const Conversation& conversation, const AuthorizedUrl& url) {
  switch (url.access) {
    case AuthorizedUrl::Access::Submit: return false;
    case AuthorizedUrl::Access::User:
      return canonical_user(url.user) == conversation.identity->address;
    case AuthorizedUrl::Access::AuthUser:
    case AuthorizedUrl::Access::Anonymous: return true;
  }
  return false;
}

Result<std::shared_ptr<Account>> account_of(const Conversation& conversation,
                                            std::string_view user) {
  const auto address = canonical_user(user);
  if (!address) return no_leave();
  if (*address == conversation.identity->address) return conversation.account;
  return conversation.services.store.existing_mail_of({*address, false});
}

Result<std::optional<std::string>> key_of(Account& account, const MessageUrl& message) {
  const auto name = decode_name(message.mailbox, NameEncoding::Utf8);
  if (!name) return no_leave();
  const auto mailbox = account.mailbox(*name);
  if (!mailbox) return fail(mailbox.error());
  return account.url_key((*mailbox)->name(), (*mailbox)->uid_validity());
}

}  // namespace

Result<std::shared_ptr<Account>> authorize(const Conversation& conversation,
                                           const AuthorizedUrl& url, const MessageUrl& message) {
  auto account = account_of(conversation, url.owner);
  if (!account && !is_answer(account.error())) return account;
  std::optional<std::string> key;
  if (account) {
    auto found = key_of(**account, message);
    if (!found && !is_answer(found.error())) return fail(found.error());
    if (found) key = std::move(*found);
  }
  // As much is computed where there is no such mailbox.  RFC 4467 section 6
  const bool is_signed =
      is_url_token(url.token, key ? *key : random_bytes(kKeySize), url.rump) && key.has_value();
  const bool is_over =
      url.expires && unix_seconds(conversation.services.clock.now()) > *url.expires;
  if (!is_signed || is_over || url.mechanism != "INTERNAL" || !is_for(conversation, url)) {
    return no_leave();
  }
  return account;
}

bool is_answer(const Error& error) {
  switch (error.code) {
    case Error::Code::NotFound:
    case Error::Code::Invalid:
    case Error::Code::Denied: return true;
    default: return false;
  }
}

std::optional<std::string> canonical_user(std::string_view user) {
  const auto address = mail::parse_address(user);
  return address ? mail::canonical(*address) : std::nullopt;
}

UrlKeyChanges UrlKeyChanges::now(const Conversation& conversation) {
  Account& account = *conversation.account;
  const auto& selected = conversation.selected;
  return {.all = account.url_key_changes({}),
          .selected = selected ? account.url_key_changes(selected->mailbox().name()) : 0};
}

void tell_url_key(Conversation& conversation, Output& output) {
  if (conversation.account->url_key_changes({}) == conversation.url_keys.all) return;
  const UrlKeyChanges before =
      std::exchange(conversation.url_keys, UrlKeyChanges::now(conversation));
  if (before.selected == conversation.url_keys.selected || !conversation.offers("URLAUTH")) return;
  output << "* OK [URLMECH INTERNAL] URLs signed before are not valid any more\r\n";
}

}  // namespace waxwing::imap
