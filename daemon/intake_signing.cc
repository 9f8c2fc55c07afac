#include "daemon/intake_signing.h"

#include <utility>

#include "auth/dmarc.h"

namespace waxwing {
namespace {

// Empty where the authors are of several domains, or cannot be told.
std::string domain_of_authors(MessagePass& pass) {
  const auto domains = dmarc::author_domains(pass.header());
  return domains && domains->size() == 1 ? domains->front() : std::string();
}

// "example.org" of "mail.example.org".
std::string parent_of(const std::string& domain) {
  const auto dot = domain.find('.');
  return dot == std::string::npos ? std::string() : domain.substr(dot + 1);
}

}  // namespace

Result<Signatures> Signatures::by(std::string domain, std::vector<dkim::SigningKey> keys,
                                  MessagePass& pass) {
  if (keys.empty()) return Signatures(nullptr);
  auto signer = std::make_unique<dkim::Signer>(std::move(domain), std::move(keys));
  pass.add([&signer = *signer](std::string_view piece) { signer.feed(piece); });
  return Signatures(std::move(signer));
}

Result<Signatures> Signatures::of_user(DomainKeys& keys, const smtp::Origin& origin,
                                       MessagePass& pass) {
  if (!origin.may_relay()) return Signatures(nullptr);
  std::string domain = domain_of_authors(pass);
  if (domain.empty()) return Signatures(nullptr);
  auto signing = keys.signing(domain);
  if (!signing) return fail(signing.error());
  return by(std::move(domain), *std::move(signing), pass);
}

Result<Signatures> Signatures::of_server(DomainKeys& keys, MessagePass& pass) {
  for (std::string domain = domain_of_authors(pass); !domain.empty(); domain = parent_of(domain)) {
    auto signing = keys.signing(domain);
    if (!signing) return fail(signing.error());
    if (!signing->empty()) return by(std::move(domain), *std::move(signing), pass);
  }
  return Signatures(nullptr);
}

std::string Signatures::fields(const Clock& clock) {
  return signer_ ? signer_->finish(clock) : std::string();
}

}  // namespace waxwing
