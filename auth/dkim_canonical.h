#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct evp_md_ctx_st;

namespace waxwing::dkim {

// In which form a message is signed.  RFC 6376 section 3.4
enum class Canonicalization { Simple, Relaxed };

// One header field with its line end, raw as it came.  RFC 6376 sections 3.4.1 and 3.4.2
std::string canonical_field(std::string_view raw, Canonicalization form);

// The SHA-256 of a body that comes in pieces of any size, in constant memory. Lines end with CRLF;
// other CR and LF are text.  RFC 6376 sections 3.4.3 to 3.4.5
class BodyHash {
 public:
  // Only the first `length` octets of the canonical body count, all without.
  BodyHash(Canonicalization form, std::optional<std::uint64_t> length);
  ~BodyHash();
  BodyHash(BodyHash&&) noexcept;

  void update(std::string_view bytes);
  // Nothing follows. Call once; 32 raw bytes.
  std::string finish();
  // Octets of the canonical body so far, beyond `length` too.
  std::uint64_t size() const { return size_; }

 private:
  void text(std::string_view run);
  void put(std::string_view bytes);
  void flush();

  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  Canonicalization form_;
  std::optional<std::uint64_t> length_;
  std::uint64_t size_ = 0;
  std::string buffer_;
  bool has_cr_ = false;          // a CR that may begin a line end
  bool has_space_ = false;       // Relaxed: white space that may end a line
  std::uint64_t line_ends_ = 0;  // that may end the body
};

// The header of a message, taken off what comes in pieces of any size.
class HeaderReader {
 public:
  // Behind `max` bytes of header the rest is dropped.
  explicit HeaderReader(std::size_t max) : max_(max) {}
  // What of `bytes` belongs to the body.
  std::string_view feed(std::string_view bytes);
  bool is_complete() const { return is_complete_; }
  bool is_too_large() const { return is_too_large_; }
  const std::string& header() const { return header_; }

 private:
  std::size_t max_;
  std::string header_;
  bool is_complete_ = false;
  bool is_too_large_ = false;
};

// The fields of a header by name, to be taken as a list h= names them: a name that comes again
// takes the next field above.  RFC 6376 section 5.4.2
class Fields {
 public:
  // `header` must stay while this does.
  explicit Fields(std::string_view header);
  // All fields of that name, from the top; names compare ignoring case.
  const std::vector<std::string_view>& all(std::string_view name) const;
  // The fields that `names` take, in canonical form.
  std::string canonical(const std::vector<std::string>& names, Canonicalization form) const;

 private:
  std::unordered_map<std::string, std::vector<std::string_view>> fields_;  // by lower-case name
};

// A signature's own field in the form that is signed: canonical, the value of b= empty, and without
// the last line end.  RFC 6376 section 3.7
std::string canonical_signature(std::string_view raw, Canonicalization form);

}  // namespace waxwing::dkim
