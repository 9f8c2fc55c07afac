#include "daemon/sender_verification.h"

#include <algorithm>
#include <chrono>
#include <future>

namespace waxwing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Together twenty seconds: what asks about the connection and about the message run side by side,
// DMARC needs both. A domain whose servers are dead must not use up the time of the others.
constexpr milliseconds kFirst = seconds(14), kSpf = seconds(10), kDkim = seconds(10),
                       kArc = seconds(4), kDmarc = seconds(6);
constexpr std::size_t kCheckedPiece = 64 * 1024;
// Where no thread is to be had, one after the other.
constexpr auto kBeside = std::launch::async | std::launch::deferred;

struct OfConnection {
  ReverseName reverse;
  spf::Verdict mail_from, helo;
};

OfConnection ask_about_connection(dns::Resolver& resolver, const Clock& clock,
                                  const SentMessage& sent) {
  const auto end = clock.steady() + kFirst;
  const auto left = [&] {
    return std::max(std::chrono::duration_cast<milliseconds>(end - clock.steady()),
                    milliseconds(0));
  };
  const spf::Client client{sent.origin.peer.address, sent.origin.helo, sent.receiver};
  OfConnection found;
  spf::Limits limits;
  limits.time = kSpf;
  found.mail_from = spf::check_mail_from(resolver, clock, client, sent.envelope.sender, limits);
  limits.time = left();
  const bool is_helo = found.mail_from.identity == spf::Identity::Helo;
  found.helo = is_helo ? found.mail_from : spf::check_helo(resolver, clock, client, limits);
  found.reverse = check_reverse_name(resolver, clock, client.address, left());
  return found;
}

// Asked early, the answer is there when DMARC needs it. Nobody waits for this one.
void ask_ahead(dns::Resolver& resolver, std::string_view header) {
  const auto domains = dmarc::author_domains(header);
  if (!domains) return;
  for (const auto& domain : *domains)
    resolver.resolve({"_dmarc." + domain, dns::Type::Txt}, [](const dns::Answer&) {});
}

}  // namespace

Result<SenderVerdicts> verify_sender(dns::Resolver& resolver, const Clock& clock,
                                     const PublicSuffixes& suffixes, const SentMessage& sent) {
  auto connection =
      std::async(kBeside, [&] { return ask_about_connection(resolver, clock, sent); });
  dkim::Limits limits;
  limits.time = kDkim;
  dkim::Verifier dkim(limits);
  arc::Verifier arc(kArc);
  for (std::uint64_t offset = 0; offset < sent.message.size();) {
    const auto piece = sent.message.read(offset, kCheckedPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty())
      return fail(Error::Code::Corrupt, "staged message is shorter than its size");
    dkim.feed(*piece);
    arc.feed(*piece);
    if (offset == 0) ask_ahead(resolver, dkim.header());
    offset += piece->size();
  }
  SenderVerdicts found;
  found.dkim = dkim.finish(resolver, clock);
  found.arc = arc.finish(resolver, clock);
  auto other = connection.get();
  found.mail_from = std::move(other.mail_from);
  found.helo = std::move(other.helo);
  found.reverse = std::move(other.reverse);
  found.dmarc = dmarc::evaluate(resolver, clock, suffixes,
                                {dkim.header(), found.mail_from, found.dkim, sent.sample}, kDmarc);
  return found;
}

}  // namespace waxwing
