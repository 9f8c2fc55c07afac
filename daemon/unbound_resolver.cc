#include "daemon/unbound_resolver.h"

#include <algorithm>
#include <fstream>

#include "base/ip.h"
#include "base/text.h"
#include "daemon/unbound_work.h"

namespace waxwing {
namespace {

using Anchor = Settings::Dns::Anchor;

// The root's key signing keys: of 2017, and of 2024, which takes its place in 2026. As
// https://data.iana.org/root-anchors/ has them.
constexpr const char* kRootKeys[] = {
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"};

// The servers of a resolv.conf(5), with the usual port.
std::vector<std::string> system_servers(const std::string& path) {
  std::vector<std::string> servers;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto parts = words(line);
    if (parts.size() < 2 || parts[0] != "nameserver") continue;
    // A link-local address has its interface behind a "%".
    if (!IpAddress::parse(parts[1].substr(0, parts[1].find('%')))) continue;
    servers.push_back(std::string(parts[1]) + "@53");
  }
  return servers;
}

bool is_readable(const std::string& path) {
  return std::ifstream(path).good();
}

// What an anchor means for libunbound.
void use_anchor(const Settings::Dns& settings, const std::string& root_anchor,
                UnboundContext::Options& unbound) {
  switch (settings.anchor) {
    case Anchor::None: return;
    case Anchor::File: unbound.anchor_file = settings.anchor_file; return;
    case Anchor::Root:
      if (is_readable(root_anchor)) {
        unbound.anchor_file = root_anchor;
      } else {
        unbound.anchors.assign(std::begin(kRootKeys), std::end(kRootKeys));
      }
  }
}

UnboundContext::Options context_options(const Settings::Dns& settings,
                                        const UnboundResolver::Options& options) {
  UnboundContext::Options unbound;
  unbound.servers =
      settings.servers.empty() ? system_servers(options.resolv_conf) : settings.servers;
  unbound.servers_know_all = !unbound.servers.empty();
  use_anchor(settings, options.root_anchor, unbound);
  return unbound;
}

UnboundResolver::Validation validation_at_first(Anchor anchor) {
  switch (anchor) {
    case Anchor::Root: return UnboundResolver::Validation::Unknown;
    case Anchor::File: return UnboundResolver::Validation::On;
    case Anchor::None: return UnboundResolver::Validation::Off;
  }
  return UnboundResolver::Validation::On;
}

}  // namespace

Result<std::unique_ptr<UnboundResolver>> UnboundResolver::open(const Settings::Dns& settings,
                                                               const Options& options) {
  auto unbound = context_options(settings, options);
  std::string source = unbound.servers.empty() ? "the root servers" : join(unbound.servers, ", ");
  if (settings.servers.empty() && !unbound.servers.empty())
    source += " (" + options.resolv_conf + ")";
  auto work = Work::open({std::move(unbound), source, validation_at_first(settings.anchor),
                          options.deadline, options.probe});
  if (!work) return fail(work.error());
  return std::unique_ptr<UnboundResolver>(new UnboundResolver(std::move(source), std::move(*work)));
}

Outcome UnboundResolver::check(const Settings::Dns& settings) {
  const auto context = UnboundContext::open(context_options(settings, Options()));
  if (!context) return fail(context.error());
  return {};
}

UnboundResolver::UnboundResolver(std::string source, std::unique_ptr<Work> work)
    : source_(std::move(source)), work_(std::move(work)) {}

UnboundResolver::~UnboundResolver() = default;

void UnboundResolver::resolve(const dns::Question& question,
                              std::function<void(dns::Answer)> answered) {
  work_->resolve(question, std::move(answered));
}

UnboundResolver::Validation UnboundResolver::validation() const {
  return work_->validation();
}

}  // namespace waxwing
