#include "daemon/host_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "base/crypto.h"
#include "base/encoding.h"
#include "daemon/self_signed.h"

namespace waxwing {
namespace {

struct FreeLeaf {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using PemFile = std::unique_ptr<BIO, FreeLeaf>;
using Leaf = std::unique_ptr<X509, FreeLeaf>;

Result<Leaf> read_leaf(const std::string& path) {
  const PemFile file(BIO_new_file(path.c_str(), "re"));
  Leaf leaf(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!leaf) return fail(Error::Code::NotFound, "no certificate can be read from " + path);
  return leaf;
}

std::string key_hash(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  std::string hash =
      hex(sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)}));
  OPENSSL_free(der);
  return hash;
}

}  // namespace

Result<std::vector<std::string>> host_key_hashes(const Settings& settings) {
  std::vector<Settings::Certificate> files = settings.certificates;
  if (files.empty()) {
    auto made = self_signed(settings.data_dir + "/tls", settings.hostname);
    if (!made) return fail(made.error());
    files.push_back(*made);
  }
  std::vector<std::string> own;
  std::string first;
  for (const auto& pair : files) {
    const auto leaf = read_leaf(pair.certificate);
    if (!leaf) return fail(leaf.error());
    const std::string hash = key_hash(leaf->get());
    if (first.empty()) first = hash;
    const bool is_own = X509_check_host(leaf->get(), settings.hostname.data(),
                                        settings.hostname.size(), 0, nullptr) == 1;
    if (is_own && std::ranges::find(own, hash) == own.end()) own.push_back(hash);
  }
  // Who asks for a name that no certificate has is shown the first.
  if (own.empty()) own.push_back(first);
  return own;
}

}  // namespace waxwing
