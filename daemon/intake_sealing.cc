#include "daemon/intake_sealing.h"

#include <algorithm>
#include <utility>

#include "daemon/intake_outgoing.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

// Of the first alias that leads out; empty without one.
std::string domain_of_alias(const smtp::MailEnvelope& envelope) {
  const auto alias = std::ranges::find_if(envelope.recipients, leads_out);
  if (alias == envelope.recipients.end()) return "";
  const std::string& address = alias->address;
  return mail::canonical_domain(std::string_view(address).substr(address.rfind('@') + 1))
      .value_or("");
}

}  // namespace

Result<ForwardSeal> ForwardSeal::of(DomainKeys& keys, const smtp::Origin& origin,
                                    const smtp::MailEnvelope& envelope,
                                    const smtp::Findings& findings, MessagePass& pass) {
  std::string domain = domain_of_alias(envelope);
  if (origin.identity || findings.results.empty() || domain.empty())
    return ForwardSeal(nullptr, findings);
  auto all = keys.signing(domain);
  if (!all) return fail(all.error());
  if (all->empty()) return ForwardSeal(nullptr, findings);
  const auto rsa = std::ranges::find_if(*all, [](const dkim::SigningKey& each) {
    return each.key.algorithm() == dkim::Algorithm::RsaSha256;
  });
  auto sealer = std::make_unique<arc::Sealer>(std::move(domain),
                                              std::move(rsa != all->end() ? *rsa : all->front()));
  pass.add([&sealer = *sealer](std::string_view piece) { sealer.feed(piece); });
  return ForwardSeal(std::move(sealer), findings);
}

std::string ForwardSeal::fields(const Clock& clock) {
  return sealer_ ? sealer_->finish(clock, findings_->arc, findings_->results) : std::string();
}

}  // namespace waxwing
