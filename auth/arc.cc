#include "auth/arc.h"

#include <tuple>
#include <utility>

#include "auth/dkim_verify.h"
#include "auth/folded_field.h"
#include "auth/timed_lookup.h"
#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::arc {
namespace {

using dkim::Canonicalization;
using dkim::Fields;

Verdict ended(Verdict verdict, AuthResult result, std::string reason) {
  verdict.result = result;
  verdict.reason = std::move(reason);
  return verdict;
}

// What is wrong with the claims about the chain, or nothing.  RFC 8617 section 5.2, steps 2 and 3
std::string broken_chain(const std::vector<Set>& sets) {
  if (sets.back().chain == "fail") return "the chain was broken before: the newest seal says so";
  for (std::size_t i = 0; i < sets.size(); ++i)
    if (sets[i].chain != (i == 0 ? "none" : "pass"))
      return "the cv= of seal " + std::to_string(i + 1) + " does not fit";
  return "";
}

// Pass, or why not.
std::pair<AuthResult, std::string> try_key(TimedLookup& lookup, const dkim::Signature& signature,
                                           std::string_view text, const std::string& what) {
  if (signature.algorithm == dkim::Algorithm::RsaSha1)
    return {AuthResult::Fail, what + ": SHA-1 proves nothing"};
  const auto found = dkim::verify_with_key(lookup, signature, text);
  if (found.result == AuthResult::Pass) return {AuthResult::Pass, ""};
  const bool is_temporary = found.result == AuthResult::TempError;
  return {is_temporary ? AuthResult::TempError : AuthResult::Fail,
          what + " by " + signature.domain + ": " + found.reason};
}

// Step 4 but for the key: the message is as the newest set has it.
std::string changed_body(const Set& newest, std::uint64_t size, const std::string& digest,
                         const Clock& clock) {
  const dkim::Signature& signature = newest.message;
  if (signature.expires && *signature.expires < unix_seconds(clock.now()))
    return "the newest ARC-Message-Signature has expired";
  if (signature.body_length.value_or(0) > size || signature.body_hash != digest)
    return "the body was changed since " + signature.domain + " handed it on";
  return "";
}

}  // namespace

void Verifier::feed(std::string_view bytes) {
  const std::string_view body = reader_.feed(bytes);
  if (reader_.is_complete() && !has_started_) start_body();
  if (body_) body_->update(body);
}

void Verifier::start_body() {
  has_started_ = true;
  sets_ = read_sets(reader_.header());
  if (!sets_ || sets_->empty()) return;
  const dkim::Signature& newest = sets_->back().message;
  body_.emplace(newest.body_form, newest.body_length);
}

Verdict Verifier::finish(dns::Resolver& resolver, const Clock& clock) {
  if (!has_started_) start_body();
  Verdict verdict;
  if (reader_.is_too_large())
    return ended(std::move(verdict), AuthResult::Fail, "the header is too large");
  if (!sets_) return ended(std::move(verdict), AuthResult::Fail, sets_.error().text);
  if (sets_->empty()) return ended(std::move(verdict), AuthResult::None, "nobody has sealed it");
  for (const Set& set : *sets_)
    verdict.seals.push_back({set.seal.domain, set.seal.selector, std::string(set.results_field)});
  std::string why = broken_chain(*sets_);
  if (!why.empty()) return ended(std::move(verdict), AuthResult::Fail, std::move(why));
  const std::string digest = body_->finish();
  why = changed_body(sets_->back(), body_->size(), digest, clock);
  if (!why.empty()) return ended(std::move(verdict), AuthResult::Fail, std::move(why));

  TimedLookup lookup(resolver, clock, time_);
  const dkim::Signature& message = sets_->back().message;
  const std::string text =
      Fields(reader_.header()).canonical(message.headers, message.header_form) +
      dkim::canonical_signature(sets_->back().message_field, message.header_form);
  auto [result, reason] = try_key(lookup, message, text, "the ARC-Message-Signature");
  std::vector<Set> sets = *std::move(sets_);
  for (; result == AuthResult::Pass && !sets.empty(); sets.pop_back())
    std::tie(result, reason) =
        try_key(lookup, sets.back().seal, sealed_text(sets), "seal " + std::to_string(sets.size()));
  if (result == AuthResult::Pass)
    reason = "sealed by " + std::to_string(verdict.seals.size()) + ", the newest of them " +
             verdict.seals.back().domain;
  return ended(std::move(verdict), result, std::move(reason));
}

Sealer::Sealer(std::string domain, dkim::SigningKey key)
    : domain_(std::move(domain)),
      key_(std::move(key)),
      reader_(kMaxHeader),
      body_(Canonicalization::Relaxed, std::nullopt) {}

void Sealer::feed(std::string_view bytes) {
  body_.update(reader_.feed(bytes));
}

std::string Sealer::finish(const Clock& clock, const Verdict& found,
                           std::string_view authentication_results) {
  auto sets = read_sets(reader_.header());
  if (reader_.is_too_large() || !sets || sets->size() == kMaxSets) return "";
  const AuthResult fitting = sets->empty() ? AuthResult::None : AuthResult::Pass;
  if (found.result != fitting) return "";

  const std::string number = "i=" + std::to_string(sets->size() + 1) + ";";
  const std::string results =
      "ARC-Authentication-Results: " + number + " " + std::string(authentication_results) + "\r\n";
  const Fields fields(reader_.header());
  auto names = dkim::names_to_sign(fields);
  names.insert(names.end(), fields.all("DKIM-Signature").size(), "DKIM-Signature");
  const std::string message =
      dkim::signature_field("ARC-Message-Signature: " + number, domain_, key_, names, fields,
                            body_.finish(), unix_seconds(clock.now()));
  FoldedField seal("ARC-Seal: " + number);
  seal.add(" a=" + std::string(dkim::to_string(key_.key.algorithm())) + ";");
  seal.add(" cv=" + std::string(to_string(found.result)) + ";").add(" d=" + domain_ + ";");
  seal.add(" s=" + key_.selector + ";")
      .add(" t=" + std::to_string(unix_seconds(clock.now())) + ";");
  seal.add(" b=");
  const std::string unsealed = seal.text();
  Set own;
  own.results_field = results;
  own.message_field = message;
  own.seal_field = unsealed;
  sets->push_back(std::move(own));
  seal.add_base64(base64(key_.key.sign(sealed_text(*sets))));
  return seal.text() + "\r\n" + message + results;
}

}  // namespace waxwing::arc
