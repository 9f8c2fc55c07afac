#include "auth/dmarc.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "auth/timed_lookup.h"
#include "base/text.h"
#include "protocols/mail/address.h"
#include "protocols/mail/address_list.h"
#include "protocols/mail/header.h"

namespace waxwing::dmarc {
namespace {

using dns::Answer;

constexpr std::size_t kMaxDomains = 5;

// One author's domain and what is known of it.
class Author {
 public:
  Author(TimedLookup& lookup, const PublicSuffixes& suffixes, const Message& message,
         std::string domain)
      : lookup_(lookup), suffixes_(suffixes), message_(message) {
    verdict_.domain = std::move(domain);
    verdict_.organizational_domain = suffixes.organizational_domain(verdict_.domain);
  }

  Verdict evaluate();

 private:
  // Sets result and reason when there is none to go by.
  std::optional<Record> discover();
  enum class Found { Yes, No, Ended };
  Found look_at(const std::string& domain);
  void align(const Record& record);
  void dispose(const Record& record);
  bool is_aligned(const std::string& domain, Alignment alignment) const;
  bool is_aligned_with(AuthResult result, const Record& record) const;

  Verdict ended(AuthResult result, std::string reason) {
    verdict_.result = result;
    verdict_.reason = std::move(reason);
    return verdict_;
  }

  TimedLookup& lookup_;
  const PublicSuffixes& suffixes_;
  const Message& message_;
  Verdict verdict_;
};

Verdict Author::evaluate() {
  const auto record = discover();
  if (!record) return verdict_;
  align(*record);
  dispose(*record);
  return verdict_;
}

// RFC 7489 section 6.6.3
std::optional<Record> Author::discover() {
  Found found = look_at(verdict_.domain);
  if (found == Found::No && verdict_.organizational_domain != verdict_.domain)
    found = look_at(verdict_.organizational_domain);
  if (found == Found::Ended) return std::nullopt;
  if (found == Found::No) {
    ended(AuthResult::None, verdict_.domain + " publishes no DMARC record");
    return std::nullopt;
  }
  auto record = parse_record(verdict_.record);
  if (record) return *std::move(record);
  ended(AuthResult::PermError,
        "the DMARC record of " + verdict_.record_domain + ": " + record.error().text);
  return std::nullopt;
}

Author::Found Author::look_at(const std::string& domain) {
  const std::string name = "_dmarc." + domain;
  if (!is_dns_name(name)) return Found::No;
  const Answer answer = lookup_.ask(name, dns::Type::Txt);
  if (answer.status == Answer::Status::Failed) {
    ended(AuthResult::TempError,
          "the DNS does not answer for " + printable(name) + " now: " + printable(answer.trouble));
    return Found::Ended;
  }
  auto texts = texts_of(answer);
  std::erase_if(texts, [](const std::string& text) { return !is_record(text); });
  if (texts.empty()) return Found::No;
  verdict_.record = texts[0];
  verdict_.record_domain = domain;
  if (texts.size() == 1) return Found::Yes;
  ended(AuthResult::PermError,
        domain + " publishes " + std::to_string(texts.size()) + " DMARC records");
  return Found::Ended;
}

bool Author::is_aligned(const std::string& domain, Alignment alignment) const {
  const std::string lower = to_lower(domain);
  if (alignment == Alignment::Strict) return lower == verdict_.domain;
  return suffixes_.organizational_domain(lower) == verdict_.organizational_domain;
}

// Is there SPF or DKIM of this result for the author's domain?
bool Author::is_aligned_with(AuthResult result, const Record& record) const {
  return (message_.spf.result == result && is_aligned(message_.spf.domain, record.spf)) ||
         std::ranges::any_of(message_.dkim, [&](const dkim::Verdict& one) {
           return one.result == result && is_aligned(one.domain, record.dkim);
         });
}

// RFC 7489 section 3.1
void Author::align(const Record& record) {
  verdict_.is_spf_aligned =
      message_.spf.result == AuthResult::Pass && is_aligned(message_.spf.domain, record.spf);
  const auto good = std::ranges::find_if(message_.dkim, [&](const dkim::Verdict& one) {
    return one.result == AuthResult::Pass && is_aligned(one.domain, record.dkim);
  });
  verdict_.is_dkim_aligned = good != message_.dkim.end();
  if (verdict_.is_dkim_aligned) {
    ended(AuthResult::Pass, "signed by " + good->domain);
  } else if (verdict_.is_spf_aligned) {
    ended(AuthResult::Pass, "SPF passes for " + message_.spf.domain);
  } else if (is_aligned_with(AuthResult::TempError, record)) {
    ended(AuthResult::TempError,
          "the DNS does not say now whether " + verdict_.domain + " sent it");
  } else {
    ended(AuthResult::Fail, "neither SPF nor DKIM passes for " + verdict_.domain);
  }
}

void Author::dispose(const Record& record) {
  const bool is_of_organization = verdict_.record_domain != verdict_.domain;
  verdict_.policy = is_of_organization ? record.subdomain_policy : record.policy;
  if (verdict_.result != AuthResult::Fail) return;
  verdict_.disposition = verdict_.policy;
  if (message_.sample < record.percent || verdict_.policy == Policy::None) return;
  // Who is not meant gets the next milder one.
  verdict_.disposition = verdict_.policy == Policy::Reject ? Policy::Quarantine : Policy::None;
  verdict_.reason += "; pct=" + std::to_string(record.percent) + " does not mean this message";
}

// Which of two authors' verdicts is the message's.
bool is_worse(const Verdict& a, const Verdict& b) {
  const auto rank = [](const Verdict& verdict) {
    switch (verdict.result) {
      case AuthResult::Fail: return 4;
      case AuthResult::TempError: return 3;
      case AuthResult::PermError: return 2;
      case AuthResult::None:
      case AuthResult::Neutral:
      case AuthResult::SoftFail: return 1;
      case AuthResult::Pass: return 0;
    }
    return 0;
  };
  return std::pair(rank(a), a.policy) > std::pair(rank(b), b.policy);
}

}  // namespace

Result<std::vector<std::string>> author_domains(std::string_view header) {
  const auto fields = mail::find_fields(header, "From");
  if (fields.size() != 1)
    return fail(Error::Code::Invalid,
                "there are " + std::to_string(fields.size()) + " From fields instead of one");
  const auto authors = mail::parse_clean_address_list(fields[0]);
  if (!authors) return fail(Error::Code::Invalid, "the From field is broken");
  std::vector<std::string> domains;
  for (const auto& author : *authors) {
    if (author.host.empty()) continue;  // begin or end of a group
    const auto domain = mail::canonical_domain(author.host);
    const bool is_whole = author.host != mail::kMissingHost;
    if (!domain || !is_whole || domain->starts_with('['))
      return fail(Error::Code::Invalid, "the From field names no domain");
    if (std::ranges::find(domains, *domain) == domains.end()) domains.push_back(*domain);
  }
  if (domains.empty()) return fail(Error::Code::Invalid, "the From field names nobody");
  if (domains.size() > kMaxDomains)
    return fail(Error::Code::Invalid, "the From field names too many domains");
  return domains;
}

Verdict evaluate(dns::Resolver& resolver, const Clock& clock, const PublicSuffixes& suffixes,
                 const Message& message, std::chrono::milliseconds time) {
  const auto domains = author_domains(message.header);
  if (!domains) {
    Verdict verdict;
    verdict.result = AuthResult::PermError;
    verdict.reason = domains.error().text;
    return verdict;
  }
  TimedLookup lookup(resolver, clock, time);
  std::optional<Verdict> worst;
  for (const auto& domain : *domains) {
    Verdict verdict = Author(lookup, suffixes, message, domain).evaluate();
    if (!worst || is_worse(verdict, *worst)) worst = std::move(verdict);
  }
  return *std::move(worst);
}

}  // namespace waxwing::dmarc
