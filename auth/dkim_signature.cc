#include "auth/dkim_signature.h"

#include <algorithm>

#include "auth/timed_lookup.h"
#include "base/encoding.h"
#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing::dkim {
namespace {

tl::unexpected<Error> wrong(std::string_view tag) {
  return fail(Error::Code::Invalid, "its " + std::string(tag) + "= makes no sense");
}

std::optional<Algorithm> algorithm_of(std::string_view name) {
  for (const auto known : {Algorithm::RsaSha1, Algorithm::RsaSha256, Algorithm::Ed25519Sha256})
    if (to_string(known) == name) return known;
  return std::nullopt;
}

std::optional<Canonicalization> form_of(std::string_view name) {
  if (name == "simple") return Canonicalization::Simple;
  if (name == "relaxed") return Canonicalization::Relaxed;
  return std::nullopt;
}

bool read_forms(const TagList& tags, Signature& signature) {
  const auto forms = tags.find("c");
  if (!forms) return true;
  const auto slash = forms->find('/');
  const auto header = form_of(std::string_view(*forms).substr(0, slash));
  const auto body = slash == std::string::npos
                        ? Canonicalization::Simple
                        : form_of(std::string_view(*forms).substr(slash + 1));
  if (!header || !body) return false;
  signature.header_form = *header;
  signature.body_form = *body;
  return true;
}

// A name in A-labels; U-labels are allowed where the message is of SMTPUTF8.  RFC 8616
std::optional<std::string> name_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  if (is_ascii(*text)) {
    if (text->ends_with('.') || !is_dns_name(*text)) return std::nullopt;
    return to_lower(*text);
  }
  return mail::canonical_domain(*text);
}

// Absent, a number of Unix seconds, or (false) something else.
bool read_time(const TagList& tags, std::string_view name, std::optional<std::int64_t>& time) {
  const auto text = tags.find(name);
  if (!text) return true;
  // Twelve digits are enough until the year 33000; more are read as that.
  if (text->empty() || !std::ranges::all_of(*text, is_digit)) return false;
  const auto number = parse_number(*text, 999'999'999'999);
  time = static_cast<std::int64_t>(number.value_or(999'999'999'999));
  return true;
}

bool read_length(const TagList& tags, Signature& signature) {
  const auto text = tags.find("l");
  if (!text) return true;
  if (text->empty() || text->size() > 76 || !std::ranges::all_of(*text, is_digit)) return false;
  signature.body_length = parse_number(*text).value_or(UINT64_MAX);
  return true;
}

bool asks_the_dns(const TagList& tags) {
  const auto methods = tags.list("q");
  return methods.empty() || std::ranges::find(methods, "dns/txt") != methods.end();
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::RsaSha1: return "rsa-sha1";
    case Algorithm::RsaSha256: return "rsa-sha256";
    case Algorithm::Ed25519Sha256: return "ed25519-sha256";
  }
  return "";
}

waxwing::Result<Signature> parse_signer_tags(const TagList& tags) {
  Signature signature;
  const auto algorithm = algorithm_of(tags.find("a").value_or(""));
  if (!algorithm) return wrong("a");
  signature.algorithm = *algorithm;
  const auto domain = name_of(tags.find("d"));
  if (!domain || domain->find('.') == std::string::npos) return wrong("d");
  signature.domain = *domain;
  const auto selector = name_of(tags.find("s"));
  if (!selector) return wrong("s");
  signature.selector = *selector;
  if (!is_dns_name(key_name(signature))) return wrong("s");
  const auto value = from_base64(without_white_space(tags.find("b").value_or("")));
  if (!value || value->empty()) return wrong("b");
  signature.value = *value;
  if (!read_time(tags, "t", signature.signed_at)) return wrong("t");
  return signature;
}

waxwing::Result<Signature> parse_signature_tags(const TagList& tags) {
  auto signer = parse_signer_tags(tags);
  if (!signer) return signer;
  Signature signature = *std::move(signer);
  if (!read_forms(tags, signature)) return wrong("c");
  signature.headers = tags.list("h");
  if (signature.headers.empty() || std::ranges::count(signature.headers, "") > 0) return wrong("h");
  const auto body_hash = from_base64(without_white_space(tags.find("bh").value_or("")));
  if (!body_hash || body_hash->empty()) return wrong("bh");
  signature.body_hash = *body_hash;
  if (!read_length(tags, signature)) return wrong("l");
  if (!read_time(tags, "x", signature.expires)) return wrong("x");
  if (!asks_the_dns(tags)) return wrong("q");
  if (signature.expires && signature.signed_at && *signature.expires <= *signature.signed_at)
    return fail(Error::Code::Invalid, "it expires before it is made");
  return signature;
}

waxwing::Result<Signature> parse_signature(std::string_view value) {
  const auto tags = TagList::parse(value);
  if (!tags) return fail(Error::Code::Invalid, "it is no list of tags");
  if (tags->find("v") != "1") return wrong("v");
  auto signature = parse_signature_tags(*tags);
  if (!signature) return signature;
  if (std::ranges::none_of(signature->headers,
                           [](const auto& name) { return equals_ignoring_case(name, "from"); }))
    return fail(Error::Code::Invalid, "it does not sign From");
  const auto identity = tags->find("i");
  signature->identity = identity.value_or("@" + signature->domain);
  const auto at = signature->identity.rfind('@');
  const auto domain =
      at == std::string::npos ? std::nullopt : name_of(signature->identity.substr(at + 1));
  if (!domain || !is_within(*domain, signature->domain)) return wrong("i");
  return signature;
}

std::string key_name(const Signature& signature) {
  return signature.selector + "._domainkey." + signature.domain;
}

}  // namespace waxwing::dkim
