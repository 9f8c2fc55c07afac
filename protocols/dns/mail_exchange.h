#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "protocols/dns/records.h"
#include "protocols/dns/resolver.h"

namespace waxwing::dns {

// How a host's certificate is proved by the DNS.  RFC 7672
enum class Dane {
  None,      // it is not: TLS when offered, as ever
  Usable,    // by MailHost::tlsa; without a match nothing may be sent.  Section 2.2
  Unusable,  // TLSA records are there, but none that we can use: TLS is required, without a name or
             // a chain of trust.  Sections 2.2 and 3.1.3
  Failed,    // nobody can tell: the host must be passed over for now.  Section 2.1.2
};

struct MailHost {
  std::string name;  // A-labels in lower case, or the address literal
  std::uint16_t preference = 0;
  std::vector<IpAddress> addresses;  // to be tried in this order; never empty
  bool is_secure = false;            // the addresses are proved by DNSSEC
  Dane dane = Dane::None;
  std::vector<Tlsa> tlsa;  // the usable ones
  std::string
      tlsa_base;  // the name they are below: the first a certificate may be for.  Section 3.2.2
};

// Where the mail of a domain goes.
struct MailExchange {
  enum class Status {
    Found,     // at least one host can be tried
    NoDomain,  // for good: there is no such domain
    NullMx,    // for good: it says that it takes no mail.  RFC 7505
    NoHosts,   // for good: the DNS answers, but what it names has no address
    Failed,    // for now: the DNS does not answer, or not credibly
  };
  Status status = Status::Failed;
  std::string sentence;  // for people: why it is not Found

  std::string domain;              // as asked for, in A-labels
  std::string canonical_domain;    // behind its CNAMEs; a certificate may be for it when is_secure
  bool is_secure = false;          // MX, or that there is none, is proved by DNSSEC
  bool is_implicit = false;        // no MX: the domain's own addresses.  RFC 5321 section 5.1
  std::vector<MailHost> hosts;     // to be tried in this order
  std::vector<std::string> notes;  // for people: which hosts are not there, and why
};

// The enhanced status code of one that is not Found.  RFC 3463, RFC 7505 section 4
std::string_view status_code(MailExchange::Status status);

struct MailExchangeOptions {
  std::uint16_t port = 25;  // whose TLSA records are asked for
  // A number from 0 to below - 1, by which hosts of one preference are shuffled. Called on threads
  // of the resolver's.
  std::function<std::size_t(std::size_t below)> random;  // none: a generator of its own
};

// Finds out, without blocking: `found` is called once, on whatever thread has the last answer,
// perhaps before this returns. Questions go out together in at most five rounds (MX; addresses;
// CNAME; TLSA of the expanded name; TLSA of the other), so it ends within five times the resolver's
// deadline. `resolver` must live until then. Any thread.
//
// - Hosts stand by preference, those of one preference in random order.  RFC 5321 section 5.1
// - At most ten hosts with twenty addresses together, at least two of each host that has them.
// - IPv6 and IPv4 alternate, IPv6 first, so that neither being out of order costs much.
// - A host that is an alias is taken as if it were none, whatever RFC 2181 section 10.3 wants.
// - U-labels and address literals ("[192.0.2.1]", "[IPv6:2001:db8::1]") are domains, too.
// - NoHosts is permanent: RFC 5321 section 5.1 wants an error, and what others (Postfix, Exim) do
//   is a bounce, as the DNS has said for sure that nothing is there. When a single answer is
//   missing it is Failed instead: trouble of the DNS never returns a message.
// - TLSA is asked for only where MX and addresses are secure: elsewhere it would prove nothing, and
//   servers that break on the question are found there.  RFC 7672 sections 2.2.1 and 2.2.2
// - Of an alias the expanded name is asked first, if its addresses are secure; where only the
//   alias itself is, the name as it was.  RFC 7672 section 2.2.2
//
// Hosts of ours in the list are not noticed: who knows our names cuts it there (RFC 5321
// section 5.1).
void find_mail_exchange(Resolver& resolver, std::string_view domain, MailExchangeOptions options,
                        std::function<void(MailExchange)> found);

}  // namespace waxwing::dns
