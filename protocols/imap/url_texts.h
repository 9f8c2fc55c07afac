#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/imap/message_url.h"
#include "protocols/mail/message.h"
#include "storage/account.h"
#include "storage/mailbox.h"
#include "storage/staged.h"

namespace waxwing::imap {

struct Conversation;

// What the URLs of CATENATE and URLFETCH name.  RFC 4469 section 3, RFC 4467, RFC 5550 section 3
// Held by one thread at a time.
class UrlTexts {
 public:
  // Those of a user's own mailboxes, without a server; and those that carry leave.
  enum class From { Anywhere, Authorized };
  // Octets as BODY.PEEK would give them.
  struct Text {
    MessageFile file;
    ByteRange range;  // in the file
    bool may_hold_nul = false;
    std::optional<std::string> fields;  // instead of all that: some fields of a header
  };
  // May block. Invalid: the URL names nothing that there is, or nothing that may be read.
  Result<Text> find(const Conversation& conversation, std::string_view url, From from);
  // Appends the text of a URL from anywhere, in pieces.
  Outcome append(const Conversation& conversation, std::string_view url, Staged& target);

 private:
  // Parts of one message mostly follow each other.
  struct Source {
    std::shared_ptr<Account> account;
    std::shared_ptr<Mailbox> mailbox;
    Uid uid = 0;
    MessageFile file;
    mail::Message message;
  };
  Outcome open(const std::shared_ptr<Account>& account, const MessageUrl& url);

  std::optional<Source> source_;
};

}  // namespace waxwing::imap
