#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace waxwing {

// What a server has to prove before mail is handed to it.
struct TlsDemand {
  enum class Level {
    None,     // no TLS at all
    May,      // where the server has it; whoever it is.  RFC 7435
    Encrypt,  // without it no mail; whoever the server is
    Verify,   // a certificate of a trusted authority, for one of `names`
    Dane,     // one that fits the DNS records.  RFC 7672
  };
  struct Record {  // TLSA.  RFC 6698 section 2.1
    unsigned usage = 3, selector = 1, matching = 1;
    std::string data;
  };
  Level level = Level::May;
  // Reference identifiers; "*.example.net" fits one label. With May and Encrypt the certificate is
  // looked at as well, and whatever it is, mail goes out.
  std::vector<std::string> names;
  std::vector<Record> records;
  bool is_required() const { return level > Level::May; }
};

// What was wrong with a server's TLS, in the terms of reports.  RFC 8460 section 4.3
enum class TlsFault {
  NotOffered,    // no STARTTLS
  HostMismatch,  // a certificate for other names
  Expired,
  NotTrusted,  // by no authority of ours
  Tlsa,        // it does not fit the DNS records
  Other,       // of certificate or handshake
};

const char* to_string(TlsFault fault);  // "certificate-expired" ...

// TLS as a client: one for all connections that go out. Any thread.
class TlsClient {
 public:
  // With the machine's certificate authorities, and those of `ca_file` where one is given.
  static Result<std::shared_ptr<const TlsClient>> make(const std::string& ca_file = {});
  ~TlsClient();

  // A connection to be made, with `host` as SNI. Null when there is no memory for it.
  SSL* connect(const std::string& host, const TlsDemand& demand) const;
  // After the handshake: the certificate of the server is as it was demanded.
  static bool is_verified(const SSL* ssl);
  // Why it is not; empty: nothing is known against it.
  static std::string trouble(const SSL* ssl);
  // The same in one word; nothing where nothing is known against the certificate.
  static std::optional<TlsFault> fault(const SSL* ssl);

 private:
  explicit TlsClient(SSL_CTX* context) : context_(context) {}
  SSL_CTX* const context_;
  // The machine's authorities are read for the first connection: a hundred certificates take time
  // and memory that a server which sends nothing need not spend.
  mutable std::once_flag has_authorities_;
};

}  // namespace waxwing
