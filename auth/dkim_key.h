#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_signature.h"
#include "base/result.h"

struct evp_pkey_st;

namespace waxwing::dkim {

enum class KeyType { Rsa, Ed25519 };

// What is published under SELECTOR._domainkey.DOMAIN.  RFC 6376 section 3.6.1, RFC 8463
struct KeyRecord {
  KeyType type = KeyType::Rsa;
  std::string key;  // p=, raw bytes; empty: revoked
  bool takes_sha256 = true;
  bool is_for_mail = true;
  bool is_testing = false;  // t=y
  bool is_strict = false;   // t=s: i= must name the very domain of d=
};
waxwing::Result<KeyRecord> parse_key_record(std::string_view text);

// Any thread; copies share the key.
class PublicKey {
 public:
  // RSA of 1024 to 4096 bits (RFC 8301 section 3.2) or Ed25519; anything else is refused with words
  // for people.
  static waxwing::Result<PublicKey> from_record(const KeyRecord& record);
  KeyType type() const { return type_; }
  int bits() const;
  // Did the owner of the key sign this text, with SHA-256?
  bool verify(std::string_view text, std::string_view signature) const;

 private:
  PublicKey(KeyType type, std::shared_ptr<evp_pkey_st> key) : type_(type), key_(std::move(key)) {}
  KeyType type_;
  std::shared_ptr<evp_pkey_st> key_;
};

// A key that signs. Any thread; copies share the key.
class PrivateKey {
 public:
  // RSA-2048 or Ed25519. RSA takes a good part of a second.
  static PrivateKey generate(KeyType type);
  // PKCS #8, or what else libcrypto reads, without a password; RSA of 1024 to 4096 bits or Ed25519.
  static waxwing::Result<PrivateKey> from_pem(std::string_view pem);
  std::string to_pem() const;  // a secret: wipe() it
  // The TXT record to publish: "v=DKIM1; k=ed25519; p=..."
  std::string record() const;
  Algorithm algorithm() const;
  std::string sign(std::string_view text) const;  // raw bytes

 private:
  PrivateKey(KeyType type, std::shared_ptr<evp_pkey_st> key) : type_(type), key_(std::move(key)) {}
  KeyType type_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace waxwing::dkim
