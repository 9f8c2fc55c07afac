#pragma once

#include <string>
#include <vector>

#include "auth/domain_keys.h"
#include "config/settings.h"

namespace waxwing {

// What the DNS should say of a domain whose mail this server receives and sends.

struct ZoneRecord {
  std::string name;  // in A-labels, with the last dot
  std::string type;  // "MX", "TXT" ...
  std::string data;  // as a zone file has it (RFC 1035 section 5.1)
  std::string text;  // of TXT, all of it in one piece
};

// Records that belong together, and why they are there.
struct ZoneSection {
  std::string comment;  // lines
  std::vector<ZoneRecord> records;
};

struct DomainFacts {
  std::string domain;  // canonical
  std::vector<DomainKey> keys;
  const Settings& settings;
  // SHA-256 of the public keys of the host's certificates, in hex; empty where they cannot be read.
  std::vector<std::string> tls_keys;
};

// Pure.
std::vector<ZoneSection> domain_records(const DomainFacts& facts);
// Those of DKIM alone.
std::vector<ZoneRecord> key_records(const std::string& domain, const std::vector<DomainKey>& keys);

// As a name server reads it, with absolute names and a TTL at each record: a zone's SOA and NS are
// for its owner to write, so this is to be included in a zone.
std::string zone_file(const std::vector<ZoneSection>& sections);
std::string zone_line(const ZoneRecord& record);

// Seconds: an hour, so that what changes is known everywhere soon.
constexpr int kZoneTtl = 3600;

}  // namespace waxwing
