#include "daemon/checks_sender.h"

#include <memory>

#include "auth/dkim_verify.h"
#include "auth/dmarc.h"
#include "auth/spf.h"
#include "base/text.h"
#include "config/load.h"
#include "daemon/message_pieces.h"
#include "daemon/unbound_resolver.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxShown = 4096;

// What all these commands start with.
struct Inquiry {
  std::shared_ptr<const Settings> settings;
  std::unique_ptr<UnboundResolver> resolver;
  SystemClock clock;
};

Result<std::unique_ptr<Inquiry>> open_inquiry(const std::string& config) {
  auto settings = load_settings(config);
  if (!settings) return fail(settings.error());
  log.configure(Log::Level::Warning, (*settings)->log.format);
  auto resolver = UnboundResolver::open((*settings)->dns);
  if (!resolver) return fail(resolver.error());
  auto inquiry = std::make_unique<Inquiry>();
  inquiry->settings = *settings;
  inquiry->resolver = *std::move(resolver);
  return inquiry;
}

std::string source_line(const UnboundResolver& resolver) {
  return "asked: " + resolver.source();
}

// Lines "name: value", those without a value left out.
std::string lines(const std::vector<std::pair<std::string, std::string>>& all) {
  std::string text;
  for (const auto& [name, value] : all)
    if (!value.empty()) text += name + ": " + printable(value, kMaxShown) + "\n";
  return text;
}

// Nobody can tell now: the sentence that says why.
Answer kept_back(const std::string& reason, const UnboundResolver& resolver, json value) {
  Answer answer = failed(reason + " (" + source_line(resolver) + ")");
  answer.result = std::move(value);
  return answer;
}

json to_json(const spf::Verdict& verdict) {
  return {{"result", to_string(verdict.result)},
          {"identity", verdict.identity == spf::Identity::Helo ? "helo" : "mailfrom"},
          {"domain", verdict.domain},
          {"record", verdict.record},
          {"record_domain", verdict.record_domain},
          {"mechanism", verdict.mechanism},
          {"reason", verdict.reason},
          {"explanation", verdict.explanation}};
}

std::string to_text(const spf::Verdict& verdict) {
  const bool is_helo = verdict.identity == spf::Identity::Helo;
  return lines({{"result", std::string(to_string(verdict.result))},
                {"identity", (is_helo ? "HELO, " : "MAIL FROM, ") + verdict.domain},
                {"record", verdict.record},
                {"published at", verdict.record.empty() ? "" : verdict.record_domain},
                {"why", verdict.reason},
                {verdict.domain + " explains", verdict.explanation}});
}

json to_json(const dkim::Verdict& verdict) {
  json result = {{"result", to_string(verdict.result)},
                 {"domain", verdict.domain},
                 {"selector", verdict.selector},
                 {"identity", verdict.identity},
                 {"algorithm", verdict.algorithm},
                 {"key_bits", verdict.key_bits},
                 {"record", verdict.record},
                 {"record_name", verdict.record_name},
                 {"testing", verdict.is_testing},
                 {"reason", verdict.reason},
                 {"body_length", nullptr}};
  if (verdict.body_length) result["body_length"] = *verdict.body_length;
  return result;
}

std::string to_text(const dkim::Verdict& verdict) {
  const std::string bits = std::to_string(verdict.key_bits);
  return lines(
      {{"result", std::string(to_string(verdict.result))},
       {"signed by", verdict.identity},
       {"algorithm", verdict.algorithm + (verdict.key_bits > 0 ? ", " + bits + " bits" : "")},
       {"record", verdict.record},
       {"published at", verdict.record_name},
       {"why", verdict.reason},
       {"note", verdict.is_testing ? "the key is for tests (t=y)" : ""},
       {"note", verdict.body_length ? "only " + std::to_string(*verdict.body_length) +
                                          " octets of the body are signed (l=)"
                                    : ""}});
}

std::string to_text(const std::vector<dkim::Verdict>& verdicts) {
  if (verdicts.empty()) return "result: none\nwhy: there is no DKIM-Signature\n\n";
  std::string text;
  for (const auto& verdict : verdicts) text += to_text(verdict) + "\n";
  return text;
}

json to_json(const std::vector<dkim::Verdict>& verdicts) {
  json all = json::array();
  for (const auto& verdict : verdicts) all.push_back(to_json(verdict));
  return all;
}

// The signature that says most for the message.
dkim::Verdict best_of(const std::vector<dkim::Verdict>& verdicts) {
  for (const auto result : {AuthResult::Pass, AuthResult::TempError, AuthResult::Fail})
    for (const auto& verdict : verdicts)
      if (verdict.result == result) return verdict;
  return verdicts.empty() ? dkim::Verdict() : verdicts[0];
}

json to_json(const dmarc::Verdict& verdict) {
  return {{"result", to_string(verdict.result)},
          {"domain", verdict.domain},
          {"organizational_domain", verdict.organizational_domain},
          {"record", verdict.record},
          {"record_domain", verdict.record_domain},
          {"policy", to_string(verdict.policy)},
          {"disposition", to_string(verdict.disposition)},
          {"spf_aligned", verdict.is_spf_aligned},
          {"dkim_aligned", verdict.is_dkim_aligned},
          {"reason", verdict.reason}};
}

std::string to_text(const dmarc::Verdict& verdict) {
  const bool has_record = !verdict.record.empty();
  return lines({{"result", std::string(to_string(verdict.result))},
                {"author", verdict.domain},
                {"record", verdict.record},
                {"published at", has_record ? "_dmarc." + verdict.record_domain : ""},
                {"policy", has_record ? std::string(to_string(verdict.policy)) : ""},
                {"to be done", std::string(to_string(verdict.disposition))},
                {"why", verdict.reason}});
}

// Who connects; what is wrong with the arguments otherwise.
Result<spf::Client> client_of(const SenderCheck& check, const Settings& settings) {
  const auto address = IpAddress::parse(check.ip);
  if (!address) return fail(Error::Code::Invalid, "\"" + printable(check.ip) + "\" is no address");
  if (!check.from.empty() && !mail::parse_address(check.from))
    return fail(Error::Code::Invalid, "\"" + printable(check.from) + "\" is no mail address");
  return spf::Client{*address, check.helo, settings.hostname};
}

}  // namespace

Answer check_spf(const SenderCheck& check) {
  const auto inquiry = open_inquiry(check.config);
  if (!inquiry) return failed(inquiry.error().text);
  const auto client = client_of(check, *(*inquiry)->settings);
  if (!client) return failed(client.error().text);
  UnboundResolver& resolver = *(*inquiry)->resolver;
  const auto verdict = spf::check_mail_from(resolver, (*inquiry)->clock, *client, check.from);
  const auto helo = spf::check_helo(resolver, (*inquiry)->clock, *client);
  json result = to_json(verdict);
  result["helo"] = to_json(helo);
  result["resolver"] = resolver.source();
  if (verdict.result == AuthResult::TempError)
    return kept_back(verdict.reason, resolver, std::move(result));
  return done(to_text(verdict) + "\n" + to_text(helo) + "\n" + source_line(resolver),
              std::move(result));
}

Answer check_dkim(const SenderCheck& check) {
  const auto inquiry = open_inquiry(check.config);
  if (!inquiry) return failed(inquiry.error().text);
  UnboundResolver& resolver = *(*inquiry)->resolver;
  dkim::Verifier verifier;
  const auto read =
      for_each_piece(check.file, [&](std::string_view piece) { verifier.feed(piece); });
  if (!read) return failed(read.error().text);
  const auto verdicts = verifier.finish(resolver, (*inquiry)->clock);
  const dkim::Verdict best = best_of(verdicts);
  json result = {{"result", to_string(best.result)},
                 {"signatures", to_json(verdicts)},
                 {"resolver", resolver.source()}};
  if (best.result == AuthResult::TempError)
    return kept_back(best.reason, resolver, std::move(result));
  return done(to_text(verdicts) + source_line(resolver), std::move(result));
}

Answer check_dmarc(const SenderCheck& check) {
  const auto inquiry = open_inquiry(check.config);
  if (!inquiry) return failed(inquiry.error().text);
  const auto client = client_of(check, *(*inquiry)->settings);
  if (!client) return failed(client.error().text);
  const auto suffixes = PublicSuffixes::open();
  if (!suffixes) return failed(suffixes.error().text);
  UnboundResolver& resolver = *(*inquiry)->resolver;
  const Clock& clock = (*inquiry)->clock;
  dkim::Verifier verifier;
  const auto read =
      for_each_piece(check.file, [&](std::string_view piece) { verifier.feed(piece); });
  if (!read) return failed(read.error().text);
  const auto dkim = verifier.finish(resolver, clock);
  const auto spf = spf::check_mail_from(resolver, clock, *client, check.from);
  const auto verdict = dmarc::evaluate(resolver, clock, *suffixes, {verifier.header(), spf, dkim});
  json result = to_json(verdict);
  result["spf"] = to_json(spf);
  result["dkim"] = to_json(dkim);
  result["resolver"] = resolver.source();
  if (verdict.result == AuthResult::TempError)
    return kept_back(verdict.reason, resolver, std::move(result));
  return done("DMARC\n" + to_text(verdict) + "\nDKIM\n" + to_text(dkim) + "SPF\n" + to_text(spf) +
                  "\n" + source_line(resolver),
              std::move(result));
}

}  // namespace waxwing
