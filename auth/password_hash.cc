#include "auth/password_hash.h"

#include <argon2.h>
#include <crypt.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "auth/saslprep.h"
#include "base/crypto.h"
#include "base/text.h"

namespace waxwing {
namespace {

constexpr std::uint32_t kMemoryKiB = 19 * 1024;
constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kHashSaltSize = 16;
constexpr std::size_t kHashSize = 32;
constexpr std::size_t kMaxPassword = 1000;

// Imported hashes run with their own parameters: these keep one line of a file from stopping
// sign-in.
constexpr std::uint64_t kMaxImportedMemoryKiB = 256 * 1024;
constexpr std::uint64_t kMaxImportedPasses = 20;
constexpr std::uint64_t kMaxImportedLanes = 16;
constexpr std::uint64_t kMaxImportedRounds = 1'000'000;
constexpr std::uint64_t kMaxImportedBcryptCost = 14;

bool is_crypt_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '.' || c == '/' || c == '+';
  });
}

// "$argon2id$v=19$m=65536,t=3,p=4$salt$hash"
bool is_argon2id(std::string_view text) {
  const auto parts = split(text, '$');
  if (parts.size() != 6 || !parts[0].empty() || parts[1] != "argon2id" || parts[2] != "v=19") {
    return false;
  }
  const auto costs = split(parts[3], ',');
  if (costs.size() != 3 || !costs[0].starts_with("m=") || !costs[1].starts_with("t=") ||
      !costs[2].starts_with("p=")) {
    return false;
  }
  const auto memory = parse_number(costs[0].substr(2), kMaxImportedMemoryKiB);
  const auto passes = parse_number(costs[1].substr(2), kMaxImportedPasses);
  const auto lanes = parse_number(costs[2].substr(2), kMaxImportedLanes);
  return memory && passes && lanes && *passes > 0 && *lanes > 0 && *memory >= 8 * *lanes &&
         is_crypt_text(parts[4]) && is_crypt_text(parts[5]) && parts[4].size() >= 11 &&
         parts[4].size() <= 256 && parts[5].size() >= 16 && parts[5].size() <= 256;
}

// "$6$salt$hash" or "$6$rounds=5000$salt$hash"
bool is_sha_crypt(std::string_view text, std::string_view id, std::size_t hash_size) {
  auto parts = split(text, '$');
  if (parts.size() == 5 && parts[2].starts_with("rounds=")) {
    const auto rounds = parse_number(parts[2].substr(7), kMaxImportedRounds);
    if (!rounds || *rounds < 1000) return false;
    parts.erase(parts.begin() + 2);
  }
  return parts.size() == 4 && parts[0].empty() && parts[1] == id && parts[2].size() <= 16 &&
         (parts[2].empty() || is_crypt_text(parts[2])) && parts[3].size() == hash_size &&
         is_crypt_text(parts[3]);
}

bool is_sha512_crypt(std::string_view text) {
  return is_sha_crypt(text, "6", 86);
}
bool is_sha256_crypt(std::string_view text) {
  return is_sha_crypt(text, "5", 43);
}

// "$2b$12$" and 53 characters of salt and hash
bool is_bcrypt(std::string_view text) {
  const auto parts = split(text, '$');
  if (parts.size() != 4 || !parts[0].empty() || parts[2].size() != 2 || parts[3].size() != 53) {
    return false;
  }
  const auto cost = parse_number(parts[2], kMaxImportedBcryptCost);
  return (parts[1] == "2a" || parts[1] == "2b" || parts[1] == "2y") && cost && *cost >= 4 &&
         is_crypt_text(parts[3]);
}

struct Scheme {
  std::string_view name;
  bool (*is_well_formed)(std::string_view hash);
};
constexpr std::array kSchemes = {
    Scheme{"SHA512-CRYPT", &is_sha512_crypt},
    Scheme{"SHA256-CRYPT", &is_sha256_crypt},
    Scheme{"BLF-CRYPT", &is_bcrypt},
    Scheme{"ARGON2ID", &is_argon2id},
};

tl::unexpected<Error> no_memory() {
  return fail(Error::Code::Temporary, "no memory to hash a password");
}

bool matches_crypt(const std::string& hash, std::string_view password) {
  // Too large for a stack, and it holds the password afterwards.
  const auto data = std::make_unique<crypt_data>();
  std::string phrase(password);
  const char* computed = crypt_r(phrase.c_str(), hash.c_str(), data.get());
  const bool match = computed != nullptr && equal_in_constant_time(computed, hash);
  wipe(phrase);
  OPENSSL_cleanse(data.get(), sizeof *data);
  return match;
}

Result<bool> matches_bytes(const std::string& hash, std::string_view password) {
  // crypt() would stop at a NUL and take what stands before it for the whole.
  if (password.find('\0') != std::string_view::npos) return false;
  if (hash.starts_with("$argon2id$")) {
    const int result = argon2id_verify(hash.c_str(), password.data(), password.size());
    if (result == ARGON2_MEMORY_ALLOCATION_ERROR) return no_memory();
    return result == ARGON2_OK;
  }
  return matches_crypt(hash, password);
}

}  // namespace

std::string objection_to_password(std::string_view password) {
  if (password.empty()) return "the password is empty";
  if (password.size() > kMaxPassword) return "the password is longer than 1000 bytes";
  const bool has_control = std::any_of(password.begin(), password.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  return has_control ? "the password holds a control character" : "";
}

Result<PasswordHash> hash_password(std::string_view password) {
  auto prepared = prepared_password(password);
  const auto salt = random_bytes(kHashSaltSize);
  std::string text(
      argon2_encodedlen(kPasses, kMemoryKiB, kLanes, kHashSaltSize, kHashSize, Argon2_id), '\0');
  const int result =
      argon2id_hash_encoded(kPasses, kMemoryKiB, kLanes, prepared.data(), prepared.size(),
                            salt.data(), salt.size(), kHashSize, text.data(), text.size());
  wipe(prepared);
  if (result != ARGON2_OK)
    return no_memory();  // the parameters are constants: nothing else can fail
  text.resize(text.find('\0'));
  return PasswordHash{std::move(text), false};
}

Result<bool> matches(const PasswordHash& hash, std::string_view password) {
  const auto usable = password.substr(0, kMaxPassword + 1);  // none that long was ever set
  if (hash.imported) return matches_bytes(hash.text, usable);
  auto prepared = prepared_password(usable);
  const auto match = matches_bytes(hash.text, prepared);
  wipe(prepared);
  return match;
}

Result<ImportedSecret> read_imported_secret(std::string_view secret) {
  const auto end = secret.find('}');
  if (!secret.starts_with('{') || end == std::string_view::npos) {
    return fail(Error::Code::Invalid, "the secret does not start with {SCHEME}");
  }
  const auto name = secret.substr(1, end - 1);
  const auto value = secret.substr(end + 1);
  if (equals_ignoring_case(name, "PLAIN")) {
    if (auto objection = objection_to_password(value); !objection.empty()) {
      return fail(Error::Code::Invalid, std::move(objection));
    }
    return ImportedSecret{true, std::string(value)};
  }
  for (const auto& scheme : kSchemes) {
    if (!equals_ignoring_case(name, scheme.name)) continue;
    if (!scheme.is_well_formed(value)) {
      return fail(Error::Code::Invalid, "the {" + std::string(scheme.name) +
                                            "} hash is malformed or asks for too much work");
    }
    return ImportedSecret{false, std::string(value)};
  }
  return fail(Error::Code::Invalid, "scheme {" + printable(name, 40) +
                                        "} is not one of PLAIN, SHA512-CRYPT, SHA256-CRYPT, "
                                        "BLF-CRYPT and ARGON2ID");
}

}  // namespace waxwing
