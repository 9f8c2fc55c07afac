#include "daemon/domain_records.h"

#include <algorithm>
#include <optional>

#include "auth/timed_lookup.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/ip.h"
#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

using Listener = Settings::Listener;

constexpr std::size_t kMaxString = 255;  // RFC 1035 section 3.3

ZoneRecord txt(std::string name, std::string text) {
  std::string data;
  for (std::size_t at = 0; at < text.size(); at += kMaxString) {
    data += at == 0 ? "\"" : " \"";
    for (const char c : text.substr(at, kMaxString)) {
      if (c == '"' || c == '\\') data += '\\';
      data += c;
    }
    data += '"';
  }
  return {std::move(name), "TXT", std::move(data), std::move(text)};
}

std::string address_mechanism(const IpAddress& address) {
  return (address.is_v4() ? "ip4:" : "ip6:") + address.to_string();
}

// The policy of MTA-STS, for a web server to serve.  RFC 8461 section 3.2
std::string sts_policy(const std::string& host) {
  return "version: STSv1\r\nmode: testing\r\nmx: " + host + "\r\nmax_age: 604800\r\n";
}

// As lines of a comment.
std::string indented(std::string_view text) {
  std::string lines;
  for (const auto line : split(text, '\n')) {
    if (!trim(line).empty()) lines += "\n  " + std::string(trim(line));
  }
  return lines;
}

// The sections of one domain.
class Zone {
 public:
  explicit Zone(const DomainFacts& facts)
      : facts_(facts),
        settings_(facts.settings),
        domain_(facts.domain),
        host_(mail::canonical_domain(settings_.hostname).value_or(settings_.hostname)) {}

  ZoneSection mail() const;
  ZoneSection spf() const;
  ZoneSection dkim() const;
  ZoneSection dmarc() const;
  ZoneSection sts() const;
  ZoneSection tls_reports() const;
  ZoneSection clients() const;
  ZoneSection autoconfig() const;
  ZoneSection host() const;
  bool has_host() const { return is_within(host_, domain_); }

 private:
  std::string name(std::string_view prefix = "") const {
    return std::string(prefix) + domain_ + ".";
  }
  std::vector<std::string> senders() const;
  std::vector<std::string> relays() const;
  ZoneRecord service(const char* label, int priority,
                     const std::vector<std::uint16_t>& ports) const;
  std::vector<std::uint16_t> ports(Listener::Service service, bool is_tls_first) const;

  const DomainFacts& facts_;
  const Settings& settings_;
  const std::string& domain_;
  const std::string host_;
};

ZoneSection Zone::mail() const {
  ZoneSection section{"Mail for " + domain_ + " comes to this server.", {}};
  section.records.push_back({name(), "MX", "10 " + host_ + ".", ""});
  std::string addresses;
  for (const auto& text : settings_.addresses) {
    const auto address = IpAddress::parse(text);
    if (!address || text == "0.0.0.0" || text == "::" || address->is_loopback()) continue;
    addresses += "\n  " + host_ + ". " + (address->is_v4() ? "A " : "AAAA ") + address->to_string();
  }
  section.comment += "\n" + host_ + " needs A and AAAA records";
  section.comment += addresses.empty() ? " with the addresses of this server, and the PTR\n"
                                         "records of these must lead back to it."
                                       : ", whose PTR records lead back to it:" + addresses;
  return section;
}

// Other servers that mail is handed to on its way into the world.
std::vector<std::string> Zone::relays() const {
  std::vector<std::string> hosts;
  for (const auto& relay : settings_.relay) {
    if (relay.lmtp || relay.accept || !relay.socket.empty()) continue;
    const auto address = IpAddress::parse(relay.host);
    if (address ? address->is_loopback() : relay.host == "localhost") continue;
    hosts.push_back(address ? address_mechanism(*address) : "a:" + relay.host);
  }
  std::ranges::sort(hosts);
  hosts.erase(std::ranges::unique(hosts).begin(), hosts.end());
  return hosts;
}

// The mechanisms for what sends beside the host itself.
std::vector<std::string> Zone::senders() const {
  std::vector<std::string> all;
  for (const auto& text : settings_.outbound.source_addresses) {
    if (const auto address = IpAddress::parse(text)) all.push_back(address_mechanism(*address));
  }
  const auto hosts = relays();
  all.insert(all.end(), hosts.begin(), hosts.end());
  return all;
}

ZoneSection Zone::spf() const {
  auto terms = senders();
  terms.insert(terms.begin(), {"v=spf1", "mx"});
  terms.emplace_back("~all");
  ZoneSection section{
      "SPF: the hosts that send in the name of " + domain_ +
          ". \"~all\", for \"-all\" makes some servers\nrefuse what was forwarded before they have "
          "looked at its signature (RFC 7489 section 10.1).",
      {txt(name(), join(terms, " "))}};
  if (!relays().empty())
    section.comment +=
        "\nA relay may send from other hosts than the one it is reached at: ask who runs it what "
        "to\ninclude here.";
  return section;
}

ZoneSection Zone::dkim() const {
  return {"DKIM: the keys that sign what leaves. \"waxwing domain keys " + domain_ +
              "\" shows which sign now.",
          key_records(domain_, facts_.keys)};
}

ZoneSection Zone::dmarc() const {
  return {"DMARC: \"p=none\" only asks for reports. When they show that all mail of " + domain_ +
              " passes, say\n\"p=quarantine\" and then \"p=reject\", so that nobody else can send "
              "in its name.",
          {txt(name("_dmarc."), "v=DMARC1; p=none; rua=mailto:postmaster@" + domain_)}};
}

ZoneSection Zone::sts() const {
  const std::string policy = sts_policy(host_);
  return {
      "MTA-STS: other servers send here with TLS only, and to this host only. It counts once a "
      "web server\nserves the following, with a certificate that browsers trust, as\n"
      "https://mta-sts." +
          domain_ +
          "/.well-known/mta-sts.txt\n(\"mode: enforce\", and another id in the "
          "record, when the reports of TLSRPT show no trouble):" +
          indented(policy),
      {txt(name("_mta-sts."), "v=STSv1; id=" + hex(sha256(policy)).substr(0, 20))}};
}

ZoneSection Zone::tls_reports() const {
  return {"TLSRPT: other servers report every day how TLS went with this one.",
          {txt(name("_smtp._tls."), "v=TLSRPTv1; rua=mailto:postmaster@" + domain_)}};
}

// As clients know them, the one that IANA assigned first.
std::vector<std::uint16_t> Zone::ports(Listener::Service service, bool is_tls_first) const {
  static constexpr std::uint16_t kAssigned[] = {465, 587, 993, 143, 995, 110};
  std::vector<std::uint16_t> found;
  for (const auto& port : settings_.ports) {
    const bool takes_tls_first =
        port.tls == Listener::Tls::Implicit || port.tls == Listener::Tls::Auto;
    if (port.service != service || port.tls == Listener::Tls::None) continue;
    if (takes_tls_first != is_tls_first) continue;
    const bool is_assigned = std::ranges::find(kAssigned, port.port) != std::end(kAssigned);
    found.insert(is_assigned ? found.begin() : found.end(), port.port);
  }
  return found;
}

// "0 0 0 ." says that there is none.  RFC 6186 section 3.4
ZoneRecord Zone::service(const char* label, int priority,
                         const std::vector<std::uint16_t>& ports) const {
  const std::string data = ports.empty() ? "0 0 0 ."
                                         : std::to_string(priority) + " 1 " +
                                               std::to_string(ports.front()) + " " + host_ + ".";
  return {name(label), "SRV", data, ""};
}

ZoneSection Zone::clients() const {
  using Service = Listener::Service;
  return {
      "Where mail programs find this server (RFC 6186, RFC 8314): TLS from the first byte "
      "before\nSTARTTLS, IMAP before POP3.",
      {service("_submissions._tcp.", 0, ports(Service::Submission, true)),
       service("_submission._tcp.", 10, ports(Service::Submission, false)),
       service("_imaps._tcp.", 0, ports(Service::Imap, true)),
       service("_imap._tcp.", 10, ports(Service::Imap, false)),
       service("_pop3s._tcp.", 20, ports(Service::Pop3, true)),
       service("_pop3._tcp.", 30, ports(Service::Pop3, false))}};
}

ZoneSection Zone::autoconfig() const {
  return {
      "Thunderbird and Outlook ask a web server at these names. Publish them once one answers "
      "there:\n  " +
          name("autoconfig.") + " CNAME " + host_ + ".\n  " + name("autodiscover.") + " CNAME " +
          host_ + ".",
      {}};
}

// What is published once, for the server itself.
ZoneSection Zone::host() const {
  ZoneSection section{"The server itself, " + host_ + ".", {}};
  // Reports have no other sender than the name in EHLO.  RFC 7208 section 2.4
  if (host_ != domain_) {
    auto terms = senders();
    terms.insert(terms.begin(), {"v=spf1", "a"});
    terms.emplace_back("-all");
    section.records.push_back(txt(host_ + ".", join(terms, " ")));
  }
  section.comment +=
      facts_.tls_keys.empty()
          ? "\nIts certificate could not be read, so there is no TLSA record."
          : "\nDANE: in a zone that is signed (DNSSEC), other servers send here only with this "
            "key. "
            "Have\nevery new certificate made with the same key, or publish the TLSA record of the "
            "next key an\nhour before it is used: else no mail comes.";
  for (const auto& key : facts_.tls_keys)
    section.records.push_back({"_25._tcp." + host_ + ".", "TLSA", "3 1 1 " + key, ""});
  return section;
}

}  // namespace

std::vector<ZoneRecord> key_records(const std::string& domain, const std::vector<DomainKey>& keys) {
  std::vector<ZoneRecord> records;
  for (const auto& key : keys)
    records.push_back(txt(key.selector + "._domainkey." + domain + ".", key.record));
  return records;
}

std::vector<ZoneSection> domain_records(const DomainFacts& facts) {
  const Zone zone(facts);
  std::vector<ZoneSection> sections = {zone.mail(),    zone.spf(),       zone.dkim(),
                                       zone.dmarc(),   zone.sts(),       zone.tls_reports(),
                                       zone.clients(), zone.autoconfig()};
  if (zone.has_host()) sections.push_back(zone.host());
  return sections;
}

std::string zone_line(const ZoneRecord& record) {
  return record.name + " " + std::to_string(kZoneTtl) + " IN " + record.type + " " + record.data;
}

std::string zone_file(const std::vector<ZoneSection>& sections) {
  std::string text;
  for (const auto& section : sections) {
    if (!text.empty()) text += "\n";
    for (const auto line : split(section.comment, '\n')) text += "; " + std::string(line) + "\n";
    for (const auto& record : section.records) text += zone_line(record) + "\n";
  }
  return text;
}

}  // namespace waxwing
