#pragma once

#include <string>
#include <string_view>

#include "auth/saslprep.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing {

// The other side of SCRAM-SHA-256, written from RFC 5802 section 3 without the server's code.
class ScramClient {
 public:
  ScramClient(std::string gs2_header, std::string binding, std::string user, std::string password)
      : gs2_header_(std::move(gs2_header)),
        binding_(std::move(binding)),
        password_(prepared_password(password)),
        first_bare_("n=" + user + ",r=" + nonce_) {}

  std::string first() const { return gs2_header_ + first_bare_; }

  std::string final(std::string_view server_first) {
    std::string salt;
    int iterations = 0;
    std::string nonce;
    for (const auto field : split(server_first, ',')) {
      if (field.starts_with("r=")) nonce = field.substr(2);
      if (field.starts_with("s=")) salt = from_base64(field.substr(2)).value_or("");
      if (field.starts_with("i=")) iterations = static_cast<int>(*parse_number(field.substr(2)));
    }
    const auto without_proof = "c=" + base64(gs2_header_ + binding_) + ",r=" + nonce;
    const auto auth_message = first_bare_ + "," + std::string(server_first) + "," + without_proof;
    const auto salted = pbkdf2_sha256(password_, salt, iterations);
    auto proof = hmac_sha256(salted, "Client Key");
    const auto signature = hmac_sha256(sha256(proof), auth_message);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= signature[i];
    server_signature_ = hmac_sha256(hmac_sha256(salted, "Server Key"), auth_message);
    return without_proof + ",p=" + base64(proof);
  }

  std::string expected_server_final() const { return "v=" + base64(server_signature_); }

 private:
  const std::string gs2_header_, binding_, password_;
  const std::string nonce_ = "fyko+d2lbbFgONRv9qkxdawL";
  const std::string first_bare_;
  std::string server_signature_;
};

}  // namespace waxwing
