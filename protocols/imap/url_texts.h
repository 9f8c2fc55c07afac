#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/imap/message_url.h"
#include "protocols/mail/message.h"
#include "storage/mailbox.h"
#include "storage/staged.h"

namespace waxwing::imap {

struct Conversation;

// What the URLs of CATENATE name.  RFC 4469 section 3. Held by one thread at a time.
class UrlTexts {
 public:
  // Appends these octets as BODY.PEEK would give them, in pieces; may block. Invalid: the URL names
  // nothing that there is.
  Outcome append(const Conversation& conversation, std::string_view url, Staged& target);

 private:
  // Parts of one message mostly follow each other.
  struct Source {
    std::shared_ptr<Mailbox> mailbox;
    Uid uid = 0;
    MessageFile file;
    mail::Message message;
  };
  Outcome find(const Conversation& conversation, const MessageUrl& url);

  std::optional<Source> source_;
};

}  // namespace waxwing::imap
