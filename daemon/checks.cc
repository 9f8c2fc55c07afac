#include "daemon/checks.h"

#include <future>
#include <memory>

#include "base/encoding.h"
#include "base/text.h"
#include "config/load.h"
#include "daemon/unbound_resolver.h"
#include "protocols/dns/mail_exchange.h"

namespace waxwing {
namespace {

using dns::Dane;
using dns::MailExchange;
using dns::MailHost;
using nlohmann::json;

const char* to_word(MailExchange::Status status) {
  switch (status) {
    case MailExchange::Status::Found: return "found";
    case MailExchange::Status::NoDomain: return "no-domain";
    case MailExchange::Status::NullMx: return "null-mx";
    case MailExchange::Status::NoHosts: return "no-hosts";
    case MailExchange::Status::Failed: return "failed";
  }
  return "";
}

const char* to_word(Dane dane) {
  switch (dane) {
    case Dane::None: return "none";
    case Dane::Usable: return "usable";
    case Dane::Unusable: return "unusable";
    case Dane::Failed: return "failed";
  }
  return "";
}

const char* to_word(UnboundResolver::Validation validation) {
  switch (validation) {
    case UnboundResolver::Validation::Unknown: return "unknown";
    case UnboundResolver::Validation::On: return "on";
    case UnboundResolver::Validation::Off: return "off";
  }
  return "";
}

std::vector<std::string> addresses_of(const MailHost& host) {
  std::vector<std::string> all;
  for (const IpAddress& address : host.addresses) all.push_back(address.to_string());
  return all;
}

json to_json(const MailHost& host) {
  json tlsa = json::array();
  for (const auto& record : host.tlsa) {
    tlsa.push_back({{"usage", record.usage},
                    {"selector", record.selector},
                    {"matching", record.matching},
                    {"data", hex(record.data)}});
  }
  return {{"name", host.name},          {"preference", host.preference},
          {"secure", host.is_secure},   {"addresses", addresses_of(host)},
          {"dane", to_word(host.dane)}, {"tlsa_base", host.tlsa_base},
          {"tlsa", std::move(tlsa)}};
}

json to_json(const MailExchange& exchange, const UnboundResolver& resolver) {
  json hosts = json::array();
  for (const MailHost& host : exchange.hosts) hosts.push_back(to_json(host));
  return {{"domain", exchange.domain},
          {"canonical_domain", exchange.canonical_domain},
          {"status", to_word(exchange.status)},
          {"code", dns::status_code(exchange.status)},
          {"sentence", exchange.sentence},
          {"secure", exchange.is_secure},
          {"implicit", exchange.is_implicit},
          {"hosts", std::move(hosts)},
          {"notes", exchange.notes},
          {"resolver", resolver.source()},
          {"validation", to_word(resolver.validation())}};
}

std::string tls_of(const MailHost& host) {
  switch (host.dane) {
    case Dane::None: return "TLS when offered";
    case Dane::Usable:
      return "DANE, " + std::to_string(host.tlsa.size()) + " TLSA of " + host.tlsa_base;
    case Dane::Unusable: return "TLS required, TLSA of " + host.tlsa_base + " not usable";
    case Dane::Failed: return "passed over: its TLSA cannot be had";
  }
  return "";
}

std::string to_text(const MailExchange& exchange, const UnboundResolver& resolver) {
  std::vector<std::vector<std::string>> rows = {
      {"host", "preference", "addresses", "dnssec", "tls"}};
  for (const MailHost& host : exchange.hosts) {
    rows.push_back({host.name, std::to_string(host.preference), join(addresses_of(host), " "),
                    host.is_secure ? "secure" : "insecure", tls_of(host)});
  }
  std::string text = table(rows);
  for (const auto& note : exchange.notes) text += "\nnote: " + note;
  text += "\n" + exchange.domain;
  text += exchange.is_implicit ? " has no MX and receives itself" : " has MX";
  text += exchange.is_secure ? ", proved by DNSSEC" : ", not proved by DNSSEC";
  return text + "\nasked: " + resolver.source() + ", validation " + to_word(resolver.validation());
}

}  // namespace

Answer check_mx(const std::string& config, const std::string& domain, std::uint16_t port) {
  const auto settings = load_settings(config);
  if (!settings) return failed(settings.error().text);
  log.configure(Log::Level::Warning, (*settings)->log.format);
  const auto resolver = UnboundResolver::open((*settings)->dns);
  if (!resolver) return failed(resolver.error().text);
  // Shared, because set_value() may still be at work when the waiting has ended.
  const auto promise = std::make_shared<std::promise<MailExchange>>();
  dns::find_mail_exchange(**resolver, domain, {port, nullptr},
                          [promise](MailExchange found) { promise->set_value(std::move(found)); });
  const MailExchange found = promise->get_future().get();
  json result = to_json(found, **resolver);
  if (found.status == MailExchange::Status::Found)
    return done(to_text(found, **resolver), std::move(result));
  Answer answer = failed(found.sentence + " (" + std::string(dns::status_code(found.status)) +
                         "; asked: " + (*resolver)->source() + ")");
  answer.result = std::move(result);
  return answer;
}

}  // namespace waxwing
