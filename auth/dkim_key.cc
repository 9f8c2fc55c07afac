#include "auth/dkim_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::dkim {
namespace {

constexpr int kMinBits = 1024;
constexpr int kMaxBits = 4096;
constexpr std::size_t kEd25519Bytes = 32;

using Key = std::shared_ptr<evp_pkey_st>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Key own(evp_pkey_st* key) {
  return {key, EVP_PKEY_free};
}

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* octets(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

void must(bool so) {
  if (!so) std::abort();
}

// SubjectPublicKeyInfo, or the bare RSAPublicKey that some publish.
Key read_rsa(std::string_view der) {
  const unsigned char* at = octets(der);
  if (Key key = own(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())))) return key;
  at = octets(der);
  return own(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));
}

Outcome check_rsa(evp_pkey_st* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
    return fail(Error::Code::Invalid, "its p= is no RSA key");
  const int bits = EVP_PKEY_get_bits(key);
  if (bits >= kMinBits && bits <= kMaxBits) return {};
  return fail(Error::Code::Invalid,
              "an RSA key of " + std::to_string(bits) + " bits is not between 1024 and 4096");
}

// Ed25519 signs the digest; libcrypto itself makes the digest for RSA.  RFC 8463 section 3
std::string to_be_signed(KeyType type, std::string_view text) {
  return type == KeyType::Ed25519 ? sha256(text) : std::string(text);
}

const EVP_MD* digest_of(KeyType type) {
  return type == KeyType::Ed25519 ? nullptr : EVP_sha256();
}

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

}  // namespace

waxwing::Result<KeyRecord> parse_key_record(std::string_view text) {
  const auto tags = TagList::parse(text);
  if (!tags) return fail(Error::Code::Invalid, "the key record is no list of tags");
  const auto version = tags->find("v");
  if (version && (*version != "DKIM1" || tags->tags()[0].first != "v"))
    return fail(Error::Code::Invalid, "the record is none of DKIM1");
  KeyRecord record;
  const std::string type = tags->find("k").value_or("rsa");
  if (type != "rsa" && type != "ed25519")
    return fail(Error::Code::Invalid, "the key is of an unknown type, " + printable(type, 40));
  record.type = type == "rsa" ? KeyType::Rsa : KeyType::Ed25519;
  const auto encoded = tags->find("p");
  if (!encoded) return fail(Error::Code::Invalid, "the key record has no p=");
  const auto key = from_base64(without_white_space(*encoded));
  if (!key) return fail(Error::Code::Invalid, "the p= of the key record is no base64");
  record.key = *key;
  record.takes_sha256 = !tags->find("h") || has(tags->list("h"), "sha256");
  const auto services = tags->list("s");
  record.is_for_mail = !tags->find("s") || has(services, "*") || has(services, "email");
  record.is_testing = has(tags->list("t"), "y");
  record.is_strict = has(tags->list("t"), "s");
  return record;
}

waxwing::Result<PublicKey> PublicKey::from_record(const KeyRecord& record) {
  if (record.type == KeyType::Ed25519) {
    Key key = record.key.size() == kEd25519Bytes
                  ? own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(record.key),
                                                    record.key.size()))
                  : nullptr;
    if (!key) return fail(Error::Code::Invalid, "its p= is no Ed25519 key");
    return PublicKey(KeyType::Ed25519, std::move(key));
  }
  Key key = read_rsa(record.key);
  if (!key) return fail(Error::Code::Invalid, "its p= is no RSA key");
  if (const auto good = check_rsa(key.get()); !good) return fail(good.error());
  return PublicKey(KeyType::Rsa, std::move(key));
}

int PublicKey::bits() const {
  return EVP_PKEY_get_bits(key_.get());
}

bool PublicKey::verify(std::string_view text, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const std::string input = to_be_signed(type_, text);
  return EVP_DigestVerifyInit(context.get(), nullptr, digest_of(type_), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(input),
                          input.size()) == 1;
}

PrivateKey PrivateKey::generate(KeyType type) {
  Key key = type == KeyType::Ed25519
                ? own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))
                : own(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  must(key != nullptr);
  return PrivateKey(type, std::move(key));
}

waxwing::Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  char no_password[] = "";  // never ask on a terminal
  Key key = own(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password));
  if (!key) return fail(Error::Code::Invalid, "this is no private key in PEM");
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519)
    return PrivateKey(KeyType::Ed25519, std::move(key));
  if (const auto good = check_rsa(key.get()); !good)
    return fail(Error::Code::Invalid, "the key is neither RSA of 1024 to 4096 bits nor Ed25519");
  return PrivateKey(KeyType::Rsa, std::move(key));
}

std::string PrivateKey::to_pem() const {
  const Bio bio(BIO_new(BIO_s_secmem()), BIO_free);
  must(PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string PrivateKey::record() const {
  if (type_ == KeyType::Ed25519) {
    std::string raw(kEd25519Bytes, '\0');
    std::size_t size = raw.size();
    must(EVP_PKEY_get_raw_public_key(key_.get(), octets(raw), &size) == 1);
    return "v=DKIM1; k=ed25519; p=" + base64(raw);
  }
  std::string der(static_cast<std::size_t>(i2d_PUBKEY(key_.get(), nullptr)), '\0');
  unsigned char* out = octets(der);
  must(i2d_PUBKEY(key_.get(), &out) > 0);
  return "v=DKIM1; k=rsa; p=" + base64(der);
}

Algorithm PrivateKey::algorithm() const {
  return type_ == KeyType::Rsa ? Algorithm::RsaSha256 : Algorithm::Ed25519Sha256;
}

std::string PrivateKey::sign(std::string_view text) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const std::string input = to_be_signed(type_, text);
  must(EVP_DigestSignInit(context.get(), nullptr, digest_of(type_), nullptr, key_.get()) == 1);
  std::size_t size = 0;
  must(EVP_DigestSign(context.get(), nullptr, &size, octets(input), input.size()) == 1);
  std::string signature(size, '\0');
  must(EVP_DigestSign(context.get(), octets(signature), &size, octets(input), input.size()) == 1);
  signature.resize(size);
  return signature;
}

}  // namespace waxwing::dkim
