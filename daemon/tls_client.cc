#include "daemon/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

namespace waxwing {
namespace {

bool demand_names(SSL* ssl, const std::vector<std::string>& names) {
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  for (const auto& name : names) {
    // A policy's "*.example.net" is what a certificate may have, and a host below it.
    const std::string plain = name.starts_with("*.") ? name.substr(1) : name;
    if (SSL_add1_host(ssl, plain.c_str()) != 1) return false;
  }
  return true;
}

// Certificates of usages 0 and 1 (PKIX-TA, PKIX-EE) are not usable for SMTP.  RFC 7672
// section 3.1.3
bool demand_records(SSL* ssl, const std::string& host, const TlsDemand& demand) {
  if (SSL_dane_enable(ssl, host.c_str()) <= 0) return false;
  // The names count for DANE-TA only.  RFC 7672 section 3.1.1
  SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  for (const auto& name : demand.names) {
    if (SSL_add1_host(ssl, name.c_str()) != 1) return false;
  }
  int usable = 0;
  for (const auto& record : demand.records) {
    if (record.usage != 2 && record.usage != 3) continue;
    usable += SSL_dane_tlsa_add(ssl, static_cast<std::uint8_t>(record.usage),
                                static_cast<std::uint8_t>(record.selector),
                                static_cast<std::uint8_t>(record.matching),
                                reinterpret_cast<const unsigned char*>(record.data.data()),
                                record.data.size()) > 0;
  }
  return usable > 0;
}

}  // namespace

const char* to_string(TlsFault fault) {
  switch (fault) {
    case TlsFault::NotOffered: return "starttls-not-supported";
    case TlsFault::HostMismatch: return "certificate-host-mismatch";
    case TlsFault::Expired: return "certificate-expired";
    case TlsFault::NotTrusted: return "certificate-not-trusted";
    // "tlsa-invalid" is about the records themselves.
    case TlsFault::Tlsa:
    case TlsFault::Other: break;
  }
  return "validation-failure";
}

Result<std::shared_ptr<const TlsClient>> TlsClient::make(const std::string& ca_file) {
  std::shared_ptr<TlsClient> client(new TlsClient(SSL_CTX_new(TLS_client_method())));
  SSL_CTX* ctx = client->context_;
  if (!ctx) return fail(Error::Code::Temporary, "TLS: out of memory");
  // Old servers speak 1.0: to them mail would go in clear otherwise.
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!ca_file.empty() && SSL_CTX_load_verify_file(ctx, ca_file.c_str()) != 1)
    return fail(Error::Code::Invalid,
                "cannot read certificate authorities from " + ca_file + ": is it a PEM file?");
  if (SSL_CTX_dane_enable(ctx) <= 0) return fail(Error::Code::Temporary, "TLS: no DANE");
  return std::shared_ptr<const TlsClient>(std::move(client));
}

TlsClient::~TlsClient() {
  SSL_CTX_free(context_);
}

SSL* TlsClient::connect(const std::string& host, const TlsDemand& demand) const {
  std::call_once(has_authorities_, [this] { SSL_CTX_set_default_verify_paths(context_); });
  SSL* ssl = SSL_new(context_);
  if (!ssl) return nullptr;
  bool good = SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  if (demand.level == TlsDemand::Level::Verify) {
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    good = good && demand_names(ssl, demand.names);
  } else if (demand.level == TlsDemand::Level::Dane) {
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    good = good && demand_records(ssl, host, demand);
  } else {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    good = good && demand_names(ssl, demand.names);
  }
  if (good) return ssl;
  SSL_free(ssl);
  return nullptr;
}

bool TlsClient::is_verified(const SSL* ssl) {
  return (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) && SSL_get_verify_result(ssl) == X509_V_OK;
}

std::optional<TlsFault> TlsClient::fault(const SSL* ssl) {
  switch (SSL_get_verify_result(ssl)) {
    case X509_V_OK: return std::nullopt;
    case X509_V_ERR_HOSTNAME_MISMATCH: return TlsFault::HostMismatch;
    case X509_V_ERR_CERT_HAS_EXPIRED: return TlsFault::Expired;
    case X509_V_ERR_DANE_NO_MATCH: return TlsFault::Tlsa;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return TlsFault::NotTrusted;
    default: return TlsFault::Other;
  }
}

std::string TlsClient::trouble(const SSL* ssl) {
  const long result = SSL_get_verify_result(ssl);
  return result == X509_V_OK ? std::string() : X509_verify_cert_error_string(result);
}

}  // namespace waxwing
