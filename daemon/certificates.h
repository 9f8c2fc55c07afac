#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "config/settings.h"
#include "protocols/session.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct x509_st X509;

namespace waxwing {

// The server's certificates and keys, ready for TLS. Immutable: when a file changes a new one is
// loaded, and connections keep the one they started with. Any thread.
class Certificates {
 public:
  // With no certificates configured: the self-signed one of data_dir/tls, made when it is missing,
  // about to end or for another host name. Errors say which file and what to do.
  static Result<std::shared_ptr<const Certificates>> load(const Settings& settings);
  ~Certificates();

  // A connection that waits for a ClientHello. ALPN may name nothing but `service`.
  SSL* new_ssl(Service service) const;
  // What its files look like now differs from when it was loaded.
  bool has_changed() const;
  // Lower-case host names, "*.example.com" too; which certificate a server name gets.
  std::vector<std::string> names() const;

 private:
  Certificates() = default;
  Outcome add(const Settings::Certificate& files, const std::string& min_version);
  SSL_CTX* find(std::string name) const;
  static int choose(SSL* ssl, int* alert, void* self);
  // Of size, time and inode; empty where there is no file.
  static std::string stamp(const std::string& path);

  struct FreeContext {
    void operator()(SSL_CTX* context) const;
  };
  std::vector<std::unique_ptr<SSL_CTX, FreeContext>> contexts_;
  // For clients that name no host, or one that has none: that of the server's own host name, which
  // is what people type, else the first.
  SSL_CTX* default_ = nullptr;
  std::unordered_map<std::string, SSL_CTX*, StringHash, std::equal_to<>> by_name_;
  std::vector<std::pair<std::string, std::string>> stamps_;  // path and stamp
};

// The channel binding tls-server-end-point of a certificate.  RFC 5929 section 4.1
std::string server_end_point(X509* certificate);

}  // namespace waxwing
