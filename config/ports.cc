#include "config/ports.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace waxwing {
namespace {

using Service = Settings::Listener::Service;

struct Assigned {
  std::uint16_t port;
  std::string_view name;
};

// From IANA's registry of service names: those that a machine is at all likely to run. By port.
constexpr std::array kAssigned = {
    Assigned{1, "tcpmux"},
    Assigned{7, "echo"},
    Assigned{9, "discard"},
    Assigned{13, "daytime"},
    Assigned{17, "qotd"},
    Assigned{19, "chargen"},
    Assigned{20, "ftp-data"},
    Assigned{21, "ftp"},
    Assigned{22, "ssh"},
    Assigned{23, "telnet"},
    Assigned{37, "time"},
    Assigned{42, "nameserver"},
    Assigned{43, "whois"},
    Assigned{49, "tacacs"},
    Assigned{53, "domain"},
    Assigned{67, "bootps"},
    Assigned{68, "bootpc"},
    Assigned{69, "tftp"},
    Assigned{70, "gopher"},
    Assigned{79, "finger"},
    Assigned{88, "kerberos"},
    Assigned{102, "iso-tsap"},
    Assigned{109, "pop2"},
    Assigned{111, "sunrpc"},
    Assigned{113, "ident"},
    Assigned{119, "nntp"},
    Assigned{123, "ntp"},
    Assigned{135, "epmap"},
    Assigned{137, "netbios-ns"},
    Assigned{138, "netbios-dgm"},
    Assigned{139, "netbios-ssn"},
    Assigned{161, "snmp"},
    Assigned{162, "snmptrap"},
    Assigned{177, "xdmcp"},
    Assigned{179, "bgp"},
    Assigned{194, "irc"},
    Assigned{209, "qmtp"},
    Assigned{220, "imap3"},
    Assigned{389, "ldap"},
    Assigned{427, "svrloc"},
    Assigned{433, "nnsp"},
    Assigned{444, "snpp"},
    Assigned{445, "microsoft-ds"},
    Assigned{464, "kpasswd"},
    Assigned{500, "isakmp"},
    Assigned{502, "mbap"},
    Assigned{512, "exec"},
    Assigned{513, "login"},
    Assigned{514, "shell"},
    Assigned{515, "printer"},
    Assigned{540, "uucp"},
    Assigned{543, "klogin"},
    Assigned{544, "kshell"},
    Assigned{546, "dhcpv6-client"},
    Assigned{547, "dhcpv6-server"},
    Assigned{548, "afpovertcp"},
    Assigned{554, "rtsp"},
    Assigned{563, "nntps"},
    Assigned{631, "ipp"},
    Assigned{636, "ldaps"},
    Assigned{639, "msdp"},
    Assigned{646, "ldp"},
    Assigned{749, "kerberos-adm"},
    Assigned{853, "domain-s"},
    Assigned{860, "iscsi"},
    Assigned{873, "rsync"},
    Assigned{989, "ftps-data"},
    Assigned{990, "ftps"},
    Assigned{992, "telnets"},
    Assigned{994, "ircs"},
    Assigned{1080, "socks"},
    Assigned{1194, "openvpn"},
    Assigned{1433, "ms-sql-s"},
    Assigned{1434, "ms-sql-m"},
    Assigned{1521, "ncube-lm"},
    Assigned{1701, "l2f"},
    Assigned{1723, "pptp"},
    Assigned{1812, "radius"},
    Assigned{1883, "mqtt"},
    Assigned{2049, "nfs"},
    Assigned{2375, "docker"},
    Assigned{2376, "docker-s"},
    Assigned{2379, "etcd-client"},
    Assigned{2380, "etcd-server"},
    Assigned{3260, "iscsi-target"},
    Assigned{3306, "mysql"},
    Assigned{3389, "ms-wbt-server"},
    Assigned{3478, "stun"},
    Assigned{3690, "svn"},
    Assigned{4190, "sieve"},
    Assigned{4369, "epmd"},
    Assigned{4500, "ipsec-nat-t"},
    Assigned{5060, "sip"},
    Assigned{5061, "sips"},
    Assigned{5222, "xmpp-client"},
    Assigned{5269, "xmpp-server"},
    Assigned{5353, "mdns"},
    Assigned{5432, "postgresql"},
    Assigned{5671, "amqps"},
    Assigned{5672, "amqp"},
    Assigned{5900, "rfb"},
    Assigned{5984, "couchdb"},
    Assigned{5985, "wsman"},
    Assigned{6000, "x11"},
    Assigned{6379, "redis"},
    Assigned{6514, "syslog-tls"},
    Assigned{6667, "ircu"},
    Assigned{8883, "secure-mqtt"},
    Assigned{9100, "pdl-datastream"},
    Assigned{9418, "git"},
    Assigned{11211, "memcache"},
    Assigned{11371, "hkp"},
};

constexpr std::array<Assigned, 6> kWeb = {
    Assigned{80, "http"},       Assigned{443, "https"},     Assigned{591, "http-alt"},
    Assigned{8008, "http-alt"}, Assigned{8080, "http-alt"}, Assigned{8443, "pcsync-https"}};

template <std::size_t N>
std::string name_in(const std::array<Assigned, N>& table, std::uint16_t port) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Assigned& entry) { return entry.port == port; });
  return found == table.end() ? std::string() : std::string(found->name);
}

bool is_smtp(Service service) {
  return service == Service::Smtp || service == Service::Submission;
}

}  // namespace

const char* to_string(Service service) {
  switch (service) {
    case Service::Smtp: return "smtp";
    case Service::Submission: return "submission";
    case Service::Lmtp: return "lmtp";
    case Service::Pop3: return "pop3";
    case Service::Imap: return "imap";
    case Service::Http: return "http";
  }
  return "";
}

std::string foreign_use(std::uint16_t port, Service service) {
  for (const auto& standard : Settings::default_ports()) {
    if (standard.port != port) continue;
    if (standard.service == service) return "";
    const bool is_spare = port == 26 || port == 2025 || port == 2525;
    return is_spare && is_smtp(service) ? "" : to_string(standard.service);
  }
  if (service != Service::Http) {
    if (auto web = name_in(kWeb, port); !web.empty()) return web;
  }
  return name_in(kAssigned, port);
}

}  // namespace waxwing
