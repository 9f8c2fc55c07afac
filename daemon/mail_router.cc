#include "daemon/mail_router.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "protocols/mail/address.h"
#include "storage/queue.h"

namespace waxwing {
namespace {

using std::chrono::seconds;
using Level = TlsDemand::Level;

constexpr std::string_view kRelay = "relay:";
constexpr seconds kGoodFor{300}, kTroubleGoodFor{60};

std::string relay_name(const Settings::Relay& relay) {
  if (!relay.socket.empty()) return std::string(kRelay) + "unix:" + relay.socket;
  return std::string(kRelay) + (relay.lmtp ? "lmtp:" : "") + relay.host + ":" +
         std::to_string(relay.port);
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

OutboundRoute trouble(int code, const char* status, std::string text) {
  OutboundRoute route;
  route.trouble = {code, status, std::move(text)};
  route.lifetime = kTroubleGoodFor;
  return route;
}

// The same for one whose policies reports are about.
OutboundRoute without_hosts(OutboundRoute route, int code, const char* status, std::string text) {
  auto result = trouble(code, status, std::move(text));
  result.faults = std::move(route.faults);
  return result;
}

std::optional<IpAddress> address_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET)
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  if (address->sa_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (bytes == nullptr) return std::nullopt;
  inet_ntop(address->sa_family, bytes, text.data(), text.size());
  return IpAddress::parse(text.data());
}

std::vector<IpAddress> own_addresses() {
  std::vector<IpAddress> all;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return all;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (const auto address = address_of(each->ifa_addr)) all.push_back(*address);
  }
  freeifaddrs(first);
  return all;
}

// This server takes mail on that port of its machine: to send there would be a loop.
bool is_ourselves(const Settings& settings, const IpAddress& address, std::uint16_t port,
                  const std::vector<IpAddress>& own) {
  const bool is_our_port = std::any_of(
      settings.ports.begin(), settings.ports.end(),
      [&](const auto& listener) { return listener.port + settings.port_offset == port; });
  if (!is_our_port) return false;
  // "0.0.0.0" reaches the machine itself, too.
  if (address.to_string() == "0.0.0.0" || address.to_string() == "::") return true;
  const bool is_ours =
      address.is_loopback() || std::find(own.begin(), own.end(), address) != own.end();
  const auto& listens = settings.addresses;
  return is_ours && (contains(listens, "0.0.0.0") || contains(listens, "::") ||
                     contains(listens, address.to_string()));
}

// By the machine's own means, so that names of /etc/hosts and of a container's network work.
std::vector<IpAddress> look_up(const std::string& host) {
  if (const auto literal = IpAddress::parse(host)) return {*literal};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  std::vector<IpAddress> all;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0) return all;
  for (const addrinfo* each = first; each != nullptr; each = each->ai_next) {
    if (const auto address = address_of(each->ai_addr)) all.push_back(*address);
  }
  freeaddrinfo(first);
  return all;
}

// Messages that may go without TLS have no say here: the relay is the operator's own.
OutboundRoute route_by_relay(const Settings::Relay& relay, TlsWish wish) {
  OutboundHost host;
  // The path of a socket is nothing that a sender should read in a report.
  host.name = relay.socket.empty() ? relay.host : "localhost";
  host.port = relay.port;
  host.socket = relay.socket;
  host.lmtp = relay.lmtp;
  host.addresses = look_up(relay.socket.empty() ? relay.host : "127.0.0.1");
  if (host.addresses.empty())
    return trouble(0, "4.4.3", "the relay " + relay.host + " has no address now");
  host.tls_first = relay.tls == Settings::Relay::Tls::Implicit;
  const bool has_name = !IpAddress::parse(relay.host);
  switch (relay.tls) {
    case Settings::Relay::Tls::None: host.tls.level = Level::None; break;
    case Settings::Relay::Tls::May: host.tls.level = Level::May; break;
    case Settings::Relay::Tls::StartTls:
    case Settings::Relay::Tls::Implicit:
      host.tls.level = has_name ? Level::Verify : Level::Encrypt;
      host.tls.names = {relay.host};
  }
  if (wish == TlsWish::Required && host.tls.level != Level::Verify)
    return trouble(550, "5.7.30", "REQUIRETLS support required: the relay does not prove its name");
  host.user = relay.user;
  host.clear_password = relay.tls == Settings::Relay::Tls::None ||
                        std::all_of(host.addresses.begin(), host.addresses.end(),
                                    [](const auto& address) { return address.is_loopback(); });
  if (!relay.password_file.empty()) {
    std::ifstream file(relay.password_file);
    if (!std::getline(file, host.password)) {
      log.error("relay password", {{"file", relay.password_file},
                                   {"advice", "the service user must be able to read it"}});
      return trouble(0, "4.7.0", "the password for the relay cannot be read");
    }
    if (host.password.ends_with('\r')) host.password.pop_back();
  }
  OutboundRoute route;
  route.hosts.push_back(std::move(host));
  route.lifetime = kGoodFor;
  return route;
}

}  // namespace

namespace {

// As relays and the DNS know it.
std::string routed_domain(const std::string& address) {
  const auto parsed = mail::parse_address(address);
  const std::string written = parsed ? parsed->domain : address.substr(address.rfind('@') + 1);
  if (written.starts_with('[')) return written;
  return mail::canonical_domain(written).value_or(to_lower(written));
}

}  // namespace

bool is_taken_for_another(const Settings& settings, const std::string& address) {
  if (!mail::parse_address(address)) return false;
  const std::string domain = routed_domain(address);
  return std::any_of(settings.relay.begin(), settings.relay.end(), [&](const auto& relay) {
    return relay.accept && contains(relay.domains, domain);
  });
}

std::string next_hop(const Settings& settings, const std::string& address) {
  const std::string domain = routed_domain(address);
  if (contains(settings.queue.hold, domain)) return domain;
  for (const auto& relay : settings.relay) {
    if (relay.domains.empty() || contains(relay.domains, domain)) return relay_name(relay);
  }
  return domain;
}

OutboundRoute route_by_exchange(const Settings& settings, const dns::MailExchange& exchange,
                                const StsPolicies::Found& sts, TlsWish wish) {
  using Status = dns::MailExchange::Status;
  const std::string status(dns::status_code(exchange.status));
  switch (exchange.status) {
    case Status::Found: break;
    case Status::NoDomain:
    case Status::NoHosts: return trouble(550, status.c_str(), exchange.sentence);
    case Status::NullMx: return trouble(556, status.c_str(), exchange.sentence);
    case Status::Failed: return trouble(0, status.c_str(), exchange.sentence);
  }
  // RFC 5321 section 5.1: servers behind ourselves in the list would give it to us.
  std::uint32_t end = UINT32_MAX;
  for (const auto& host : exchange.hosts) {
    if (host.name == settings.hostname) end = std::min<std::uint32_t>(end, host.preference);
  }
  OutboundRoute route;
  route.lifetime = kGoodFor;
  const auto own = own_addresses();
  if (auto fault = fault_of(sts, exchange.domain); fault.policy)
    route.faults.push_back(std::move(fault));
  bool met_ourselves = false, is_final = true;
  std::string unproved;
  for (const auto& host : exchange.hosts) {
    if (host.preference >= end) {
      met_ourselves = true;
      continue;
    }
    auto demand = demand_for(settings, exchange, host, sts, wish);
    if (!demand) {
      unproved = demand.error().sentence;
      is_final = is_final && demand.error().is_final;
      if (demand.error().fault.policy) route.faults.push_back(std::move(demand.error().fault));
      continue;
    }
    OutboundHost out;
    out.name = host.name;
    out.port = settings.outbound.port;
    out.tls = std::move(demand->tls);
    out.policy = std::move(demand->policy);
    out.is_outside = demand->is_outside;
    for (const auto& address : host.addresses) {
      const bool is_loop = is_ourselves(settings, address, out.port, own);
      met_ourselves = met_ourselves || is_loop;
      if (!is_loop) out.addresses.push_back(address);
    }
    if (!out.addresses.empty()) route.hosts.push_back(std::move(out));
  }
  if (!route.hosts.empty()) return route;
  if (!unproved.empty() && is_final && wish == TlsWish::Required)
    return without_hosts(std::move(route), 550, "5.7.30",
                         "REQUIRETLS support required: " + unproved);
  if (!unproved.empty()) return without_hosts(std::move(route), 0, "4.7.5", std::move(unproved));
  if (met_ourselves)
    return trouble(
        554, "5.4.6",
        "the DNS names this server for " + exchange.domain + ", but the domain is not set up here");
  return trouble(0, "4.4.4", "no server of " + exchange.domain + " can be used");
}

MailRouter::MailRouter(std::shared_ptr<const Settings> settings, dns::Resolver& resolver,
                       StsPolicies& policies, Lanes& lanes)
    : resolver_(resolver), policies_(policies), lanes_(lanes), settings_(std::move(settings)) {}

void MailRouter::use(std::shared_ptr<const Settings> settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

std::shared_ptr<const Settings> MailRouter::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

namespace {

TlsWish wish_of(const std::string& destination) {
  if (destination.ends_with(Queue::kRequiresTls)) return TlsWish::Required;
  return destination.ends_with(Queue::kTlsOptional) ? TlsWish::Optional : TlsWish::Usual;
}

// Both answers to one question about a domain; the last one makes the route. Any thread.
class Both {
 public:
  Both(std::shared_ptr<const Settings> settings, TlsWish wish,
       std::function<void(OutboundRoute)> found)
      : settings_(std::move(settings)), wish_(wish), found_(std::move(found)) {}

  void take(dns::MailExchange exchange) {
    take([&] { exchange_ = std::move(exchange); });
  }
  void take(StsPolicies::Found sts) {
    take([&] { sts_ = std::move(sts); });
  }

 private:
  void take(const std::function<void()>& keep) {
    {
      const std::lock_guard lock(mutex_);
      keep();
      if (!exchange_ || !sts_) return;
    }
    found_(route_by_exchange(*settings_, *exchange_, *sts_, wish_));
  }

  const std::shared_ptr<const Settings> settings_;
  const TlsWish wish_;
  const std::function<void(OutboundRoute)> found_;
  std::mutex mutex_;  // guards all below
  std::optional<dns::MailExchange> exchange_;
  std::optional<StsPolicies::Found> sts_;
};

}  // namespace

void MailRouter::find_exchange(std::shared_ptr<const Settings> settings, const std::string& domain,
                               TlsWish wish, std::function<void(OutboundRoute)> found) {
  const auto both = std::make_shared<Both>(settings, wish, std::move(found));
  dns::find_mail_exchange(resolver_, domain, {.port = settings->outbound.port, .random = {}},
                          [both](dns::MailExchange exchange) { both->take(std::move(exchange)); });
  // What the configuration says counts whatever the domain says, but it proves no name.
  const bool is_ours = policy_for(*settings, domain) != nullptr && wish != TlsWish::Required;
  if (is_ours || wish == TlsWish::Optional) return both->take(StsPolicies::Found{});
  policies_.find(domain, [both](StsPolicies::Found sts) { both->take(std::move(sts)); });
}

void MailRouter::find(const std::string& name, std::function<void(OutboundRoute)> found) {
  const auto now = settings();
  const std::string destination(Queue::plain_destination(name));
  const TlsWish wish = wish_of(name);
  if (!destination.starts_with(kRelay))
    return find_exchange(now, destination, wish, std::move(found));
  for (const auto& relay : now->relay) {
    if (relay_name(relay) != destination) continue;
    const auto job = [relay, wish, found] { found(route_by_relay(relay, wish)); };
    if (!lanes_.submit(Lane::Network, job))
      found(trouble(0, "4.3.2", "this server has too much to do just now"));
    return;
  }
  found(trouble(0, "4.3.5", "the relay is no longer configured"));
}

}  // namespace waxwing
