#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "protocols/imap/collation.h"
#include "protocols/imap/dialect.h"
#include "protocols/imap/name.h"
#include "protocols/imap/notify.h"
#include "protocols/imap/reply.h"
#include "protocols/imap/selected.h"
#include "protocols/imap/session.h"
#include "protocols/imap/table.h"
#include "protocols/imap/upload.h"
#include "protocols/imap/url_access.h"
#include "protocols/imap/writer.h"
#include "storage/account.h"

namespace waxwing::imap {

// What a session knows about its client: all that the handlers of commands see and change.
// Held by one thread at a time.
struct Conversation {
  Conversation(Peer client, Services world) : peer(std::move(client)), services(std::move(world)) {}

  const Peer peer;
  const Services services;
  std::optional<TlsInfo> tls;

  std::optional<Identity> identity;
  std::shared_ptr<Account> account;
  std::optional<Selected> selected;
  Dialect dialect;
  Collation collation = Collation::UnicodeCasemap;
  // After the first NOTIFY.  RFC 5465
  std::unique_ptr<Notifications> notifications;
  // With metadata enabled: of the changes of annotations, those up to this number are told, and
  // these further ones are the client's own.
  std::uint64_t annotated = 0;
  std::set<std::uint64_t> own_annotated;
  std::shared_ptr<Relay> annotation_relay;
  UrlKeyChanges url_keys;  // of which the client knows
  // The messages of an APPEND or REPLACE on their way in.
  std::unique_ptr<Upload> upload;
  int failed_sign_ins = 0;
  bool is_compressed = false;  // COMPRESS.  RFC 4978

  // What shall happen once the reply is written.
  enum class Ending { None, StartTls, Compress, Plain, Close };
  Ending ending = Ending::None;

  State state() const;
  bool is_rev2() const { return dialect.revision == Revision::Rev2; }
  // The client takes and sends UTF-8 in mailbox names and header fields.
  bool speaks_utf8() const { return is_rev2() || dialect.utf8; }
  bool may_send_password() const;
  // Has this client that capability? The operator may hide one from all or from an account.
  bool offers(std::string_view capability) const;
  SignInContext sign_in_context() const;
  // Who the client is has been proved: opens the account, or refers to where it is.
  Reply sign_in(Identity who);

  NameEncoding encoding() const {
    return speaks_utf8() ? NameEncoding::Utf8 : NameEncoding::ModifiedUtf7;
  }
  Result<std::string> decode(std::string_view name) const { return decode_name(name, encoding()); }
  // A mailbox name as it goes into a response.
  std::string encode(std::string_view name) const { return to_mailbox(name, encoding()); }

  // The client is told from now on what others annotate.
  void enable_metadata();
  // The client is told mod-sequences from now on.  RFC 7162 section 3.1
  void enable_condstore(Output& output);

  // The client itself has put these messages into the mailbox, and need not be told what is in
  // them.  RFC 5465 section 5.2
  void made(const Mailbox& mailbox, std::span<const Uid> uids);

  // No mailbox is selected any more. May block.
  void deselect();

  // The answer to a sign-in to an account that is elsewhere; signed in only where others' mailboxes
  // can be read.
  Reply refer();

  // NO with the code for this error; what is the server's fault is logged.
  Reply refuse(const Error& error) const;
};

}  // namespace waxwing::imap
