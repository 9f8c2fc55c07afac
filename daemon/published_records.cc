#include "daemon/published_records.h"

#include <algorithm>
#include <map>
#include <set>

#include "auth/dkim_key.h"
#include "auth/dmarc_record.h"
#include "auth/spf.h"
#include "auth/timed_lookup.h"
#include "base/encoding.h"
#include "base/text.h"
#include "protocols/dns/records.h"
#include "protocols/dns/sts_policy.h"
#include "protocols/dns/tls_report_record.h"

namespace waxwing {
namespace {

std::string without_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return std::string(name);
}

template <class Decode>
auto decoded(const dns::Answer& answer, Decode decode) {
  std::vector<typename decltype(decode(std::string_view()))::value_type> all;
  for (const auto& rdata : answer.records) {
    if (auto record = decode(rdata)) all.push_back(*std::move(record));
  }
  return all;
}

// The texts that begin as the record of that kind does: "v=DMARC1".
std::vector<std::string> texts_with(const dns::Answer& answer, std::string_view version) {
  auto texts = texts_of(answer);
  std::erase_if(texts, [&](const std::string& text) {
    const auto behind = text.substr(std::min(text.size(), version.size()), 1);
    return !starts_with_ignoring_case(text, version) ||
           (behind != "" && behind != " " && behind != ";" && behind != "\t");
  });
  return texts;
}

class Comparison {
 public:
  Comparison(dns::Resolver& resolver, const Clock& clock, const std::vector<ZoneRecord>& wanted)
      : resolver_(resolver), clock_(clock) {
    for (const auto& record : wanted) {
      if (record.type == "MX") host_ = without_dot(words(record.data).back());
      if (record.type == "TLSA") keys_[record.name].insert(std::string(words(record.data).back()));
    }
  }

  std::vector<Difference> run(const std::vector<ZoneRecord>& wanted) {
    if (!host_.empty()) look_at_host();
    for (const auto& record : wanted) look_at(record);
    return std::move(found_);
  }

 private:
  using Answer = dns::Answer;
  using Type = dns::Type;

  // What is wrong with it; empty: nothing.
  using Judge = std::string (Comparison::*)(const ZoneRecord&, const Answer&);
  struct Kind {
    std::string_view type;
    std::string_view start;  // of the text
    Type asked;
    Judge judge;
  };
  static const Kind kKinds[];

  void look_at(const ZoneRecord& record);
  void look_at_host();
  void note(const ZoneRecord& record, std::string sentence, bool is_unknown = false) {
    found_.push_back({record.name, record.type, std::move(sentence), is_unknown});
  }
  Answer ask(const std::string& name, Type type) {
    return dns::resolve_now(resolver_, {name, type});
  }

  std::string judge_mx(const ZoneRecord& record, const Answer& answer);
  std::string judge_spf(const ZoneRecord& record, const Answer& answer);
  std::string judge_dkim(const ZoneRecord& record, const Answer& answer);
  std::string judge_dmarc(const ZoneRecord& record, const Answer& answer);
  std::string judge_sts(const ZoneRecord& record, const Answer& answer);
  std::string judge_tls_reports(const ZoneRecord& record, const Answer& answer);
  std::string judge_srv(const ZoneRecord& record, const Answer& answer);
  std::string judge_tlsa(const ZoneRecord& record, const Answer& answer);

  dns::Resolver& resolver_;
  const Clock& clock_;
  std::string host_;
  std::vector<IpAddress> addresses_;                   // of the host
  std::map<std::string, std::set<std::string>> keys_;  // of TLSA, by name
  std::vector<Difference> found_;
};

const Comparison::Kind Comparison::kKinds[] = {
    {"MX", "", Type::Mx, &Comparison::judge_mx},
    {"TXT", "v=spf1", Type::Txt, &Comparison::judge_spf},
    {"TXT", "v=DKIM1", Type::Txt, &Comparison::judge_dkim},
    {"TXT", "v=DMARC1", Type::Txt, &Comparison::judge_dmarc},
    {"TXT", "v=STSv1", Type::Txt, &Comparison::judge_sts},
    {"TXT", "v=TLSRPTv1", Type::Txt, &Comparison::judge_tls_reports},
    {"SRV", "", Type::Srv, &Comparison::judge_srv},
    {"TLSA", "", Type::Tlsa, &Comparison::judge_tlsa},
};

void Comparison::look_at(const ZoneRecord& record) {
  const auto* kind = std::ranges::find_if(kKinds, [&](const Kind& each) {
    return each.type == record.type && record.text.starts_with(each.start);
  });
  if (kind == std::end(kKinds)) return;
  const Answer answer = ask(record.name, kind->asked);
  if (answer.status == Answer::Status::Failed)
    return note(record, "the DNS does not answer for it now: " + printable(answer.trouble), true);
  std::string sentence = (this->*kind->judge)(record, answer);
  if (!sentence.empty()) note(record, std::move(sentence));
}

void Comparison::look_at_host() {
  const ZoneRecord record{host_ + ".", "A", "", ""};
  const Answer v4 = ask(host_, Type::A), v6 = ask(host_, Type::Aaaa);
  addresses_ = decoded(v4, dns::decode_a);
  const auto more = decoded(v6, dns::decode_aaaa);
  addresses_.insert(addresses_.end(), more.begin(), more.end());
  for (const auto* answer : {&v4, &v6}) {
    if (answer->status == Answer::Status::Failed)
      return note(record, "the DNS does not answer for it now: " + printable(answer->trouble),
                  true);
  }
  if (addresses_.empty()) note(record, "the host that takes the mail has no address");
}

std::string Comparison::judge_mx(const ZoneRecord& record, const Answer& answer) {
  const auto all = decoded(answer, dns::decode_mx);
  if (all.empty())
    return "there is no MX record: mail goes to " + without_dot(record.name) + " itself";
  std::vector<std::string> hosts;
  for (const auto& mx : all) hosts.push_back(mx.host.empty() ? "nowhere (null MX)" : mx.host);
  if (std::ranges::find(hosts, host_) != hosts.end()) return {};
  return "mail goes to " + printable(join(hosts, ", ")) + " and not to " + host_;
}

std::string Comparison::judge_spf(const ZoneRecord& record, const Answer& answer) {
  const auto texts = texts_with(answer, "v=spf1");
  if (texts.empty()) return "there is no SPF record";
  if (texts.size() > 1)
    return "there are " + std::to_string(texts.size()) +
           " SPF records, and of several none counts: make them one";
  if (texts[0] == record.text) return {};
  const std::string domain = without_dot(record.name);
  for (const auto& address : addresses_) {
    const auto verdict =
        spf::check_host(resolver_, clock_, {address, host_}, domain, "postmaster@" + domain);
    if (verdict.result != AuthResult::Pass)
      return "SPF says " + std::string(to_string(verdict.result)) + " for " + address.to_string() +
             ", an address of " + host_ + ": " + printable(verdict.reason);
  }
  return {};
}

std::string Comparison::judge_dkim(const ZoneRecord& record, const Answer& answer) {
  const auto texts = texts_of(answer);
  if (texts.empty()) return "the key is not published";
  if (texts.size() > 1)
    return "there are " + std::to_string(texts.size()) +
           " TXT records, and of several keys any may be taken: leave one";
  const auto wanted = dkim::parse_key_record(record.text);
  const auto there = dkim::parse_key_record(texts[0]);
  if (!there) return "no key can be read: " + there.error().text;
  if (there->key.empty()) return "the key is revoked (p= is empty)";
  if (!wanted || there->key != wanted->key) return "another key is published";
  if (there->type != wanted->type) return "k= says another algorithm";
  if (!there->is_for_mail || !there->takes_sha256) return "s= or h= shuts this use of the key out";
  return {};
}

std::string Comparison::judge_dmarc(const ZoneRecord&, const Answer& answer) {
  const auto texts = texts_with(answer, "v=DMARC1");
  if (texts.empty()) return "there is no DMARC record";
  if (texts.size() > 1)
    return "there are " + std::to_string(texts.size()) +
           " DMARC records, and of several none counts: leave one";
  const auto there = dmarc::parse_record(texts[0]);
  return there ? std::string() : "the DMARC record cannot be read: " + there.error().text;
}

std::string Comparison::judge_sts(const ZoneRecord&, const Answer& answer) {
  if (dns::sts_id(texts_of(answer))) return {};
  return texts_with(answer, "v=STSv1").empty() ? "there is no record of MTA-STS"
                                               : "the record of MTA-STS makes no sense";
}

std::string Comparison::judge_tls_reports(const ZoneRecord&, const Answer& answer) {
  if (!dns::tls_report_targets(texts_of(answer)).empty()) return {};
  return texts_with(answer, "v=TLSRPTv1").empty() ? "there is no record of TLSRPT"
                                                  : "the record of TLSRPT makes no sense";
}

std::string Comparison::judge_srv(const ZoneRecord& record, const Answer& answer) {
  const auto wanted = words(record.data);  // priority, weight, port, host
  const std::string host = without_dot(wanted[3]);
  std::vector<std::string> places;
  for (const auto& srv : decoded(answer, dns::decode_srv)) {
    const std::string port = std::to_string(srv.port);
    if (srv.host == host && (host.empty() || port == wanted[2])) return {};
    if (!srv.host.empty()) places.push_back(srv.host + " port " + port);
  }
  const std::string found = printable(join(places, ", "));
  if (host.empty())
    return places.empty() ? "" : "mail programs are sent to " + found + ", which is not here";
  if (places.empty()) return "mail programs do not find the service: there is no SRV record";
  return "mail programs are sent to " + found + " and not to " + host + " port " +
         std::string(wanted[2]);
}

// Without TLSA nothing is lost; with wrong ones all mail of who looks at them.
std::string Comparison::judge_tlsa(const ZoneRecord& record, const Answer& answer) {
  for (const auto& tlsa : decoded(answer, dns::decode_tlsa)) {
    const bool names_key = tlsa.usage == 3 && tlsa.selector == 1 && tlsa.matching == 1;
    if (!names_key || keys_[record.name].contains(hex(tlsa.data))) return {};
  }
  if (answer.records.empty()) return {};
  return "DANE names other keys than this server's: who looks at them sends no mail here";
}

}  // namespace

std::vector<Difference> differences(dns::Resolver& resolver, const Clock& clock,
                                    const std::vector<ZoneRecord>& wanted) {
  return Comparison(resolver, clock, wanted).run(wanted);
}

}  // namespace waxwing
