#include "auth/dmarc_record.h"

#include <optional>

#include "auth/tag_list.h"
#include "base/text.h"

namespace waxwing::dmarc {
namespace {

constexpr std::size_t kMaxUris = 20;

std::optional<Policy> policy_of(const std::optional<std::string>& word) {
  if (!word) return std::nullopt;
  for (const auto policy : {Policy::None, Policy::Quarantine, Policy::Reject})
    if (equals_ignoring_case(to_string(policy), *word)) return policy;
  return std::nullopt;
}

Alignment alignment_of(const std::optional<std::string>& word) {
  return word && equals_ignoring_case(*word, "s") ? Alignment::Strict : Alignment::Relaxed;
}

std::vector<std::string> uris_of(const std::optional<std::string>& list) {
  std::vector<std::string> uris;
  if (!list) return uris;
  for (const std::string_view uri : split(*list, ','))
    if (trim(uri).find(':') != std::string_view::npos && uris.size() < kMaxUris)
      uris.emplace_back(trim(uri));
  return uris;
}

}  // namespace

std::string_view to_string(Policy policy) {
  switch (policy) {
    case Policy::None: return "none";
    case Policy::Quarantine: return "quarantine";
    case Policy::Reject: return "reject";
  }
  return "";
}

// The version is the one value whose case counts.
bool is_record(std::string_view text) {
  const std::string_view first = text.substr(0, text.find(';'));
  const auto equals = first.find('=');
  return equals != std::string_view::npos && trim(first.substr(0, equals)) == "v" &&
         trim(first.substr(equals + 1)) == "DMARC1";
}

Result<Record> parse_record(std::string_view text) {
  if (!is_record(text)) return fail(Error::Code::Invalid, "it does not start with v=DMARC1");
  const auto tags = TagList::parse(text);
  if (!tags) return fail(Error::Code::Invalid, "it is no list of tags");
  Record record;
  record.aggregate_to = uris_of(tags->find("rua"));
  const auto policy = policy_of(tags->find("p"));
  const auto subdomain_policy = policy_of(tags->find("sp"));
  if (!policy || (tags->find("sp") && !subdomain_policy)) {
    if (record.aggregate_to.empty())
      return fail(Error::Code::Invalid, "its p= or sp= makes no sense");
    return record;
  }
  record.policy = *policy;
  record.subdomain_policy = subdomain_policy.value_or(*policy);
  record.dkim = alignment_of(tags->find("adkim"));
  record.spf = alignment_of(tags->find("aspf"));
  if (const auto percent = parse_number(tags->find("pct").value_or(""), 100))
    record.percent = static_cast<unsigned>(*percent);
  return record;
}

}  // namespace waxwing::dmarc
