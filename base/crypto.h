#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace waxwing {

// All results are raw bytes.
std::string sha1(std::string_view bytes);
std::string sha256(std::string_view bytes);
// The same of what comes in pieces. Held by one thread at a time.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  std::string finish();  // call once

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string hmac_sha256(std::string_view key, std::string_view bytes);
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations);

// From the kernel; never fails.
std::string random_bytes(std::size_t count);
// Letters and digits without look-alikes: for passwords that people type.
std::string random_password(std::size_t length = 16);

// Takes as long for a wrong answer as for a right one of the same length.
bool equal_in_constant_time(std::string_view a, std::string_view b);
// Overwrites the bytes, so that a secret does not stay in freed memory.
void wipe(std::string& secret);

}  // namespace waxwing
