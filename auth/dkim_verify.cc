#include "auth/dkim_verify.h"

#include <algorithm>

#include "auth/dkim_key.h"
#include "base/text.h"
#include "protocols/mail/header.h"

namespace waxwing::dkim {
namespace {

using dns::Answer;

constexpr std::string_view kField = "dkim-signature";

std::string_view value_of(std::string_view raw) {
  return raw.substr(std::min(raw.find(':') + 1, raw.size()));
}

std::string start_of(std::string_view raw) {
  const auto tags = TagList::parse(value_of(raw));
  if (!tags) return "";
  return printable(without_white_space(tags->find("b").value_or("")).substr(0, 8), 40);
}

// The first record that is a key; the last error when none is.
waxwing::Result<KeyRecord> first_key(const std::vector<std::string>& texts, KeyVerdict& verdict) {
  waxwing::Result<KeyRecord> found = fail(Error::Code::NotFound, "there is no key");
  for (const auto& text : texts) {
    found = parse_key_record(text);
    verdict.record = text;
    if (found) break;
  }
  return found;
}

// Why this key may not be used for this signature, or nothing.  RFC 6376 section 6.1.2
std::string misfit(const KeyRecord& key, const Signature& signature) {
  if (key.key.empty()) return "the key is revoked";
  if (!key.is_for_mail) return "the key is not for mail";
  if (!key.takes_sha256) return "the key is not for SHA-256";
  const bool wants_ed25519 = signature.algorithm == Algorithm::Ed25519Sha256;
  if (wants_ed25519 != (key.type == KeyType::Ed25519)) return "the key is of another type";
  const auto at = signature.identity.rfind('@');
  if (key.is_strict && at != std::string::npos) {
    const std::string_view domain = std::string_view(signature.identity).substr(at + 1);
    if (!equals_ignoring_case(domain, signature.domain)) return "the key is not for subdomains";
  }
  return "";
}

KeyVerdict end(KeyVerdict verdict, AuthResult result, std::string reason) {
  verdict.result = result;
  verdict.reason = std::move(reason);
  return verdict;
}

}  // namespace

KeyVerdict verify_with_key(TimedLookup& lookup, const Signature& signature, std::string_view text) {
  KeyVerdict verdict;
  verdict.record_name = key_name(signature);
  const Answer answer = lookup.ask(verdict.record_name, dns::Type::Txt);
  if (answer.status == Answer::Status::Failed)
    return end(std::move(verdict), AuthResult::TempError,
               "the DNS does not give the key now: " + printable(answer.trouble));
  const auto record = first_key(texts_of(answer), verdict);
  if (!record) return end(std::move(verdict), AuthResult::PermError, record.error().text);
  verdict.is_testing = record->is_testing;
  if (std::string why = misfit(*record, signature); !why.empty())
    return end(std::move(verdict), AuthResult::PermError, std::move(why));
  const auto key = PublicKey::from_record(*record);
  if (!key) return end(std::move(verdict), AuthResult::PermError, key.error().text);
  verdict.key_bits = key->bits();
  if (!key->verify(text, signature.value))
    return end(std::move(verdict), AuthResult::Fail,
               "the signed header fields were changed, or another key signed them");
  return end(std::move(verdict), AuthResult::Pass, "the signature is good");
}

void Verifier::feed(std::string_view bytes) {
  const std::string_view body = reader_.feed(bytes);
  if (reader_.is_complete() && !has_started_) start_body();
  for (Body& one : bodies_) one.hash.update(body);
}

void Verifier::start_body() {
  has_started_ = true;
  for (mail::HeaderWalker walker(reader_.header()); const auto field = walker.next();) {
    if (signed_.size() == limits_.signatures) break;
    if (!equals_ignoring_case(field->name, kField)) continue;
    Signed one{field->raw, parse_signature(value_of(field->raw))};
    if (one.signature) one.body = body_for(*one.signature);
    signed_.push_back(std::move(one));
  }
}

// Signatures that want the same hash share it.
std::size_t Verifier::body_for(const Signature& signature) {
  const auto same = std::ranges::find_if(bodies_, [&](const Body& body) {
    return body.form == signature.body_form && body.length == signature.body_length;
  });
  if (same != bodies_.end()) return static_cast<std::size_t>(same - bodies_.begin());
  bodies_.push_back({signature.body_form, signature.body_length,
                     BodyHash(signature.body_form, signature.body_length)});
  return bodies_.size() - 1;
}

std::vector<Verdict> Verifier::finish(dns::Resolver& resolver, const Clock& clock) {
  if (!has_started_) start_body();
  for (Body& body : bodies_) body.digest = body.hash.finish();
  TimedLookup lookup(resolver, clock, limits_.time);
  const Fields fields(reader_.header());
  std::vector<Verdict> verdicts;
  for (const Signed& one : signed_) {
    verdicts.push_back(verify(one, fields, lookup));
    verdicts.back().start = start_of(one.raw);
  }
  return verdicts;
}

Verdict Verifier::verify(const Signed& one, const Fields& fields, TimedLookup& lookup) const {
  Verdict verdict;
  const auto ended = [&verdict](AuthResult result, std::string reason) {
    verdict.result = result;
    verdict.reason = std::move(reason);
    return verdict;
  };
  if (!one.signature) return ended(AuthResult::PermError, one.signature.error().text);
  const Signature& signature = *one.signature;
  verdict.domain = signature.domain;
  verdict.selector = signature.selector;
  verdict.identity = signature.identity;
  verdict.algorithm = to_string(signature.algorithm);
  verdict.body_length = signature.body_length;
  if (reader_.is_too_large()) return ended(AuthResult::PermError, "the header is too large");
  if (signature.algorithm == Algorithm::RsaSha1)
    return ended(AuthResult::PermError, "SHA-1 proves nothing");  // RFC 8301 section 3.1
  if (signature.expires && *signature.expires < unix_seconds(lookup.clock().now()))
    return ended(AuthResult::Fail, "the signature has expired");
  const Body& body = bodies_[one.body];
  if (signature.body_length && *signature.body_length > body.hash.size())
    return ended(AuthResult::Fail, "the body is shorter than what was signed");
  if (signature.body_hash != body.digest) return ended(AuthResult::Fail, "the body was changed");

  const std::string text = fields.canonical(signature.headers, signature.header_form) +
                           canonical_signature(one.raw, signature.header_form);
  KeyVerdict key = verify_with_key(lookup, signature, text);
  verdict.record_name = std::move(key.record_name);
  verdict.record = std::move(key.record);
  verdict.key_bits = key.key_bits;
  verdict.is_testing = key.is_testing;
  return ended(key.result, std::move(key.reason));
}

}  // namespace waxwing::dkim
