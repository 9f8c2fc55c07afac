#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "protocols/dns/resolver.h"

namespace waxwing {

// One request to a web server that a stranger's DNS names. Redirects are not followed, proxies and
// netrc files of the environment do not count, and nothing of the request is sent before the
// certificate has proved the host's name.
struct HttpsRequest {
  std::string host;  // in A-labels
  std::uint16_t port = 443;
  std::string path = "/";            // with its query
  std::vector<IpAddress> addresses;  // of the host, as our own DNS says; never empty
  std::string ca_file;               // trusted beside the machine's authorities; empty: none
  std::chrono::seconds deadline{60};
  std::size_t most = 64 * 1024;  // octets of an answer
  // A POST when there is a type.
  std::string content_type, content;
  // Set by another thread: give up within a second.
  const std::atomic<bool>* is_cancelled = nullptr;
};

struct HttpsAnswer {
  enum class Kind {
    Answered,     // with any status
    Unreachable,  // no connection, no answer in time, or too long a one
    Certificate,  // the server cannot prove that it is the host
  };
  Kind kind = Kind::Unreachable;
  int status = 0;
  std::string content_type, content;
  std::string trouble;  // for the log, unless Answered
};

// Blocks, at most for the deadline. Any thread.
HttpsAnswer ask_by_https(const HttpsRequest& request);

// What the DNS said of a host's A and AAAA, for HttpsRequest::addresses; at most eight.
std::vector<IpAddress> addresses_in(const std::vector<dns::Answer>& answers);

}  // namespace waxwing
