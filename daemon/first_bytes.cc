#include "daemon/first_bytes.h"

#include <algorithm>

namespace waxwing {

using Tls = Settings::Listener::Tls;

FirstBytes classify(std::string_view first) {
  if (first.empty()) return FirstBytes::Silence;
  if (first[0] != '\x16') return FirstBytes::Clear;
  return first.size() < 2 || first[1] == '\x03' ? FirstBytes::Hello : FirstBytes::Clear;
}

Opening opening(Tls port, FirstBytes first) {
  const bool hello = first == FirstBytes::Hello;
  switch (port) {
    case Tls::None: return hello ? Opening::RefuseTls : Opening::Greet;
    case Tls::StartTls:
    case Tls::Auto: return hello ? Opening::StartTls : Opening::Greet;
    case Tls::Implicit: return hello ? Opening::StartTls : Opening::ExplainTls;
  }
  return Opening::Greet;
}

namespace {

// The port where a client of this service finds STARTTLS.
int starttls_port(Service service) {
  switch (service) {
    case Service::Smtp:
    case Service::Submission: return 587;
    case Service::Lmtp: return 24;
    case Service::Pop3: return 110;
    case Service::Imap: return 143;
  }
  return 0;
}

int implicit_port(Service service) {
  switch (service) {
    case Service::Smtp:
    case Service::Submission: return 465;
    case Service::Lmtp: return 24;
    case Service::Pop3: return 995;
    case Service::Imap: return 993;
  }
  return 0;
}

std::string line(Service service, std::string_view smtp_code, std::string_view text) {
  switch (service) {
    case Service::Smtp:
    case Service::Submission:
    case Service::Lmtp: return std::string(smtp_code).append(text) + "\r\n";
    case Service::Pop3: return std::string("-ERR [SYS/TEMP] ").append(text) + "\r\n";
    case Service::Imap: return std::string("* BYE [UNAVAILABLE] ").append(text) + "\r\n";
  }
  return {};
}

}  // namespace

std::string explain_tls(Service service, std::uint16_t port) {
  const std::string text = "Port " + std::to_string(port) +
                           " speaks TLS from the first byte: choose SSL/TLS, or port " +
                           std::to_string(starttls_port(service)) + " with STARTTLS";
  switch (service) {
    case Service::Smtp:
    case Service::Submission:
    case Service::Lmtp: return "554 5.7.0 " + text + "\r\n";
    case Service::Pop3: return "-ERR [SYS/PERM] " + text + "\r\n";
    case Service::Imap: return "* BYE " + text + "\r\n";
  }
  return {};
}

std::string refuse_crowd(Service service, std::string_view reason) {
  return line(service, "421 4.7.0 ", reason);
}

std::string advice_for_hello(Service service, std::uint16_t port, Tls tls) {
  std::string advice = "this client starts TLS at once: set its port to " +
                       std::to_string(implicit_port(service)) + " (SSL/TLS)";
  if (tls != Tls::None) advice += ", or its security to STARTTLS for port " + std::to_string(port);
  return advice;
}

void HelloMemory::remember(const std::string& client, std::uint16_t port) {
  const auto now = Steady::now();
  const std::lock_guard lock(mutex_);
  if (until_.size() >= kMost) {
    std::erase_if(until_, [&](const auto& entry) { return entry.second <= now; });
    if (until_.size() >= kMost) until_.clear();
  }
  until_[client + " " + std::to_string(port)] = now + lasts_;
}

bool HelloMemory::knows(const std::string& client, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  if (until_.empty()) return false;
  const auto found = until_.find(client + " " + std::to_string(port));
  if (found == until_.end()) return false;
  if (found->second > Steady::now()) return true;
  until_.erase(found);
  return false;
}

}  // namespace waxwing
