#include "daemon/certificates.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/self_signed.h"

namespace waxwing {

namespace {

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason ? reason : "unknown reason";
}

// What ALPN calls the protocol; a client that names only others wants another server: RFC 7301
// section 3.2, and what keeps ALPACA attacks from working.
int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  const std::string_view ours = [&]() -> std::string_view {
    switch (static_cast<Service>(reinterpret_cast<std::uintptr_t>(SSL_get_app_data(ssl)))) {
      case Service::Smtp:
      case Service::Submission: return "smtp";
      case Service::Lmtp: return "lmtp";
      case Service::Pop3: return "pop3";
      case Service::Imap: return "imap";
    }
    return {};
  }();
  for (unsigned i = 0; i < in_size; i += in[i] + 1u) {
    const std::string_view name(reinterpret_cast<const char*>(in + i + 1), in[i]);
    if (name != ours) continue;
    *out = in + i + 1;
    *out_size = in[i];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Outcome read_key_pair(SSL_CTX* context, const Settings::Certificate& files) {
  ERR_clear_error();
  // Tells "may not read" from "is not PEM": OpenSSL's own words for the first are of no help.
  for (const std::string& path : {files.certificate, files.key}) {
    FILE* file = fopen(path.c_str(), "re");
    if (!file) {
      const int why = errno;
      const bool denied = why == EACCES || why == EPERM;
      return fail(denied ? Error::Code::Denied : Error::Code::NotFound,
                  "tls: cannot read " + path + ": " + std::strerror(why) +
                      (denied ? "; let the user that the server runs as read it" : ""));
    }
    fclose(file);
  }
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    return fail(Error::Code::Invalid, "tls: " + files.certificate +
                                          " is not a PEM certificate chain: " + openssl_reason());
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(Error::Code::Invalid, "tls: " + files.key + " is not a PEM private key that fits " +
                                          files.certificate + ": " + openssl_reason());
  if (SSL_CTX_check_private_key(context) != 1)
    return fail(Error::Code::Invalid,
                "tls: the key " + files.key + " does not belong to " + files.certificate);
  return {};
}

// The host names that a certificate is for.  RFC 9525 section 2: the subject's common name counts
// only where there are no alternative names.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* alternatives = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = name->d.dNSName;
    names.push_back(
        to_lower(std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                  static_cast<std::size_t>(ASN1_STRING_length(text)))));
  }
  GENERAL_NAMES_free(alternatives);
  if (names.empty()) {
    std::array<char, 256> common{};
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common.data(),
                                  common.size()) > 0)
      names.push_back(to_lower(std::string_view(common.data())));
  }
  return names;
}

}  // namespace

Result<std::shared_ptr<const Certificates>> Certificates::load(const Settings& settings) {
  std::shared_ptr<Certificates> loaded(new Certificates);
  std::vector<Settings::Certificate> files = settings.certificates;
  if (files.empty()) {
    auto made = self_signed(settings.data_dir + "/tls", settings.hostname);
    if (!made) return fail(made.error());
    files.push_back(*made);
  }
  for (const auto& pair : files)
    if (auto added = loaded->add(pair, settings.tls_min_version); !added)
      return fail(added.error());
  SSL_CTX* own = loaded->find(settings.hostname);
  loaded->default_ = own ? own : loaded->contexts_.front().get();
  return loaded;
}

Certificates::~Certificates() = default;

void Certificates::FreeContext::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

Outcome Certificates::add(const Settings::Certificate& files, const std::string& min_version) {
  stamps_.emplace_back(files.certificate, stamp(files.certificate));
  stamps_.emplace_back(files.key, stamp(files.key));

  std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(Error::Code::Temporary, "tls: " + openssl_reason());
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
  // AES-128 before AES-256: as safe for what passes by, and a handshake hashes with SHA-256, for
  // which processors have instructions.
  SSL_CTX_set_ciphersuites(
      ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(ctx,
                          "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!SHA1");
  // An idle connection keeps no buffers of 16 KiB, and a slow one repeats a write from where it is.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A record is read in one system call, not its header first.
  SSL_CTX_set_read_ahead(ctx, 1);
  // Sessions are resumed by tickets, whose keys end with this object: nothing is kept per session.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  // None in the handshake: Transport sends one with its first answer.
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, nullptr);
  SSL_CTX_set_tlsext_servername_callback(ctx, choose);
  SSL_CTX_set_tlsext_servername_arg(ctx, this);
  if (auto read = read_key_pair(ctx, files); !read) return read;

  // The first certificate that has a name gets it.
  for (std::string& name : names_of(SSL_CTX_get0_certificate(ctx)))
    by_name_.try_emplace(std::move(name), ctx);
  contexts_.push_back(std::move(context));
  return {};
}

SSL* Certificates::new_ssl(Service service) const {
  SSL* ssl = SSL_new(default_);
  if (ssl) SSL_set_app_data(ssl, reinterpret_cast<char*>(static_cast<std::uintptr_t>(service)));
  return ssl;
}

int Certificates::choose(SSL* ssl, int*, void* self) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* context = static_cast<const Certificates*>(self)->find(name);
  // Unknown names get the default certificate: clients say better than an alert what is wrong.
  if (context && context != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* Certificates::find(std::string name) const {
  // RFC 6066 section 3 wants no trailing dot, and clients send one.
  if (!name.empty() && name.back() == '.') name.pop_back();
  name = to_lower(name);
  if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
  const auto dot = name.find('.');
  if (dot == std::string::npos) return nullptr;
  const auto found = by_name_.find("*" + name.substr(dot));
  return found == by_name_.end() ? nullptr : found->second;
}

bool Certificates::has_changed() const {
  for (const auto& [path, seen] : stamps_)
    if (stamp(path) != seen) return true;
  return false;
}

std::vector<std::string> Certificates::names() const {
  std::vector<std::string> names;
  for (const auto& [name, context] : by_name_) names.push_back(name);
  return names;
}

std::string Certificates::stamp(const std::string& path) {
  struct stat seen;
  if (::stat(path.c_str(), &seen) != 0) return {};
  return std::to_string(seen.st_size) + " " + std::to_string(seen.st_ino) + " " +
         std::to_string(seen.st_mtim.tv_sec) + "." + std::to_string(seen.st_mtim.tv_nsec);
}

std::string server_end_point(X509* certificate) {
  if (!certificate) return {};
  int digest = NID_undef;
  if (X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1) return {};
  // "If the hash function is MD5 or SHA-1, use SHA-256"; EdDSA names none: no binding is defined.
  if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
  const EVP_MD* hash = EVP_get_digestbynid(digest);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  if (!hash || X509_digest(certificate, hash, bytes.data(), &size) != 1) return {};
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

}  // namespace waxwing
