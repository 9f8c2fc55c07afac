#include "auth/scram.h"

#include <algorithm>
#include <optional>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing {
namespace {

std::string exclusive_or(std::string_view a, std::string_view b) {
  std::string out(a);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ b[i]);
  return out;
}

// "=2C" is a comma and "=3D" an equals sign; no other "=" may stand in a name.
std::optional<std::string> unescape(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    if (name.front() != '=') {
      out += name.front();
      name.remove_prefix(1);
      continue;
    }
    const auto code = name.substr(0, 3);
    if (code != "=2C" && code != "=3D") return std::nullopt;
    out += code == "=2C" ? ',' : '=';
    name.remove_prefix(3);
  }
  if (out.empty() || !is_utf8(out) || out.find('\0') != std::string::npos) return std::nullopt;
  return out;
}

bool is_nonce(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c >= 0x21 && c <= 0x7E && c != ','; });
}

// Takes "x=value" off the front of a comma-separated list.
std::optional<std::string_view> take(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return std::nullopt;
  const auto end = std::min(rest.find(','), rest.size());
  const auto value = rest.substr(2, end - 2);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return value;
}

tl::unexpected<Error> malformed_scram(const char* what) {
  return fail(Error::Code::Invalid, std::string("malformed SCRAM message: ") + what);
}

}  // namespace

ScramKeys make_scram_keys(std::string_view prepared, std::string salt, int iterations) {
  auto salted = pbkdf2_sha256(prepared, salt, iterations);
  auto client_key = hmac_sha256(salted, "Client Key");
  ScramKeys keys{std::move(salt), iterations, sha256(client_key),
                 hmac_sha256(salted, "Server Key")};
  wipe(salted);
  wipe(client_key);
  return keys;
}

ScramServer::ScramServer(Variant variant, Binding binding, std::string nonce)
    : variant_(variant), binding_(std::move(binding)), nonce_(std::move(nonce)) {}

Result<ScramServer::Claim> ScramServer::first(std::string_view message) {
  // gs2-header = gs2-cbind-flag "," [authzid] ","
  const auto first_comma = message.find(',');
  if (first_comma == std::string_view::npos) return malformed_scram("no GS2 header");
  const auto second_comma = message.find(',', first_comma + 1);
  if (second_comma == std::string_view::npos) return malformed_scram("no GS2 header");

  Claim claim;
  if (second_comma != first_comma + 1) {
    auto authzid = message.substr(first_comma + 1, second_comma - first_comma - 1);
    const auto name = take(authzid, 'a');
    const auto unescaped = name ? unescape(*name) : std::nullopt;
    if (!unescaped) return malformed_scram("authorization identity");
    claim.authzid = *unescaped;
  }

  auto bare = message.substr(second_comma + 1);
  client_first_bare_ = std::string(bare);
  // "m=" announces an extension that both must understand; there is none.
  const auto name = take(bare, 'n');
  const auto user = name ? unescape(*name) : std::nullopt;
  if (!user) return malformed_scram("user name");
  const auto nonce = take(bare, 'r');
  if (!nonce || !is_nonce(*nonce)) return malformed_scram("nonce");
  claim.user = *user;

  expected_binding_ = std::string(message.substr(0, second_comma + 1));
  if (auto outcome = read_binding_flag(message.substr(0, first_comma)); !outcome) {
    return fail(outcome.error());
  }
  nonce_ = std::string(*nonce) + nonce_;
  return claim;
}

// RFC 5802 section 6: "p=name" binds, "n" cannot, "y" could but believes that the server cannot.
Outcome ScramServer::read_binding_flag(std::string_view flag) {
  if (flag.starts_with("p=")) {
    if (variant_ != Variant::Plus) return malformed_scram("channel binding without -PLUS");
    const auto name = flag.substr(2);
    const auto& data = name == "tls-exporter"           ? binding_.exporter
                       : name == "tls-server-end-point" ? binding_.end_point
                                                        : std::string();
    if (data.empty()) {
      return fail(Error::Code::Denied, "channel binding type is not supported here");
    }
    expected_binding_ += data;
    return {};
  }
  if (flag != "n" && flag != "y") return malformed_scram("channel binding flag");
  if (variant_ == Variant::Plus) return malformed_scram("-PLUS without channel binding");
  if (flag == "y" && binding_.plus_offered) {
    return fail(Error::Code::Denied, "client did not see that channel binding is offered");
  }
  return {};
}

std::string ScramServer::challenge(const ScramKeys& keys) {
  keys_ = keys;
  server_first_ =
      "r=" + nonce_ + ",s=" + base64(keys.salt) + ",i=" + std::to_string(keys.iterations);
  return server_first_;
}

Result<std::string> ScramServer::final(std::string_view message) {
  const auto proof_at = message.rfind(",p=");
  if (proof_at == std::string_view::npos) return malformed_scram("no proof");
  const auto proof = from_base64(message.substr(proof_at + 3));
  auto rest = message.substr(0, proof_at);
  const auto without_proof = rest;
  const auto binding_text = take(rest, 'c');
  const auto binding = binding_text ? from_base64(*binding_text) : std::nullopt;
  const auto nonce = take(rest, 'r');
  if (!binding || !nonce || !proof || proof->size() != keys_.stored_key.size()) {
    return malformed_scram("final message");
  }

  const auto auth_message =
      client_first_bare_ + "," + server_first_ + "," + std::string(without_proof);
  const auto client_key = exclusive_or(*proof, hmac_sha256(keys_.stored_key, auth_message));
  const bool proven = equal_in_constant_time(sha256(client_key), keys_.stored_key);
  if (!equal_in_constant_time(*binding, expected_binding_)) {
    return fail(Error::Code::Denied, "channel binding does not match");
  }
  if (*nonce != nonce_) return fail(Error::Code::Denied, "nonce does not match");
  if (!proven) return fail(Error::Code::Denied, "wrong password");
  return "v=" + base64(hmac_sha256(keys_.server_key, auth_message));
}

}  // namespace waxwing
