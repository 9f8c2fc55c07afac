#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace waxwing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Service = Settings::Listener::Service;
using Tls = Settings::Listener::Tls;

Settings good(const std::string& text) {
  const auto settings = parse_settings(text, "/etc/waxwing/w.yaml");
  if (!settings) {
    ADD_FAILURE() << settings.error().text;
    return {};
  }
  return **settings;
}

// The mistakes, without the name of the file.
std::vector<std::string> mistakes(const std::string& text) {
  const auto settings = parse_settings(text, "w.yaml");
  if (settings) return {"none"};
  EXPECT_EQ(settings.error().code, Error::Code::Invalid);
  std::vector<std::string> lines;
  for (const auto line : split(settings.error().text, '\n')) {
    EXPECT_TRUE(line.starts_with("w.yaml:")) << line;
    lines.emplace_back(line.substr(std::min<std::size_t>(7, line.size())));
  }
  return lines;
}

TEST(LoadSettings, EmptyFileIsAllDefaults) {
  for (const char* text : {"", "# nothing\n", "---\n"}) {
    const auto settings = good(text);
    EXPECT_FALSE(settings.hostname.empty());
    EXPECT_EQ(settings.data_dir, "/var/lib/waxwing");
    EXPECT_EQ(settings.ports.size(), 10u);
    EXPECT_TRUE(settings.addresses_are_default);
    EXPECT_EQ(settings.plaintext_auth, Settings::PlaintextAuth::Loopback);
    EXPECT_EQ(settings.limits.message_size, 100u << 20);
    EXPECT_FALSE(settings.imap.message_limit || settings.imap.save_limit);
  }
}

TEST(LoadSettings, ReadsEveryKey) {
  const auto settings = good(R"(
hostname: Mail.Example.com
data_dir: /srv/mail
listen:
  addresses: ["192.0.2.1", "2001:DB8::1"]
  port_offset: 10000
  ports:
    - {port: 25, service: smtp, tls: starttls}
    - {port: 995, service: pop3, tls: auto}
    - {port: 993, service: imap}
    - {port: 8080, service: http}
tls:
  certificates: [{certificate: fullchain.pem, key: /keys/privkey.pem}]
  min_version: "1.3"
auth: {plaintext_auth: never}
limits: {message_size: 50MB, recipients: 500, connections: 1000, connections_per_address: 20,
         free_space: 2GiB, messages_per_minute: 10, unknown_recipients_per_minute: 3, login_timeout: 2m}
durability: strict
smtp: {bare_newlines: convert, hide_client_address: false}
search: {index: always}
imap: {message_limit: 1000, save_limit: 5000}
dns: {server: ["127.0.0.1@5300", "2001:DB8::53"], trust_anchor: keys/root.ds}
capabilities: {hide: [notify, COMPRESS=DEFLATE], show: [uidonly]}
user: mail
log: {level: debug, format: json}
)");
  EXPECT_EQ(settings.hostname, "mail.example.com");
  EXPECT_EQ(settings.data_dir, "/srv/mail");
  EXPECT_THAT(settings.addresses, ElementsAre("192.0.2.1", "2001:db8::1"));
  EXPECT_FALSE(settings.addresses_are_default);
  EXPECT_EQ(settings.port_offset, 10000);
  ASSERT_EQ(settings.ports.size(), 4u);
  EXPECT_EQ(settings.ports[1].port, 995);
  EXPECT_EQ(settings.ports[1].service, Service::Pop3);
  EXPECT_EQ(settings.ports[1].tls, Tls::Auto);
  EXPECT_EQ(settings.ports[2].tls, Tls::Implicit) << "as in the matrix";
  EXPECT_EQ(settings.ports[3].tls, Tls::None);
  ASSERT_EQ(settings.certificates.size(), 1u);
  EXPECT_EQ(settings.certificates[0].certificate, "/etc/waxwing/fullchain.pem");
  EXPECT_EQ(settings.certificates[0].key, "/keys/privkey.pem");
  EXPECT_EQ(settings.tls_min_version, "1.3");
  EXPECT_EQ(settings.plaintext_auth, Settings::PlaintextAuth::Never);
  EXPECT_EQ(settings.limits.message_size, 50'000'000u);
  EXPECT_EQ(settings.limits.recipients, 500u);
  EXPECT_EQ(settings.limits.connections, 1000u);
  EXPECT_EQ(settings.limits.connections_per_address, 20u);
  EXPECT_EQ(settings.limits.free_space, 2ull << 30);
  EXPECT_EQ(settings.limits.messages_per_minute, 10u);
  EXPECT_EQ(settings.limits.unknown_recipients_per_minute, 3u);
  EXPECT_EQ(settings.limits.login_timeout, std::chrono::seconds(120));
  EXPECT_EQ(settings.durability, Settings::Durability::Strict);
  EXPECT_EQ(settings.smtp.bare_newlines, Settings::BareNewlines::Convert);
  EXPECT_FALSE(settings.smtp.hide_client_address);
  EXPECT_EQ(settings.search.index, Settings::TextIndex::Always);
  EXPECT_EQ(settings.imap.message_limit, 1000u);
  EXPECT_EQ(settings.imap.save_limit, 5000u);
  EXPECT_THAT(settings.dns.servers, ElementsAre("127.0.0.1@5300", "2001:db8::53@53"));
  EXPECT_EQ(settings.dns.anchor, Settings::Dns::Anchor::File);
  EXPECT_EQ(settings.dns.anchor_file, "/etc/waxwing/keys/root.ds");
  EXPECT_THAT(settings.capabilities.hide, ElementsAre("NOTIFY", "COMPRESS=DEFLATE"));
  EXPECT_THAT(settings.capabilities.show, ElementsAre("UIDONLY"));
  EXPECT_EQ(settings.user, "mail");
  EXPECT_EQ(settings.log.level, Log::Level::Debug);
  EXPECT_EQ(settings.log.format, Log::Format::Json);
}

TEST(LoadSettings, ReadsOneServerOfTheDns) {
  EXPECT_TRUE(good("").dns.servers.empty());
  EXPECT_EQ(good("").dns.anchor, Settings::Dns::Anchor::Root);
  const auto dns = good("dns: {server: 127.0.0.1@5300, trust_anchor: none}\n").dns;
  EXPECT_THAT(dns.servers, ElementsAre("127.0.0.1@5300"));
  EXPECT_EQ(dns.anchor, Settings::Dns::Anchor::None);
  EXPECT_EQ(good("dns: {trust_anchor: a.key}\n").dns.anchor_file, "/etc/waxwing/a.key");
  for (const std::string server :
       {"localhost", "127.0.0.1:53", "127.0.0.1@", "127.0.0.1@0", "127.0.0.1@65536", "@53"}) {
    EXPECT_THAT(mistakes("dns:\n  server: '" + server + "'\n"),
                ElementsAre("2: dns.server: \"" + server +
                            "\" is not an IP address, or one with a port behind @, as in "
                            "127.0.0.1@5300"));
  }
  EXPECT_THAT(mistakes("dns: {server: {a: b}}\n"), ElementsAre("1: dns.server needs one value"));
}

TEST(LoadSettings, ReadsWhereMailGoes) {
  const auto settings = good(
      "queue: {retry_min: 1m, retry_max: 30m, delay_notice: 2h, lifetime: 3d, hold: [Far.example, "
      "'*']}\n"
      "outbound:\n"
      "  port: 2500\n"
      "  connections: 50\n"
      "  connections_per_destination: 5\n"
      "  source_addresses: [192.0.2.1, '2001:db8::1']\n"
      "  ca_file: ca.pem\n"
      "  sts_port: 4430\n"
      "tls_reports: {send: false, contact: tls@example.com}\n"
      "tls_policy:\n"
      "  - {domain: secure.example, policy: verify}\n"
      "  - {domain: '*', policy: encrypt}\n"
      "relay:\n"
      "  - {host: 127.0.0.1, port: 25, domains: [One.example]}\n"
      "  - {host: Smart.example, port: 465, user: u, password_file: secret}\n");
  EXPECT_EQ(settings.queue.retry_min, std::chrono::minutes(1));
  EXPECT_EQ(settings.queue.lifetime, std::chrono::hours(72));
  EXPECT_THAT(settings.queue.hold, ElementsAre("far.example", "*"));
  EXPECT_EQ(settings.outbound.port, 2500);
  EXPECT_EQ(settings.outbound.connections_per_destination, 5u);
  EXPECT_THAT(settings.outbound.source_addresses, ElementsAre("192.0.2.1", "2001:db8::1"));
  EXPECT_EQ(settings.outbound.ca_file, "/etc/waxwing/ca.pem");
  EXPECT_EQ(settings.outbound.sts_port, 4430);
  EXPECT_FALSE(settings.tls_reports.send);
  EXPECT_EQ(settings.tls_reports.contact, "tls@example.com");
  ASSERT_EQ(settings.tls_policy.size(), 2u);
  EXPECT_EQ(settings.tls_policy[0].policy, Settings::TlsPolicy::Verify);
  ASSERT_EQ(settings.relay.size(), 2u);
  EXPECT_EQ(settings.relay[0].tls, Settings::Relay::Tls::May) << "what port 25 has";
  EXPECT_THAT(settings.relay[0].domains, ElementsAre("one.example"));
  EXPECT_EQ(settings.relay[1].host, "smart.example");
  EXPECT_EQ(settings.relay[1].tls, Settings::Relay::Tls::Implicit) << "what port 465 has";
  EXPECT_EQ(settings.relay[1].password_file, "/etc/waxwing/secret");
}

TEST(LoadSettings, TakesOneRelayWithoutAList) {
  const auto settings = good("relay: {host: smart.example}\n");
  ASSERT_EQ(settings.relay.size(), 1u);
  EXPECT_EQ(settings.relay[0].port, 587);
  EXPECT_EQ(settings.relay[0].tls, Settings::Relay::Tls::StartTls);
}

TEST(Load, ReadsWhomToBelieve) {
  using Action = Settings::SenderPolicy::Action;
  const auto settings = good(
      "trusted_networks: [192.0.2.0/24, \"2001:db8::/32\", 127.0.0.1]\n"
      "listen: {balancers: [198.51.100.7], lmtp_socket: lmtp.sock}\n"
      "limits: {sends_per_hour: 0, sends_per_day: 10}\n"
      "sender_policy:\n"
      "  dmarc: quarantine\n"
      "  domains: [{domain: One.example, dmarc: tag}, {domain: two.example, spf: reject}]\n"
      "  trusted_sealers: [lists.example]\n"
      "dkim: {sign: false}\n"
      "dmarc_reports: {send: true, contact: dmarc@example.com, organization: Example}\n");
  ASSERT_EQ(settings.trusted_networks.size(), 3u);
  EXPECT_EQ(settings.trusted_networks[2].to_string(), "127.0.0.1/32");
  EXPECT_TRUE(contains(settings.balancers, *IpAddress::parse("198.51.100.7")));
  EXPECT_EQ(settings.lmtp_socket, "/etc/waxwing/lmtp.sock");
  EXPECT_EQ(settings.limits.sends_per_hour, 0u);
  EXPECT_EQ(settings.limits.sends_per_day, 10u);
  EXPECT_TRUE(settings.sender_policy.verify);
  EXPECT_EQ(settings.sender_policy.dmarc, Action::Quarantine);
  EXPECT_EQ(settings.sender_policy.spf, Action::Tag);
  ASSERT_EQ(settings.sender_policy.domains.size(), 2u);
  EXPECT_EQ(settings.sender_policy.domains[0].domain, "one.example");
  EXPECT_EQ(settings.sender_policy.domains[0].dmarc, Action::Tag);
  EXPECT_EQ(settings.sender_policy.domains[0].spf, std::nullopt);
  EXPECT_EQ(settings.sender_policy.domains[1].spf, Action::Reject);
  EXPECT_THAT(settings.sender_policy.trusted_sealers, ElementsAre("lists.example"));
  EXPECT_FALSE(settings.dkim.sign);
  EXPECT_TRUE(good("").dkim.sign);
  EXPECT_TRUE(settings.dmarc_reports.send);
  EXPECT_EQ(settings.dmarc_reports.contact, "dmarc@example.com");
  EXPECT_EQ(settings.dmarc_reports.organization, "Example");
  EXPECT_TRUE(good("").trusted_networks.empty()) << "nobody, unless the operator says so";
}

TEST(Load, TellsWhatIsWrongWithWhomToBelieve) {
  EXPECT_THAT(mistakes("trusted_networks: [192.0.2.1/24]"),
              ElementsAre(HasSubstr("trusted_networks: \"192.0.2.1/24\" is not a network")));
  EXPECT_THAT(mistakes("listen: {balancers: [lb.example]}"),
              ElementsAre(HasSubstr("listen.balancers: \"lb.example\" is not a network")));
  EXPECT_THAT(mistakes("sender_policy: {dmarc: ignore}"), ElementsAre(HasSubstr("tag")));
  EXPECT_THAT(mistakes("sender_policy: {domains: [{dmarc: tag}]}"),
              ElementsAre(HasSubstr("needs a domain")));
  EXPECT_THAT(mistakes("dmarc_reports: {contact: nobody}"),
              ElementsAre(HasSubstr("dmarc_reports.contact: \"nobody\"")));
}

TEST(Load, KnowsRelaysThatAreStores) {
  const auto settings = good(
      "relay:\n"
      "  - {socket: store.sock, domains: [one.example], accept: true}\n"
      "  - {host: store.example, protocol: lmtp, domains: [two.example]}\n");
  ASSERT_EQ(settings.relay.size(), 2u);
  EXPECT_TRUE(settings.relay[0].lmtp);
  EXPECT_TRUE(settings.relay[0].accept);
  EXPECT_EQ(settings.relay[0].socket, "/etc/waxwing/store.sock");
  EXPECT_EQ(settings.relay[0].tls, Settings::Relay::Tls::None);
  EXPECT_EQ(settings.relay[1].port, 24);
  EXPECT_FALSE(settings.relay[1].accept);
  EXPECT_THAT(mistakes("relay: {host: a.example, socket: s}"),
              ElementsAre(HasSubstr("needs a host, or the socket")));
  EXPECT_THAT(mistakes("relay: {socket: s, protocol: smtp}"),
              ElementsAre(HasSubstr("a socket is for LMTP")));
  EXPECT_THAT(mistakes("relay: {host: a.example, accept: true}"),
              ElementsAre(HasSubstr("list the domains")));
}

TEST(LoadSettings, RefusesWaysThatLeadNowhere) {
  EXPECT_THAT(mistakes("relay: {port: 25}"), ElementsAre(HasSubstr("needs a host")));
  EXPECT_THAT(mistakes("relay: {host: smart.example, user: u}"),
              ElementsAre(HasSubstr("go together")));
  EXPECT_THAT(mistakes("queue: {hold: ['m\u00fcnchen.example']}"), ElementsAre(HasSubstr("xn--")));
  EXPECT_THAT(mistakes("queue: {retry_min: 1h, retry_max: 5m}"),
              ElementsAre(HasSubstr("retry_max")));
  for (const char* bad : {"me", "@example.com", "a@", "a@b@c d", "a b@c.test", "<a@c.test>"})
    EXPECT_THAT(mistakes("tls_reports: {contact: \"" + std::string(bad) + "\"}"),
                ElementsAre(HasSubstr("tls_reports.contact: \"" + std::string(bad))));
  EXPECT_THAT(mistakes("outbound: {source_addresses: [here]}"),
              ElementsAre(HasSubstr("is not an IP address")));
  EXPECT_THAT(mistakes("tls_policy: [{domain: far.example}]"),
              ElementsAre(HasSubstr("needs domain and policy")));
  EXPECT_THAT(mistakes("tls_policy: [{domain: far.example, policy: strict}]"),
              ElementsAre(HasSubstr("is not one of none, may, encrypt, verify, dane")));
}

TEST(LoadSettings, NamesTheNearestKey) {
  EXPECT_THAT(mistakes("hostnam: a.example\n"),
              ElementsAre("1: unknown key \"hostnam\"; did you mean \"hostname\"?"));
  EXPECT_THAT(mistakes("limits:\n  mesage_size: 1MiB\n"),
              ElementsAre("2: unknown key \"limits.mesage_size\"; did you mean \"message_size\"?"));
  EXPECT_THAT(
      mistakes("smtp: {zzz: 1}\n"),
      ElementsAre("1: unknown key \"smtp.zzz\"; keys here are bare_newlines, hide_client_address"));
  EXPECT_THAT(
      mistakes("durability: strct\n"),
      ElementsAre(
          "1: durability: \"strct\" is not one of normal, strict; did you mean \"strict\"?"));
}

TEST(LoadSettings, ReportsAllMistakesAtOnceByLine) {
  EXPECT_THAT(mistakes("user: root\nhostname: -bad-\nlimits: {connections: none}\nuzer: x\n"),
              ElementsAre(HasSubstr("1: user: Waxwing does not serve as root"),
                          HasSubstr("2: hostname: \"-bad-\" is not a host name"),
                          HasSubstr("3: limits.connections: \"none\" is not a number"),
                          HasSubstr("4: unknown key \"uzer\"; did you mean \"user\"?")));
}

TEST(LoadSettings, RefusesBadValues) {
  for (const char* text : {
           "limits: {message_size: 10 potatoes}",
           "limits: {message_size: 99999999999999999999}",
           "limits: {login_timeout: soon}",
           "limits: {login_timeout: 0s}",
           "limits: {login_timeout: 25h}",
           "limits: {login_timeout: 99999999999d}",
           "listen: {ports: [{port: 587, service: submission, tls: none}]}",
           "limits: 5",
           "listen: {addresses: [localhost]}",
           "listen: {addresses: []}",
           "listen: {addresses: 127.0.0.1}",
           "listen: {addresses: ['::1', '0:0:0:0:0:0:0:1']}",
           "listen: {ports: []}",
           "listen: {port_offset: -1}",
           "smtp: {hide_client_address: maybe}",
           "tls: {min_version: '1.1'}",
           "tls: {certificates: [a.pem]}",
           "hostname: [a, b]",
           "hostname:",
           "data_dir: ''",
           "hostname: a\nhostname: b",
           "- a list",
           "just text",
           "a: [1, 2",
           "\ta: b",
       }) {
    EXPECT_NE(mistakes(text), std::vector<std::string>{"none"}) << text;
  }
}

TEST(LoadSettings, RefusesImpossiblePorts) {
  EXPECT_THAT(mistakes("listen: {ports: [{port: 0, service: smtp}]}"),
              ElementsAre(HasSubstr("is not a number from 1 to 65535")));
  EXPECT_THAT(mistakes("listen: {ports: [{port: 65536, service: smtp}]}"),
              ElementsAre(HasSubstr("is not a number from 1 to 65535")));
  EXPECT_THAT(
      mistakes(
          "listen:\n  ports:\n    - {port: 25, service: smtp}\n    - {port: 25, service: smtp}\n"),
      ElementsAre("4: listen.ports: port 25 is there twice"));
  EXPECT_THAT(mistakes("listen: {ports: [{service: smtp}]}"),
              ElementsAre(HasSubstr("needs a port")));
  EXPECT_THAT(mistakes("listen: {ports: [{port: 25}]}"), ElementsAre(HasSubstr("needs a service")));
  EXPECT_THAT(mistakes("listen: {port_offset: 60000, ports: [{port: 5536, service: smtp}]}"),
              ElementsAre(HasSubstr("port 5536 would become 65536")));
  EXPECT_THAT(mistakes("listen: {port_offset: 63011}"),
              ElementsAre(HasSubstr("port 2525 would become 65536")));
  EXPECT_EQ(good("listen: {port_offset: 63010}").port_offset, 63010);
}

TEST(LoadSettings, RefusesPortsOfOthersUnlessTold) {
  EXPECT_THAT(
      mistakes("listen: {ports: [{port: 22, service: smtp}]}"),
      ElementsAre("1: listen.ports: port 22 is assigned to ssh, not smtp; if that is meant, "
                  "add allow_assigned_port: true"));
  EXPECT_THAT(mistakes("listen: {ports: [{port: 25, service: imap}]}"),
              ElementsAre(HasSubstr("port 25 is assigned to smtp, not imap")));
  EXPECT_THAT(mistakes("listen: {ports: [{port: 443, service: imap}]}"),
              ElementsAre(HasSubstr("port 443 is assigned to https")));
  good("listen: {ports: [{port: 443, service: imap, tls: implicit, allow_assigned_port: true}]}");
  good("listen: {allow_assigned_port: true, ports: [{port: 22, service: smtp}]}");
  good(
      "listen: {ports: [{port: 443, service: http, tls: implicit}, {port: 2525, service: "
      "submission}]}");
  // Looked up before the offset: 3306 itself is what is bound here.
  good("listen: {port_offset: 3281, ports: [{port: 25, service: smtp}]}");
}

TEST(LoadSettings, WantsCertificateAndKeyTogether) {
  EXPECT_THAT(mistakes("tls:\n  certificates:\n    - key: k.pem\n"),
              ElementsAre("3: tls.certificates: a key without its certificate"));
  EXPECT_THAT(mistakes("tls:\n  certificates:\n    - certificate: c.pem\n"),
              ElementsAre("3: tls.certificates: a certificate without its key"));
}

TEST(LoadSettings, ReadsAFileAndNamesTheOneThatIsNotThere) {
  std::string folder = (std::filesystem::temp_directory_path() / "waxwing-config-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto path = folder + "/waxwing.yaml";
  EXPECT_EQ(load_settings(path).error().code, Error::Code::NotFound);
  std::ofstream(path) << "hostname: mail.example.com\ndata_dir: data\n";
  const auto settings = load_settings(path);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ((*settings)->data_dir, folder + "/data");
  EXPECT_EQ(load_settings(folder).error().code, Error::Code::NotFound) << "a folder";
  std::filesystem::remove_all(folder);
}

TEST(LoadSettings, TakesTheFileThatIsInstalled) {
  const auto settings = load_settings(WAXWING_SOURCE_DIR "/systemd/waxwing.yaml");
  EXPECT_TRUE(settings) << settings.error().text;
}

}  // namespace
}  // namespace waxwing
