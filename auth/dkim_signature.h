#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_canonical.h"
#include "auth/tag_list.h"
#include "base/result.h"

namespace waxwing::dkim {

enum class Algorithm { RsaSha1, RsaSha256, Ed25519Sha256 };
std::string_view to_string(Algorithm algorithm);

// What a DKIM-Signature field says.  RFC 6376 section 3.5
struct Signature {
  Algorithm algorithm = Algorithm::RsaSha256;
  Canonicalization header_form = Canonicalization::Simple;
  Canonicalization body_form = Canonicalization::Simple;
  std::string domain;                        // d=, in lower-case A-labels
  std::string selector;                      // s=, the same
  std::string identity;                      // i= as written, or "@" and the domain
  std::vector<std::string> headers;          // h=
  std::string body_hash;                     // bh=, raw bytes
  std::string value;                         // b=, raw bytes
  std::optional<std::uint64_t> body_length;  // l=
  std::optional<std::int64_t> signed_at;     // t=, Unix seconds
  std::optional<std::int64_t> expires;       // x=
};

// Reads the value of a DKIM-Signature field. What cannot be read, or makes no sense in itself, is
// refused with words for people: the signature does not count.
waxwing::Result<Signature> parse_signature(std::string_view value);

// Of these, what a seal of ARC has: a=, d=, s=, t= and b=.
waxwing::Result<Signature> parse_signer_tags(const TagList& tags);

// What DKIM and ARC have in common: all but v=, i= and that From must be signed.
waxwing::Result<Signature> parse_signature_tags(const TagList& tags);

// The name that the key of a signature is published under.
std::string key_name(const Signature& signature);

}  // namespace waxwing::dkim
