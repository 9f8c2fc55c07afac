#include "daemon/self_signed.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

namespace waxwing {

namespace {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

constexpr long kDaySeconds = 24 * 3600;
// Apple's systems take no certificate for longer, not even one that the user trusts.
constexpr long kLife = 820 * kDaySeconds;

bool is_good(const std::string& path) {
  const Bio file(BIO_new_file(path.c_str(), "re"));
  if (!file) return false;
  const Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (!certificate) return false;
  std::time_t in_a_month = std::time(nullptr) + 30 * kDaySeconds;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &in_a_month) > 0;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate make(EVP_PKEY* key, const std::string& hostname) {
  Certificate certificate(X509_new());
  X509* x509 = certificate.get();
  if (!x509) return nullptr;
  std::string serial = random_bytes(16);
  serial[0] &= 0x7f;  // positive, RFC 5280 section 4.1.2.2
  const std::unique_ptr<BIGNUM, Free<BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), 16, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509));
  X509_set_version(x509, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x509), -kDaySeconds);  // for clients whose clock is behind
  X509_gmtime_adj(X509_getm_notAfter(x509), kLife);
  X509_set_pubkey(x509, key);
  X509_NAME* name = X509_get_subject_name(x509);
  // A common name has 64 characters at most; the alternative name is what counts.
  const std::string common = hostname.substr(0, 64);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, name);
  std::string names = "DNS:" + hostname;
  if (hostname != "localhost") names += ",DNS:localhost";
  names += ",IP:127.0.0.1,IP:::1";
  if (!add_extension(x509, NID_subject_alt_name, names) ||
      !add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(x509, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(x509, NID_ext_key_usage, "serverAuth") ||
      X509_sign(x509, key, EVP_sha256()) == 0)
    return nullptr;
  return certificate;
}

// Under another name first: whoever looks sees the old file or the new one, never half of it.
Outcome write_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const auto failed = [&](const char* what) {
    return fail(Error::Code::Temporary,
                "tls: cannot " + std::string(what) + " " + path + ": " + std::strerror(errno));
  };
  const Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return failed("create");
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(file.get()) != 0)
    return failed("write");
  if (rename(temporary.c_str(), path.c_str()) != 0) return failed("name");
  return {};
}

std::string contents(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

Result<Settings::Certificate> self_signed(const std::string& folder, const std::string& hostname) {
  const std::string host = to_lower(hostname);
  // Both parts in one file: there is no moment where a key and another key's certificate meet.
  const std::string path = folder + "/" + percent(host) + ".self-signed.pem";
  const Settings::Certificate files{path, path};
  if (is_good(path)) return files;

  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Error::Code::Temporary,
                "tls: cannot create " + folder + ": " + std::strerror(errno));
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? make(key.get(), host) : nullptr;
  const Bio text(BIO_new(BIO_s_mem()));
  if (!certificate || !text || PEM_write_bio_X509(text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1)
    return fail(Error::Code::Temporary, "tls: cannot make a self-signed certificate for " + host);
  if (auto written = write_file(path, contents(text.get())); !written) return fail(written.error());
  log.info("self-signed-certificate", {{"hostname", host}, {"file", path}});
  return files;
}

}  // namespace waxwing
