#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/log.h"

namespace waxwing {

// What the configuration file says, with every default filled in. Immutable once loaded: a reload
// makes a new one, and live sessions keep the one they started with.
struct Settings {
  struct Listener {
    enum class Service { Smtp, Submission, Lmtp, Pop3, Imap, Http };
    enum class Tls { None, StartTls, Implicit, Auto };
    std::uint16_t port = 0;  // as clients know it; port_offset is added when it is bound
    Service service = Service::Smtp;
    Tls tls = Tls::StartTls;
  };
  struct Certificate {
    std::string certificate;  // PEM file, leaf first
    std::string key;          // PEM file
  };
  enum class PlaintextAuth { Never, Loopback, Always };
  enum class Durability { Normal, Strict };
  enum class BareNewlines { Reject, Convert };
  // Auto: the accounts in which somebody has searched.
  enum class TextIndex { Auto, Always, Never };

  std::string hostname;
  std::string data_dir = "/var/lib/waxwing";

  std::vector<std::string> addresses = {"0.0.0.0", "::"};
  bool addresses_are_default = true;  // a machine without IPv6 then gets no error
  std::uint16_t port_offset = 0;
  std::vector<Listener> ports = default_ports();
  std::string lmtp_socket;  // the path of a Unix socket for LMTP; empty: none
  // Their connections begin with a PROXY header, and count as coming from whom it names.
  std::vector<IpNetwork> balancers;

  std::vector<Certificate> certificates;  // first is the default; none: self-signed
  std::string tls_min_version = "1.2";

  PlaintextAuth plaintext_auth = PlaintextAuth::Loopback;

  struct Limits {
    std::uint64_t message_size = 100ull << 20;
    std::uint64_t recipients = 1000;
    std::uint64_t connections = 20000;
    std::uint64_t connections_per_address = 200;
    std::uint64_t free_space = 1ull << 30;
    // Per client address and minute, for those who have not signed in.
    std::uint64_t messages_per_minute = 600;
    std::uint64_t unknown_recipients_per_minute = 30;
    std::chrono::seconds login_timeout{180};
    // Recipients on other servers that one account may write to; 0: any number.
    std::uint64_t sends_per_hour = 1000;
    std::uint64_t sends_per_day = 5000;
  } limits;
  // Clients there may send to other servers without signing in, and nobody asks whether their mail
  // is from whom it says.
  std::vector<IpNetwork> trusted_networks;

  Durability durability = Durability::Normal;
  struct Smtp {
    BareNewlines bare_newlines = BareNewlines::Reject;
    bool hide_client_address = true;
  } smtp;

  // What is done with mail that comes from outside and is not from whom it says.
  struct SenderPolicy {
    enum class Action { Tag, Quarantine, Reject };  // the later the stricter
    bool verify = true;                             // SPF, DKIM, DMARC and ARC; false: nobody asks
    // The most that is done where the author's domain asks for it by DMARC.  RFC 7489 section 6.3
    Action dmarc = Action::Reject;
    // Where SPF says fail, and the author's domain says nothing by DMARC.
    Action spf = Action::Tag;
    struct Domain {
      std::string domain;  // of recipients, as canonical_domain() has it
      std::optional<Action> dmarc, spf;
    };
    std::vector<Domain> domains;               // who want it otherwise
    std::vector<std::string> trusted_sealers;  // domains whose ARC seals are believed
  } sender_policy;

  struct Dkim {
    bool sign = true;  // what leaves, for domains that have keys
  } dkim;

  // To other domains, of what came in their name.  RFC 7489 section 7.2
  struct DmarcReports {
    bool send = false;
    std::string contact;       // as in TlsReports
    std::string organization;  // who reports; empty: the hostname
  } dmarc_reports;

  // How long mail that leaves is tried.
  struct Queue {
    std::chrono::seconds retry_min{5 *
                                   60};  // after the first attempt; then twice as long each time
    std::chrono::seconds retry_max{3600};
    std::chrono::seconds delay_notice{4 * 3600};
    std::chrono::seconds lifetime{5 * 24 * 3600};
    std::vector<std::string> hold;  // domains, as canonical_domain() has them; "*": all
  } queue;

  enum class TlsPolicy { None, May, Encrypt, Verify, Dane };
  struct Outbound {
    std::uint16_t port = 25;  // of other mail servers
    std::uint64_t connections = 1000;
    std::uint64_t connections_per_destination = 20;
    std::vector<std::string> source_addresses;  // the first of each family is used
    std::string ca_file;                        // trusted beside the machine's own
    std::uint16_t sts_port = 443;               // of web servers that have MTA-STS policies
  } outbound;
  struct DomainPolicy {
    std::string domain;
    TlsPolicy policy = TlsPolicy::May;
  };
  std::vector<DomainPolicy> tls_policy;

  // To other domains, of how TLS went with their servers.  RFC 8460
  struct TlsReports {
    bool send = true;
    std::string contact;  // an address for their questions; empty: postmaster at the hostname
  } tls_reports;

  // Another server that mail is handed to, instead of those that the DNS names.
  struct Relay {
    std::string host;
    std::uint16_t port = 587;
    enum class Tls { None, May, StartTls, Implicit } tls = Tls::StartTls;
    std::string user;
    std::string password_file;
    std::vector<std::string> domains;  // of recipients; empty: all
    bool lmtp = false;                 // it speaks LMTP (RFC 2033), not SMTP
    std::string socket;                // the path of its Unix socket, instead of host and port
    // Everybody's mail for these domains is taken and handed to it, though they are not set up
    // here: another store behind this server, or one that this server stands in for.
    bool accept = false;
  };
  std::vector<Relay> relay;  // the first that fits

  struct Search {
    TextIndex index = TextIndex::Auto;
  } search;

  // What one command of an IMAP client may do; none: as much as it likes.  RFC 9738
  struct Imap {
    std::optional<std::uint64_t> message_limit;  // messages that it works on
    std::optional<std::uint64_t> save_limit;     // messages that COPY or APPEND may put in
  } imap;

  struct Dns {
    // Root: what the servers pass on is proved from the root's keys, unless they cannot do that.
    enum class Anchor { Root, File, None };
    std::vector<std::string> servers;  // "192.0.2.1@53"; none: those of the system
    Anchor anchor = Anchor::Root;
    std::string anchor_file;  // DS or DNSKEY records, for File
  } dns;

  struct Capabilities {
    // Upper case: not offered, and their commands are not understood.
    std::vector<std::string> hide;
    std::vector<std::string> show;  // upper case: of those that are hidden otherwise
  } capabilities;

  std::string user = "waxwing";
  struct LogSettings {
    Log::Level level = Log::Level::Info;
    Log::Format format = Log::Format::Text;
  } log;

  // The port matrix that mail providers publish.
  static std::vector<Listener> default_ports();
};

}  // namespace waxwing
