#include "daemon/checks_sender.h"

#include <memory>

#include "auth/spf.h"
#include "base/text.h"
#include "config/load.h"
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

}  // namespace waxwing
