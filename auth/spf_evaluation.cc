#include "auth/spf_evaluation.h"

#include <algorithm>
#include <utility>

#include "auth/reverse_name.h"
#include "base/encoding.h"
#include "base/text.h"
#include "protocols/dns/records.h"

namespace waxwing::spf {
namespace {

using dns::Answer;
using dns::Type;

constexpr std::size_t kMaxHosts = 10;  // behind one mx, and names of a client
constexpr std::size_t kMaxExplanation = 500;

// The address in parts, for macros.  RFC 7208 section 7.3
std::string dotted(const IpAddress& address) {
  if (address.is_v4()) return address.to_string();
  std::string text;
  for (const char nibble : hex(address.bytes())) {
    if (!text.empty()) text += '.';
    text += nibble;
  }
  return text;
}

bool is_void(const Answer& answer) {
  return answer.status == Answer::Status::NoData || answer.status == Answer::Status::NoName;
}

AuthResult result_of(Qualifier qualifier) {
  switch (qualifier) {
    case Qualifier::Pass: return AuthResult::Pass;
    case Qualifier::Fail: return AuthResult::Fail;
    case Qualifier::SoftFail: return AuthResult::SoftFail;
    case Qualifier::Neutral: return AuthResult::Neutral;
  }
  return AuthResult::Neutral;
}

std::string cannot_ask(const std::string& name, const Answer& answer) {
  return "the DNS does not answer for " + printable(name) + " now: " + printable(answer.trouble);
}

}  // namespace

Evaluation::Evaluation(dns::Resolver& resolver, const Clock& clock, const Client& client,
                       Sender sender, const Limits& limits)
    : lookup_(resolver, clock, limits.time),
      client_(client),
      sender_(std::move(sender)),
      limits_(limits) {}

Verdict Evaluation::run(const std::string& domain) {
  Finding finding = check(domain);
  Verdict verdict;
  verdict.result = finding.result;
  verdict.domain = domain;
  verdict.reason = finding.reason;
  if (finding.result == AuthResult::Fail) verdict.explanation = explain(finding);
  verdict.record = std::move(finding.record);
  verdict.record_domain = std::move(finding.domain);
  verdict.mechanism = std::move(finding.mechanism);
  return verdict;
}

// RFC 7208 sections 4.4 and 4.5
Evaluation::Finding Evaluation::check(const std::string& domain) {
  Finding finding{AuthResult::None, domain};
  const Answer answer = lookup_.ask(domain, Type::Txt);
  if (answer.status == Answer::Status::Failed) {
    finding.result = AuthResult::TempError;
    finding.reason = cannot_ask(domain, answer);
    return finding;
  }
  auto texts = texts_of(answer);
  std::erase_if(texts, [](const std::string& text) { return !is_record(text); });
  if (texts.empty()) {
    finding.reason = domain + " publishes no SPF record";
    return finding;
  }
  finding.record = texts[0];
  finding.result = AuthResult::PermError;
  if (texts.size() > 1) {
    finding.reason = domain + " publishes " + std::to_string(texts.size()) + " SPF records";
    return finding;
  }
  const auto record = parse_record(texts[0]);
  if (!record) {
    finding.reason = "in the SPF record of " + domain + " " + record.error().text;
    return finding;
  }
  return evaluate(*record, std::move(finding));
}

// RFC 7208 sections 4.6 and 4.7
Evaluation::Finding Evaluation::evaluate(const Record& record, Finding finding) {
  for (const Directive& directive : record.directives) {
    Match matched = match(directive, finding.domain);
    if (!matched.error && !matched.is_match) continue;
    finding.mechanism = directive.text;
    finding.result = matched.error ? *matched.error : result_of(directive.qualifier);
    finding.reason =
        matched.reason + ": \"" + printable(directive.text) + "\" of " + finding.domain;
    finding.explanation = record.explanation;
    return finding;
  }
  if (record.redirect && !record.has_all) return redirect(*record.redirect, std::move(finding));
  finding.result = AuthResult::Neutral;
  finding.reason =
      "nothing in the SPF record of " + finding.domain + " matches " + client_.address.to_string();
  return finding;
}

// RFC 7208 section 6.1
Evaluation::Finding Evaluation::redirect(const MacroString& target, Finding finding) {
  finding.result = AuthResult::PermError;
  if (const auto error = count_term()) {
    finding.reason = error->reason + ": \"redirect\" of " + finding.domain;
    return finding;
  }
  const std::string domain = expand_name(target, finding.domain);
  if (!is_dns_name(domain)) {
    finding.reason = "the redirect of " + finding.domain + " leads to no name";
    return finding;
  }
  Finding redirected = check(domain);
  if (redirected.result != AuthResult::None) return redirected;
  finding.reason = finding.domain + " redirects to " + domain + ", which publishes no SPF record";
  return finding;
}

Evaluation::Match Evaluation::match(const Directive& directive, const std::string& domain) {
  const std::string address = client_.address.to_string();
  switch (directive.mechanism) {
    case Mechanism::All: return {true, {}, "everything matches"};
    case Mechanism::Ip4:
    case Mechanism::Ip6: {
      const auto prefix =
          directive.mechanism == Mechanism::Ip4 ? directive.prefix4 : directive.prefix6;
      return {is_in_network(client_.address.bytes(), directive.network, prefix),
              {},
              address + " is in that network"};
    }
    case Mechanism::Include:
    case Mechanism::A:
    case Mechanism::Mx:
    case Mechanism::Ptr:
    case Mechanism::Exists: break;
  }
  if (const auto error = count_term()) return *error;
  const std::string target = directive.domain ? expand_name(*directive.domain, domain) : domain;
  if (!is_dns_name(target)) {
    if (directive.mechanism == Mechanism::Include)
      return {false, AuthResult::PermError, "\"" + printable(target) + "\" is no name"};
    return {};  // RFC 7208 section 4.8 leaves the choice
  }
  switch (directive.mechanism) {
    case Mechanism::Include: return match_include(target);
    case Mechanism::A: return match_a(directive, target);
    case Mechanism::Mx: return match_mx(directive, target);
    case Mechanism::Ptr: return match_ptr(target);
    case Mechanism::Exists: return match_exists(target);
    case Mechanism::All:
    case Mechanism::Ip4:
    case Mechanism::Ip6: break;
  }
  return {};
}

// RFC 7208 section 5.2
Evaluation::Match Evaluation::match_include(const std::string& target) {
  const Finding found = check(target);
  switch (found.result) {
    case AuthResult::Pass: return {true, {}, found.reason};
    case AuthResult::Fail:
    case AuthResult::SoftFail:
    case AuthResult::Neutral: return {};
    case AuthResult::TempError: return {false, AuthResult::TempError, found.reason};
    case AuthResult::PermError:
    case AuthResult::None: return {false, AuthResult::PermError, found.reason};
  }
  return {};
}

Evaluation::Match Evaluation::match_a(const Directive& directive, const std::string& target) {
  const Answer answer = lookup_.ask(target, address_type());
  if (const auto error = count_void(answer, target)) return *error;
  return {has_address(directive, answer), {}, client_.address.to_string() + " is " + target};
}

Evaluation::Match Evaluation::match_mx(const Directive& directive, const std::string& target) {
  const Answer answer = lookup_.ask(target, Type::Mx);
  if (const auto error = count_void(answer, target)) return *error;
  if (answer.records.size() > kMaxHosts)
    return {false, AuthResult::PermError, target + " has more than ten MX"};
  for (const auto& record : answer.records) {
    const auto mx = dns::decode_mx(record);
    if (!mx || !is_dns_name(mx->host)) continue;
    const Answer addresses = lookup_.ask(mx->host, address_type());
    if (addresses.status == Answer::Status::Failed)
      return {false, AuthResult::TempError, cannot_ask(mx->host, addresses)};
    if (has_address(directive, addresses))
      return {true, {}, client_.address.to_string() + " is " + mx->host + ", an MX of " + target};
  }
  return {};
}

// RFC 7208 section 5.5
Evaluation::Match Evaluation::match_ptr(const std::string& target) {
  find_names();
  if (is_void(*ptr_answer_))
    if (const auto error = count_void(*ptr_answer_, reverse_name(client_.address))) return *error;
  for (const auto& name : validated_names())
    if (is_within(name, target)) return {true, {}, client_.address.to_string() + " is " + name};
  return {};
}

Evaluation::Match Evaluation::match_exists(const std::string& target) {
  const Answer answer = lookup_.ask(target, Type::A);
  if (const auto error = count_void(answer, target)) return *error;
  return {answer.status == Answer::Status::Found, {}, target + " exists"};
}

std::optional<Evaluation::Match> Evaluation::count_term() {
  if (++terms_ <= limits_.terms) return std::nullopt;
  return Match{false, AuthResult::PermError,
               "more than " + std::to_string(limits_.terms) + " terms ask the DNS"};
}

std::optional<Evaluation::Match> Evaluation::count_void(const Answer& answer,
                                                        const std::string& name) {
  if (answer.status == Answer::Status::Failed)
    return Match{false, AuthResult::TempError, cannot_ask(name, answer)};
  if (!is_void(answer) || ++void_lookups_ <= limits_.void_lookups) return std::nullopt;
  return Match{
      false, AuthResult::PermError,
      "more than " + std::to_string(limits_.void_lookups) + " terms name what is not there"};
}

bool Evaluation::has_address(const Directive& directive, const Answer& answer) const {
  const bool is_v4 = client_.address.is_v4();
  return std::ranges::any_of(answer.records, [&](const std::string& rdata) {
    return is_in_network(client_.address.bytes(), rdata,
                         is_v4 ? directive.prefix4 : directive.prefix6);
  });
}

Type Evaluation::address_type() const {
  return client_.address.is_v4() ? Type::A : Type::Aaaa;
}

void Evaluation::find_names() {
  if (names_) return;
  names_.emplace();
  ptr_answer_ = lookup_.ask(reverse_name(client_.address), Type::Ptr);
  // Whoever owns the address made these records, not who published the SPF record: what is too
  // much, or fails, is passed over.
  for (std::size_t i = 0; i < std::min(ptr_answer_->records.size(), kMaxHosts); ++i) {
    auto name = dns::decode_name(ptr_answer_->records[i]);
    if (!name || !is_dns_name(*name)) continue;
    if (has_address({}, lookup_.ask(*name, address_type()))) names_->push_back(*std::move(name));
  }
}

const std::vector<std::string>& Evaluation::validated_names() {
  find_names();
  return *names_;
}

// RFC 7208 section 7.3, on "p"
std::string Evaluation::best_name(const std::string& domain) {
  const auto& names = validated_names();
  if (names.empty()) return "unknown";
  const auto same = std::ranges::find_if(
      names, [&](const auto& name) { return equals_ignoring_case(name, domain); });
  if (same != names.end()) return *same;
  const auto below =
      std::ranges::find_if(names, [&](const auto& name) { return is_within(name, domain); });
  return below != names.end() ? *below : names[0];
}

std::string Evaluation::expand_name(const MacroString& text, const std::string& domain) {
  return text.expand_name([&](char letter) { return value_of(letter, domain); });
}

// RFC 7208 section 7.2
std::string Evaluation::value_of(char letter, const std::string& domain) {
  switch (letter) {
    case 's': return sender_.local + "@" + sender_.domain;
    case 'l': return sender_.local;
    case 'o': return sender_.domain;
    case 'd': return domain;
    case 'i': return dotted(client_.address);
    case 'p': return best_name(domain);
    case 'v': return client_.address.is_v4() ? "in-addr" : "ip6";
    case 'h': return client_.helo;
    case 'c': return client_.address.to_string();
    case 'r': return client_.receiver;
    case 't': return std::to_string(unix_seconds(lookup_.clock().now()));
    default: return "";
  }
}

// RFC 7208 section 6.2: whatever is wrong with it, there is none.
std::string Evaluation::explain(const Finding& finding) {
  if (!finding.explanation) return "";
  const std::string name = expand_name(*finding.explanation, finding.domain);
  if (!is_dns_name(name)) return "";
  const auto texts = texts_of(lookup_.ask(name, Type::Txt));
  if (texts.size() != 1) return "";
  const auto text = MacroString::parse(texts[0], MacroString::Grammar::Explanation);
  if (!text) return "";
  std::string said = text->expand_text(
      [&](char letter) { return value_of(letter, finding.domain); }, kMaxExplanation);
  const bool is_printable = std::ranges::all_of(said, [](char c) { return c >= ' ' && c < 127; });
  return is_printable ? said : "";
}

}  // namespace waxwing::spf
