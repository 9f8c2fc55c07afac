#include "config/load.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/ip.h"
#include "base/text.h"
#include "config/load_trust.h"
#include "config/ports.h"
#include "config/section.h"

namespace waxwing {
namespace {

using Listener = Settings::Listener;

constexpr std::uint64_t kMany = 1'000'000'000;

std::string machine_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return to_lower(name);
}

// "192.0.2.1" or "192.0.2.1@53" in its one spelling, with the port.
std::optional<std::string> server_address(std::string_view text) {
  const auto at = text.find('@');
  const auto address = IpAddress::parse(text.substr(0, at));
  const auto port = at == std::string_view::npos ? 53 : parse_number(text.substr(at + 1), 65535);
  if (!address || !port || *port == 0) return std::nullopt;
  return address->to_string() + "@" + std::to_string(*port);
}

// Reads one file into one Settings.
class Loader {
 public:
  Loader(const std::string& path, Mistakes& mistakes)
      : folder_(std::filesystem::path(path).parent_path()), mistakes_(mistakes) {}

  void read(const YAML::Node& document) {
    Section top(document, "", mistakes_);
    settings_.hostname = machine_name();
    if (const auto name = top.text("hostname")) {
      settings_.hostname = to_lower(name->text);
      if (!is_host_name(name->text)) {
        top.mistake(name->mark, "hostname: \"" + printable(name->text) + "\" is not a host name");
      }
    }
    read_path(top, "data_dir", settings_.data_dir);
    read_listen(top.section("listen"));
    read_tls(top.section("tls"));
    {
      auto auth = top.section("auth");
      auth.choice<Settings::PlaintextAuth>("plaintext_auth", settings_.plaintext_auth,
                                           {{"never", Settings::PlaintextAuth::Never},
                                            {"loopback", Settings::PlaintextAuth::Loopback},
                                            {"always", Settings::PlaintextAuth::Always}});
    }
    read_limits(top.section("limits"));
    top.choice<Settings::Durability>(
        "durability", settings_.durability,
        {{"normal", Settings::Durability::Normal}, {"strict", Settings::Durability::Strict}});
    {
      auto smtp = top.section("smtp");
      smtp.choice<Settings::BareNewlines>("bare_newlines", settings_.smtp.bare_newlines,
                                          {{"reject", Settings::BareNewlines::Reject},
                                           {"convert", Settings::BareNewlines::Convert}});
      smtp.flag("hide_client_address", settings_.smtp.hide_client_address);
    }
    read_networks(top, "trusted_networks", settings_.trusted_networks);
    read_sender_policy(top.section("sender_policy"), settings_);
    {
      auto dkim = top.section("dkim");
      dkim.flag("sign", settings_.dkim.sign);
    }
    read_dmarc_reports(top.section("dmarc_reports"), settings_);
    read_queue(top.section("queue"));
    read_outbound(top.section("outbound"));
    read_tls_reports(top.section("tls_reports"));
    if (auto policies = top.sections("tls_policy")) {
      for (auto& policy : *policies) read_tls_policy(policy);
    }
    if (auto relays = top.sections("relay")) {
      for (auto& relay : *relays) read_relay(relay);
    }
    {
      auto search = top.section("search");
      search.choice<Settings::TextIndex>("index", settings_.search.index,
                                         {{"auto", Settings::TextIndex::Auto},
                                          {"always", Settings::TextIndex::Always},
                                          {"never", Settings::TextIndex::Never}});
    }
    {
      auto imap = top.section("imap");
      read_number(imap, "message_limit", settings_.imap.message_limit);
      read_number(imap, "save_limit", settings_.imap.save_limit);
    }
    read_dns(top.section("dns"));
    {
      auto capabilities = top.section("capabilities");
      read_capabilities(capabilities, "hide", settings_.capabilities.hide);
      read_capabilities(capabilities, "show", settings_.capabilities.show);
    }
    if (const auto user = top.text("user")) {
      settings_.user = user->text;
      if (user->text == "root" || user->text == "0") {
        top.mistake(user->mark, "user: Waxwing does not serve as root; name another user");
      }
    }
    {
      auto log = top.section("log");
      log.choice<Log::Level>("level", settings_.log.level,
                             {{"debug", Log::Level::Debug},
                              {"info", Log::Level::Info},
                              {"warning", Log::Level::Warning},
                              {"error", Log::Level::Error}});
      log.choice<Log::Format>("format", settings_.log.format,
                              {{"text", Log::Format::Text}, {"json", Log::Format::Json}});
    }
  }

  Settings take() { return std::move(settings_); }

 private:
  static void read_capabilities(Section& section, const std::string& key,
                                std::vector<std::string>& capabilities) {
    const auto given = section.texts(key);
    if (!given) return;
    for (const auto& capability : *given) capabilities.push_back(to_upper(capability.text));
  }

  // None unless it is there.
  static void read_number(Section& section, const std::string& key,
                          std::optional<std::uint64_t>& number) {
    std::uint64_t given = 0;
    section.number(key, given, 1, kMany);
    if (given > 0) number = given;
  }

  bool read_path(Section& section, const std::string& key, std::string& path) {
    const auto given = section.text(key);
    if (given) path = (folder_ / given->text).lexically_normal().string();
    return given.has_value();
  }

  void read_listen(Section listen) {
    if (const auto addresses = listen.texts("addresses")) {
      settings_.addresses_are_default = false;
      settings_.addresses.clear();
      for (const auto& address : *addresses) {
        const auto parsed = IpAddress::parse(address.text);
        if (!parsed) {
          listen.mistake(address.mark, "listen.addresses: \"" + printable(address.text) +
                                           "\" is not an IP address");
          continue;
        }
        const auto text = parsed->to_string();
        auto& known = settings_.addresses;
        if (std::find(known.begin(), known.end(), text) != known.end()) {
          listen.mistake(address.mark, "listen.addresses: " + text + " is there twice");
        } else {
          known.push_back(text);
        }
      }
      if (addresses->empty()) listen.mistake(listen.mark(), "listen.addresses is empty");
    }
    read_path(listen, "lmtp_socket", settings_.lmtp_socket);
    read_networks(listen, "balancers", settings_.balancers);
    std::uint64_t offset = 0;
    listen.number("port_offset", offset, 0, 65534);
    settings_.port_offset = static_cast<std::uint16_t>(offset);
    bool allow_assigned = false;
    listen.flag("allow_assigned_port", allow_assigned);
    if (auto ports = listen.sections("ports")) {
      settings_.ports.clear();
      for (auto& port : *ports) read_port(port, allow_assigned);
      if (ports->empty()) listen.mistake(listen.mark(), "listen.ports is empty");
      return;
    }
    // The whole matrix: only the offset can go wrong.
    for (const auto& port : settings_.ports) check_offset(listen, listen.mark(), port.port);
  }

  void read_port(Section& entry, bool allow_assigned) {
    Listener listener;
    std::uint64_t port = 0;
    const auto given = entry.text("port");
    entry.number("port", port, 1, 65535);
    const bool has_service =
        entry.choice<Listener::Service>("service", listener.service,
                                        {{"smtp", Listener::Service::Smtp},
                                         {"submission", Listener::Service::Submission},
                                         {"lmtp", Listener::Service::Lmtp},
                                         {"pop3", Listener::Service::Pop3},
                                         {"imap", Listener::Service::Imap},
                                         {"http", Listener::Service::Http}});
    const bool has_tls = entry.choice<Listener::Tls>("tls", listener.tls,
                                                     {{"none", Listener::Tls::None},
                                                      {"starttls", Listener::Tls::StartTls},
                                                      {"implicit", Listener::Tls::Implicit},
                                                      {"auto", Listener::Tls::Auto}});
    entry.flag("allow_assigned_port", allow_assigned);
    if (!given) entry.mistake(entry.mark(), "listen.ports: an entry needs a port");
    if (port == 0) return;
    listener.port = static_cast<std::uint16_t>(port);
    if (!has_service) {
      // A wrong one has been told already; then nothing can be said about the port.
      if (!entry.text("service")) {
        entry.mistake(entry.mark(), "listen.ports: port " + given->text + " needs a service");
      }
      return;
    }
    if (!has_tls) listener.tls = usual_tls(listener);
    if (listener.service == Listener::Service::Http && listener.tls == Listener::Tls::StartTls) {
      entry.mistake(entry.mark(), "listen.ports: http has no starttls; choose none or implicit");
    }
    if (listener.service == Listener::Service::Submission && listener.tls == Listener::Tls::None) {
      entry.mistake(entry.mark(),
                    "listen.ports: port " + given->text +
                        " is submission without TLS, where nobody could sign in; choose tls: "
                        "starttls or implicit");
    }
    check_port(entry, given->mark, listener, allow_assigned);
    settings_.ports.push_back(listener);
  }

  static Listener::Tls usual_tls(const Listener& listener) {
    for (const auto& standard : Settings::default_ports()) {
      if (standard.port == listener.port) return standard.tls;
    }
    return listener.service == Listener::Service::Http ? Listener::Tls::None
                                                       : Listener::Tls::StartTls;
  }

  void check_port(Section& entry, const YAML::Mark& mark, const Listener& listener,
                  bool allow_assigned) {
    const auto number = std::to_string(listener.port);
    for (const auto& other : settings_.ports) {
      if (other.port == listener.port) {
        entry.mistake(mark, "listen.ports: port " + number + " is there twice");
        return;
      }
    }
    const auto foreign = foreign_use(listener.port, listener.service);
    if (!foreign.empty() && !allow_assigned) {
      entry.mistake(mark, "listen.ports: port " + number + " is assigned to " + foreign + ", not " +
                              to_string(listener.service) +
                              "; if that is meant, add allow_assigned_port: true");
    }
    check_offset(entry, mark, listener.port);
  }

  void check_offset(Section& section, const YAML::Mark& mark, std::uint16_t port) {
    if (port + settings_.port_offset <= 65535) return;
    section.mistake(mark, "listen.port_offset: port " + std::to_string(port) + " would become " +
                              std::to_string(port + settings_.port_offset) +
                              ", and 65535 is the last");
  }

  void read_tls(Section tls) {
    if (auto entries = tls.sections("certificates")) {
      for (auto& entry : *entries) {
        Settings::Certificate pair;
        const bool has_certificate = read_path(entry, "certificate", pair.certificate);
        const bool has_key = read_path(entry, "key", pair.key);
        if (has_certificate && has_key) {
          settings_.certificates.push_back(std::move(pair));
        } else {
          entry.mistake(entry.mark(), has_key ? "tls.certificates: a key without its certificate"
                                      : has_certificate
                                          ? "tls.certificates: a certificate without its key"
                                          : "tls.certificates: an entry needs certificate and key");
        }
      }
    }
    tls.choice<std::string>("min_version", settings_.tls_min_version,
                            {{"1.2", "1.2"}, {"1.3", "1.3"}});
  }

  void read_dns(Section dns) {
    for (const auto& server : dns.text_or_texts("server").value_or(std::vector<Placed>{})) {
      if (auto address = server_address(server.text)) {
        settings_.dns.servers.push_back(std::move(*address));
      } else {
        dns.mistake(server.mark, "dns.server: \"" + printable(server.text) +
                                     "\" is not an IP address, or one with a port behind @, as in "
                                     "127.0.0.1@5300");
      }
    }
    if (const auto anchor = dns.text("trust_anchor"); anchor && anchor->text == "none") {
      settings_.dns.anchor = Settings::Dns::Anchor::None;
    } else if (read_path(dns, "trust_anchor", settings_.dns.anchor_file)) {
      settings_.dns.anchor = Settings::Dns::Anchor::File;
    }
  }

  void read_limits(Section section) {
    auto& limits = settings_.limits;
    section.size("message_size", limits.message_size, 1024);
    section.number("recipients", limits.recipients, 1, kMany);
    section.number("connections", limits.connections, 1, kMany);
    section.number("connections_per_address", limits.connections_per_address, 1, kMany);
    section.size("free_space", limits.free_space, 0);
    section.number("messages_per_minute", limits.messages_per_minute, 1, kMany);
    section.number("unknown_recipients_per_minute", limits.unknown_recipients_per_minute, 1, kMany);
    section.number("sends_per_hour", limits.sends_per_hour, 0, kMany);
    section.number("sends_per_day", limits.sends_per_day, 0, kMany);
    section.duration("login_timeout", limits.login_timeout, std::chrono::seconds(1),
                     std::chrono::hours(24));
  }

  void read_queue(Section section) {
    using std::chrono::hours;
    auto& queue = settings_.queue;
    section.duration("retry_min", queue.retry_min, std::chrono::seconds(1), hours(24));
    section.duration("retry_max", queue.retry_max, queue.retry_min, hours(24));
    section.duration("delay_notice", queue.delay_notice, std::chrono::seconds(1), hours(24 * 30));
    section.duration("lifetime", queue.lifetime, std::chrono::seconds(1), hours(24 * 30));
    read_domains(section, "hold", queue.hold);
  }

  void read_domains(Section& section, const std::string& key, std::vector<std::string>& domains) {
    const auto given = section.texts(key);
    if (!given) return;
    for (const auto& domain : *given) {
      if (domain.text != "*" && !is_host_name(domain.text)) {
        section.mistake(domain.mark, section.full(key) + ": \"" + printable(domain.text) +
                                         "\" is not a domain; write one with letters outside ASCII "
                                         "as A-labels (xn--...)");
      }
      domains.push_back(to_lower(domain.text));
    }
  }

  void read_outbound(Section section) {
    auto& outbound = settings_.outbound;
    std::uint64_t port = outbound.port;
    section.number("port", port, 1, 65535);
    outbound.port = static_cast<std::uint16_t>(port);
    std::uint64_t sts_port = outbound.sts_port;
    section.number("sts_port", sts_port, 1, 65535);
    outbound.sts_port = static_cast<std::uint16_t>(sts_port);
    section.number("connections", outbound.connections, 1, kMany);
    section.number("connections_per_destination", outbound.connections_per_destination, 1, kMany);
    if (const auto addresses = section.texts("source_addresses")) {
      for (const auto& address : *addresses) {
        const auto parsed = IpAddress::parse(address.text);
        if (parsed) outbound.source_addresses.push_back(parsed->to_string());
        if (!parsed) {
          section.mistake(address.mark, "outbound.source_addresses: \"" + printable(address.text) +
                                            "\" is not an IP address");
        }
      }
    }
    read_path(section, "ca_file", outbound.ca_file);
  }

  void read_tls_reports(Section section) {
    section.flag("send", settings_.tls_reports.send);
    read_contact(section, settings_.tls_reports.contact);
  }

  void read_tls_policy(Section& entry) {
    Settings::DomainPolicy policy;
    const auto domain = entry.text("domain");
    const bool has_policy =
        entry.choice<Settings::TlsPolicy>("policy", policy.policy,
                                          {{"none", Settings::TlsPolicy::None},
                                           {"may", Settings::TlsPolicy::May},
                                           {"encrypt", Settings::TlsPolicy::Encrypt},
                                           {"verify", Settings::TlsPolicy::Verify},
                                           {"dane", Settings::TlsPolicy::Dane}});
    if (!domain || !has_policy) {
      if (!domain || !entry.text("policy"))
        entry.mistake(entry.mark(), "tls_policy: an entry needs domain and policy");
      return;
    }
    policy.domain = to_lower(domain->text);
    if (policy.domain != "*" && !is_host_name(policy.domain)) {
      entry.mistake(domain->mark,
                    "tls_policy: \"" + printable(domain->text) + "\" is not a domain");
    }
    settings_.tls_policy.push_back(std::move(policy));
  }

  void read_relay(Section& entry) {
    Settings::Relay relay;
    const auto host = entry.text("host");
    const bool has_socket = read_path(entry, "socket", relay.socket);
    if (host) relay.host = to_lower(host->text);
    if (host.has_value() == has_socket)
      entry.mistake(entry.mark(), "relay: an entry needs a host, or the socket of an LMTP server");
    if (host && !is_host_name(relay.host) && !IpAddress::parse(relay.host)) {
      entry.mistake(host->mark, "relay: \"" + printable(host->text) + "\" is not a host name");
    }
    const auto protocol = entry.text("protocol");
    entry.choice<bool>("protocol", relay.lmtp, {{"smtp", false}, {"lmtp", true}});
    if (has_socket && !protocol) relay.lmtp = true;
    if (has_socket && !relay.lmtp)
      entry.mistake(entry.mark(), "relay: a socket is for LMTP; choose protocol: lmtp, or a host");
    std::uint64_t port = relay.lmtp ? 24 : relay.port;
    entry.number("port", port, 1, 65535);
    relay.port = static_cast<std::uint16_t>(port);
    if (relay.port == 465) relay.tls = Settings::Relay::Tls::Implicit;
    if (relay.port == 25 || relay.lmtp) relay.tls = Settings::Relay::Tls::May;
    if (has_socket) relay.tls = Settings::Relay::Tls::None;
    entry.choice<Settings::Relay::Tls>("tls", relay.tls,
                                       {{"none", Settings::Relay::Tls::None},
                                        {"may", Settings::Relay::Tls::May},
                                        {"starttls", Settings::Relay::Tls::StartTls},
                                        {"implicit", Settings::Relay::Tls::Implicit}});
    if (const auto user = entry.text("user")) relay.user = user->text;
    const bool has_password = read_path(entry, "password_file", relay.password_file);
    if (relay.user.empty() == has_password) {
      entry.mistake(entry.mark(), "relay: user and password_file go together");
    }
    read_domains(entry, "domains", relay.domains);
    entry.flag("accept", relay.accept);
    if (relay.accept && relay.domains.empty()) {
      entry.mistake(entry.mark(),
                    "relay: accept: true without domains would take everybody's mail for "
                    "everybody; list the domains");
    }
    settings_.relay.push_back(std::move(relay));
  }

  const std::filesystem::path folder_;
  Mistakes& mistakes_;
  Settings settings_;
};

}  // namespace

Result<std::shared_ptr<const Settings>> load_settings(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Error::Code::NotFound, path + ": " + std::strerror(errno));
  if (std::filesystem::is_directory(path)) {
    return fail(Error::Code::NotFound, path + ": is a directory");
  }
  std::ostringstream text;
  text << file.rdbuf();
  // Paths in the file must still hold when the daemon has gone to another folder.
  return parse_settings(text.str(), std::filesystem::absolute(path).lexically_normal().string());
}

Result<std::shared_ptr<const Settings>> parse_settings(const std::string& text,
                                                       const std::string& path) {
  Mistakes mistakes(path);
  Loader loader(path, mistakes);
  try {
    loader.read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    mistakes.add(error.mark, error.msg);
  }
  if (!mistakes.none()) return fail(Error::Code::Invalid, mistakes.text());
  return std::make_shared<const Settings>(loader.take());
}

}  // namespace waxwing
