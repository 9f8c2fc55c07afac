#include "daemon/unbound_context.h"

#include <unbound.h>

#include <algorithm>

#include "base/text.h"

namespace waxwing {
namespace {

// libunbound answers these itself, which would hide what a server of ours says of them. RFC 6303's
// private ranges have an option of their own.
constexpr const char* kLocalZones[] = {
    "localhost.",
    "127.in-addr.arpa.",
    "home.arpa.",
    "onion.",
    "test.",
    "invalid.",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."};

constexpr int kInternet = 1;  // the class

Outcome outcome(int status, const std::string& what) {
  if (status == UB_NOERROR) return {};
  return fail(Error::Code::Invalid, what + ": " + ub_strerror(status));
}

std::string without_last_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

const char* rcode_name(int rcode) {
  constexpr const char* kNames[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                    "NXDOMAIN", "NOTIMP",  "REFUSED"};
  return rcode >= 0 && rcode < static_cast<int>(std::size(kNames)) ? kNames[rcode] : "an error";
}

dns::Answer read(const ub_result& result) {
  if (result.bogus) {
    return failed_answer(result.why_bogus != nullptr ? result.why_bogus
                                                     : "its signatures are wrong");
  }
  dns::Answer answer;
  answer.is_secure = result.secure != 0;
  answer.ttl = std::chrono::seconds(std::max(result.ttl, 0));
  if (result.havedata) {
    answer.status = dns::Answer::Status::Found;
    answer.canonical_name =
        without_last_dot(result.canonname != nullptr ? result.canonname : result.qname);
    for (int i = 0; result.data[i] != nullptr; ++i) {
      answer.records.emplace_back(result.data[i], static_cast<std::size_t>(result.len[i]));
    }
    return answer;
  }
  if (result.nxdomain) {
    answer.status = dns::Answer::Status::NoName;
    return answer;
  }
  if (result.rcode == 0) {
    answer.status = dns::Answer::Status::NoData;
    return answer;
  }
  return failed_answer(std::string("the servers answer ") + rcode_name(result.rcode) +
                       ", or not at all");
}

}  // namespace

dns::Answer failed_answer(std::string trouble) {
  dns::Answer answer;
  answer.trouble = std::move(trouble);
  return answer;
}

Result<std::unique_ptr<UnboundContext>> UnboundContext::open(const Options& options) {
  std::unique_ptr<UnboundContext> context(new UnboundContext(ub_ctx_create()));
  if (context->context_ == nullptr)
    return fail(Error::Code::Temporary, "libunbound: out of memory");
  if (auto configured = context->configure(options); !configured) return fail(configured.error());
  return context;
}

UnboundContext::~UnboundContext() {
  if (context_ != nullptr) ub_ctx_delete(context_);
}

Outcome UnboundContext::set(const char* option, const char* value) {
  return outcome(ub_ctx_set_option(context_, option, value), std::string("libunbound: ") + option);
}

Outcome UnboundContext::configure(const Options& options) {
  // It would write lines of its own between those of our log; what matters is in the answers.
  ub_ctx_debugout(context_, nullptr);
  const bool validates = !options.anchor_file.empty() || !options.anchors.empty();
  const std::pair<const char*, const char*> settings[] = {
      {"module-config:", validates ? "validator iterator" : "iterator"},
      {"do-not-query-localhost:", "no"},
      {"unblock-lan-zones:", options.servers_know_all ? "yes" : "no"},
      // As made for one lookup after another it has 16 sockets and 1 MiB.
      {"outgoing-range:", "256"},
      {"num-queries-per-thread:", "1024"},
      {"outgoing-num-tcp:", "32"},
      {"msg-cache-size:", "8m"},
      {"rrset-cache-size:", "16m"},
      // A resolver that is quick with what it knows is given time for what it must find out: tried
      // again so soon as its usual answers come, it would be given up within a second.
      {"infra-cache-min-rtt:", options.servers.empty() ? "50" : "1000"},
      // One that was down is asked again within seconds, and not for a quarter of an hour as if it
      // still were.
      {"infra-keep-probing:", "yes"},
      {"infra-host-ttl:", "60"},
  };
  for (const auto& [option, value] : settings)
    if (auto done = set(option, value); !done) return done;
  for (const auto& server : options.servers)
    if (auto done = outcome(ub_ctx_set_fwd(context_, server.c_str()), server); !done) return done;
  if (!options.anchor_file.empty()) {
    const auto& file = options.anchor_file;
    if (auto done = outcome(ub_ctx_add_ta_file(context_, file.c_str()), file); !done) return done;
  }
  for (const auto& anchor : options.anchors)
    if (auto done = outcome(ub_ctx_add_ta(context_, anchor.c_str()), anchor); !done) return done;
  if (auto done = outcome(ub_ctx_async(context_, 1), "libunbound"); !done) return done;
  // There is no such zone; but this makes libunbound read all that was set, the anchors too.
  const std::string what = options.anchor_file.empty() ? "libunbound" : options.anchor_file;
  if (auto done = outcome(ub_ctx_zone_remove(context_, "."), what); !done) return done;
  if (!options.servers_know_all) return {};
  for (const char* zone : kLocalZones)
    if (auto done = outcome(ub_ctx_zone_remove(context_, zone), zone); !done) return done;
  return {};
}

Outcome UnboundContext::ask(const std::string& name, int type, void* mine, Answered answered) {
  return outcome(ub_resolve_async(context_, name.c_str(), type, kInternet, mine, answered, nullptr),
                 name);
}

int UnboundContext::fd() const {
  return ub_fd(context_);
}

void UnboundContext::process() {
  ub_process(context_);
}

dns::Answer UnboundContext::to_answer(int error, ub_result* result) {
  const std::unique_ptr<ub_result, decltype(&ub_resolve_free)> owned(result, &ub_resolve_free);
  if (error == UB_SYNTAX) {
    // Longer than a name can be: nothing is called so.
    dns::Answer answer;
    answer.status = dns::Answer::Status::NoName;
    return answer;
  }
  if (error != UB_NOERROR || result == nullptr) return failed_answer(ub_strerror(error));
  return read(*result);
}

}  // namespace waxwing
