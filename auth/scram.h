#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waxwing {

// What a server keeps of a password for SCRAM-SHA-256: enough to check a client, too little to be
// one.  RFC 5802 section 3, RFC 7677
struct ScramKeys {
  // RFC 7677 section 4 wants at least 4096; a stolen directory shall cost more than that.
  static constexpr int kIterations = 120'000;
  static constexpr std::size_t kSaltSize = 16;

  std::string salt;
  int iterations = 0;
  std::string stored_key;
  std::string server_key;
};

// `prepared`: the password after SASLprep.
ScramKeys make_scram_keys(std::string_view prepared, std::string salt, int iterations);

// The messages of one exchange as the server sees them; knows no accounts and no passwords. Held by
// one thread at a time.
//   first():  the client's first message -> who it claims to be
//   challenge(): our answer with that user's salt
//   final():  the client's proof, checked -> our signature
class ScramServer {
 public:
  enum class Variant { Plain, Plus };
  struct Binding {
    bool plus_offered = false;  // "y" from the client then means that somebody hid the offer
    std::string exporter;       // tls-exporter, RFC 9266; empty when there is none
    std::string end_point;      // tls-server-end-point, RFC 5929
  };
  // The nonce is ours: printable ASCII without comma.
  ScramServer(Variant variant, Binding binding, std::string nonce);

  struct Claim {
    std::string user;     // unescaped
    std::string authzid;  // unescaped; empty when the client gave none
  };
  // Invalid: malformed. Denied: channel binding missing, unknown or suppressed on the way.
  Result<Claim> first(std::string_view message);
  std::string challenge(const ScramKeys& keys);
  // The message that ends the exchange. Invalid: malformed. Denied: wrong proof or binding.
  Result<std::string> final(std::string_view message);

 private:
  Outcome read_binding_flag(std::string_view flag);

  const Variant variant_;
  const Binding binding_;
  std::string nonce_;
  std::string expected_binding_;  // what c= must say, before base64
  std::string client_first_bare_;
  std::string server_first_;
  ScramKeys keys_;
};

}  // namespace waxwing
