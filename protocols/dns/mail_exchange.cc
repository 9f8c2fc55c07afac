#include "protocols/dns/mail_exchange.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "base/text.h"
#include "protocols/dns/tlsa_search.h"
#include "protocols/mail/address.h"

namespace waxwing::dns {
namespace {

using Status = MailExchange::Status;

constexpr std::size_t kMaxHosts = 10;
constexpr std::size_t kMaxAddresses = 20;
constexpr std::size_t kAddressesOfEach = kMaxAddresses / kMaxHosts;

std::size_t random_below(std::size_t below) {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(generator);
}

// "[192.0.2.1]" in its one spelling.
std::optional<IpAddress> literal_address(std::string_view domain) {
  if (!domain.starts_with('[')) return std::nullopt;
  domain = domain.substr(1, domain.size() - 2);
  if (domain.starts_with("IPv6:")) domain.remove_prefix(5);
  return IpAddress::parse(domain);
}

// Other names may be in the DNS, but no host is called so.
bool is_host_name(const std::string& name) {
  return !name.empty() && name.find('\\') == std::string::npos;
}

// By preference, at random within one, and each host once.
std::vector<Mx> in_order(std::vector<Mx> all, const MailExchangeOptions& options) {
  for (std::size_t left = all.size(); left > 1; --left)
    std::swap(all[left - 1], all[options.random(left)]);
  std::ranges::stable_sort(all, {}, &Mx::preference);
  std::vector<Mx> each;
  for (Mx& mx : all)
    if (std::ranges::find(each, mx.host, &Mx::host) == each.end()) each.push_back(std::move(mx));
  return each;
}

// IPv6 first, then in turn.
std::vector<IpAddress> alternating(const Answer& v6, const Answer& v4) {
  std::vector<IpAddress> addresses;
  for (std::size_t i = 0; i < std::max(v6.records.size(), v4.records.size()); ++i) {
    std::optional<IpAddress> address;
    if (i < v6.records.size() && (address = decode_aaaa(v6.records[i])))
      addresses.push_back(*address);
    if (i < v4.records.size() && (address = decode_a(v4.records[i]))) addresses.push_back(*address);
  }
  return addresses;
}

// Gives the room for addresses away: a few to each host, what is left to the first.
void cut_addresses(std::vector<MailHost>& hosts) {
  std::size_t room = kMaxAddresses;
  for (const MailHost& host : hosts) room -= std::min(host.addresses.size(), kAddressesOfEach);
  for (MailHost& host : hosts) {
    const std::size_t own = std::min(host.addresses.size(), kAddressesOfEach);
    const std::size_t more = std::min(host.addresses.size() - own, room);
    room -= more;
    host.addresses.resize(own + more);
  }
}

// One lookup. Only one thread at a time has it: the one that brings the last answer of a round.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  Lookup(Resolver& resolver, MailExchangeOptions options, std::function<void(MailExchange)> found)
      : resolver_(resolver), options_(std::move(options)), found_(std::move(found)) {
    if (!options_.random) options_.random = random_below;
  }

  void start(std::string_view domain);

 private:
  void mx_answered(const Answer& answer);
  void take_mx(const Answer& answer);
  void find_addresses(std::vector<Mx> hosts);
  void addresses_answered(const std::vector<Mx>& hosts, const std::vector<Answer>& answers);
  bool add_host(const Mx& mx, const Answer& v6, const Answer& v4);
  void find_tlsa();
  void tlsa_found(std::vector<HostTlsa> all);

  void failed(const std::string& trouble);
  void end(Status status, std::string sentence);

  Resolver& resolver_;
  MailExchangeOptions options_;
  std::function<void(MailExchange)> found_;
  MailExchange result_;
  std::vector<std::string> canonical_names_;  // of result_.hosts
};

void Lookup::start(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  const auto canonical = mail::canonical_domain(domain);
  if (!canonical) {
    result_.domain = domain;
    return end(Status::NoDomain, "\"" + printable(domain) + "\" is not the name of a domain.");
  }
  result_.domain = result_.canonical_domain = *canonical;
  if (const auto address = literal_address(*canonical)) {
    result_.hosts.push_back({*canonical, 0, {*address}});
    return end(Status::Found, "");
  }
  resolver_.resolve({*canonical, Type::Mx}, [self = shared_from_this()](const Answer& answer) {
    self->mx_answered(answer);
  });
}

void Lookup::mx_answered(const Answer& answer) {
  result_.is_secure = answer.is_secure;
  switch (answer.status) {
    case Answer::Status::Found: return take_mx(answer);
    case Answer::Status::NoData:
      result_.is_implicit = true;
      return find_addresses({{0, result_.domain}});
    case Answer::Status::NoName:
      return end(Status::NoDomain, "There is no domain " + result_.domain + ".");
    case Answer::Status::Failed: return failed(answer.trouble);
  }
}

void Lookup::take_mx(const Answer& answer) {
  result_.canonical_domain = answer.canonical_name;
  std::vector<Mx> all;
  for (const auto& record : answer.records)
    if (auto mx = decode_mx(record)) all.push_back(*std::move(mx));
  if (all.empty()) return failed("its MX records make no sense");
  if (all.size() == 1 && all[0].host.empty())
    return end(Status::NullMx, result_.domain + " says that it takes no mail.");
  auto hosts = in_order(std::move(all), options_);
  std::erase_if(hosts, [this](const Mx& mx) {
    if (is_host_name(mx.host)) return false;
    result_.notes.push_back("\"" + mx.host + "\" is not the name of a host");
    return true;
  });
  if (hosts.size() > kMaxHosts) {
    result_.notes.push_back("of " + std::to_string(hosts.size()) + " hosts the first " +
                            std::to_string(kMaxHosts) + " are tried");
    hosts.resize(kMaxHosts);
  }
  find_addresses(std::move(hosts));
}

void Lookup::find_addresses(std::vector<Mx> hosts) {
  std::vector<Question> questions;
  for (const Mx& mx : hosts) {
    questions.push_back({mx.host, Type::Aaaa});
    questions.push_back({mx.host, Type::A});
  }
  resolve_all(resolver_, questions,
              [self = shared_from_this(), hosts = std::move(hosts)](const auto& answers) {
                self->addresses_answered(hosts, answers);
              });
}

void Lookup::addresses_answered(const std::vector<Mx>& hosts, const std::vector<Answer>& answers) {
  std::string trouble;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const Answer& v6 = answers[2 * i];
    const Answer& v4 = answers[2 * i + 1];
    if (add_host(hosts[i], v6, v4)) continue;
    const bool is_known =
        v6.status != Answer::Status::Failed && v4.status != Answer::Status::Failed;
    const std::string why = v6.status == Answer::Status::Failed ? v6.trouble : v4.trouble;
    if (!is_known && trouble.empty()) trouble = hosts[i].host + ": " + why;
    result_.notes.push_back(is_known ? hosts[i].host + " has no address"
                                     : "the addresses of " + hosts[i].host + ": " + printable(why));
  }
  cut_addresses(result_.hosts);
  if (!result_.hosts.empty()) return find_tlsa();
  if (!trouble.empty()) return failed(trouble);
  end(Status::NoHosts,
      result_.is_implicit ? result_.domain + " has neither mail servers nor an address of its own."
      : hosts.empty()     ? "The mail servers that " + result_.domain + " names are no hosts."
                          : "The mail servers that " + result_.domain + " names have no address.");
}

// False when it has no address. One family may fail: what the other says is enough to send.
bool Lookup::add_host(const Mx& mx, const Answer& v6, const Answer& v4) {
  MailHost host{mx.host, mx.preference, alternating(v6, v4)};
  if (host.addresses.empty()) return false;
  host.is_secure = true;
  std::string canonical = mx.host;
  for (const Answer* answer : {&v6, &v4}) {
    if (answer->status != Answer::Status::Found) continue;
    host.is_secure = host.is_secure && answer->is_secure;
    canonical = answer->canonical_name;
  }
  if (result_.is_implicit) result_.canonical_domain = canonical;
  result_.hosts.push_back(std::move(host));
  canonical_names_.push_back(std::move(canonical));
  return true;
}

void Lookup::find_tlsa() {
  if (!result_.is_secure) return end(Status::Found, "");
  std::vector<TlsaTarget> targets;
  for (std::size_t i = 0; i < result_.hosts.size(); ++i) {
    const MailHost& host = result_.hosts[i];
    targets.push_back({host.name, canonical_names_[i], host.is_secure});
  }
  dns::find_tlsa(
      resolver_, std::move(targets), options_.port,
      [self = shared_from_this()](std::vector<HostTlsa> all) { self->tlsa_found(std::move(all)); });
}

void Lookup::tlsa_found(std::vector<HostTlsa> all) {
  std::string trouble;
  bool can_try = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    MailHost& host = result_.hosts[i];
    host.dane = all[i].dane;
    host.tlsa = std::move(all[i].records);
    host.tlsa_base = std::move(all[i].base);
    if (host.dane != Dane::Failed) {
      can_try = true;
      continue;
    }
    if (trouble.empty()) trouble = host.name + ": " + all[i].trouble;
    result_.notes.push_back("the TLSA records of " + host.name + ": " + printable(all[i].trouble));
  }
  if (!can_try) return failed(trouble);
  end(Status::Found, "");
}

void Lookup::failed(const std::string& trouble) {
  end(Status::Failed, "The DNS does not say for now where mail for " + result_.domain +
                          " goes: " + printable(trouble) + ".");
}

void Lookup::end(Status status, std::string sentence) {
  result_.status = status;
  result_.sentence = std::move(sentence);
  found_(std::move(result_));
}

}  // namespace

std::string_view status_code(MailExchange::Status status) {
  switch (status) {
    case Status::Found: return "2.0.0";
    case Status::NoDomain: return "5.1.2";
    case Status::NullMx: return "5.1.10";
    case Status::NoHosts: return "5.4.4";
    case Status::Failed: return "4.4.3";
  }
  return "4.4.3";
}

void find_mail_exchange(Resolver& resolver, std::string_view domain, MailExchangeOptions options,
                        std::function<void(MailExchange)> found) {
  std::make_shared<Lookup>(resolver, std::move(options), std::move(found))->start(domain);
}

}  // namespace waxwing::dns
