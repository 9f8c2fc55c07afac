#pragma once

#include <memory>
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
  std::vector<std::string> names;  // reference identifiers; "*.example.net" fits one label
  std::vector<Record> records;
  bool is_required() const { return level > Level::May; }
};

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
  // Why it is not.
  static std::string trouble(const SSL* ssl);

 private:
  explicit TlsClient(SSL_CTX* context) : context_(context) {}
  SSL_CTX* const context_;
};

}  // namespace waxwing
