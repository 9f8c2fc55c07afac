#include "protocols/dns/sts_policy.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocols/dns/versioned_text.h"

namespace waxwing::dns {
namespace {

using std::chrono::seconds;
using Mode = StsPolicy::Mode;

constexpr std::uint64_t kLongest = 31'557'600;
constexpr std::size_t kMostMx = 500;

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// sts-ext-name and sts-policy-ext-name.
bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && is_alnum(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

// sts-ext-value of the TXT record.
bool is_record_value(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(),
                                       [](char c) { return c > ' ' && c < 127 && c != '='; });
}

// sts-policy-ext-value: UTF-8 without control characters.
bool is_policy_value(std::string_view value) {
  return !value.empty() && is_utf8(value) && std::all_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 127;
  });
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

// sts-policy-mx-value: ["*."] Domain, with Domain as in RFC 5321 section 4.1.2
bool is_pattern(std::string_view pattern) {
  if (pattern.size() > 253) return false;
  if (pattern.starts_with("*.")) pattern.remove_prefix(2);
  const auto labels = split(pattern, '.');
  return std::all_of(labels.begin(), labels.end(), is_label);
}

std::optional<Mode> mode_of(std::string_view word) {
  if (word == "enforce") return Mode::Enforce;
  if (word == "testing") return Mode::Testing;
  if (word == "none") return Mode::None;
  return std::nullopt;
}

std::optional<std::string> id_in(std::string_view fields) {
  std::optional<std::string> id;
  const auto all = split(fields, ';');
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto field = without_spaces(all[i]);
    if (field.empty() && i > 0 && i + 1 == all.size()) break;  // behind the last semicolon
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = field.substr(0, equals), value = field.substr(equals + 1);
    if (!is_field_name(name) || !is_record_value(value)) return std::nullopt;
    if (name != "id") continue;
    if (id || value.size() > 32 || !std::all_of(value.begin(), value.end(), is_alnum))
      return std::nullopt;
    id = value;
  }
  return id;
}

// Reads the fields of a policy, line by line.
class PolicyReader {
 public:
  // False when the policy cannot be one.
  bool take(std::string_view name, std::string_view value) {
    if (!is_field_name(name) || !is_policy_value(value)) return false;
    if (name == "mx") {
      policy_.mx.push_back(to_lower(value));
      return is_pattern(value) && policy_.mx.size() <= kMostMx;
    }
    if (name == "version") return std::exchange(has_version_, true) || value == "STSv1";
    if (name == "mode" && !std::exchange(has_mode_, true)) {
      const auto mode = mode_of(value);
      policy_.mode = mode.value_or(Mode::None);
      return mode.has_value();
    }
    if (name == "max_age" && !std::exchange(has_max_age_, true)) {
      const auto age = value.size() <= 10 ? parse_number(value) : std::nullopt;
      policy_.max_age = seconds(std::min(age.value_or(0), kLongest));
      return age.has_value();
    }
    return true;
  }

  Result<StsPolicy> finish() {
    if (!has_version_) return fail(Error::Code::Invalid, "it has no version");
    if (!has_mode_) return fail(Error::Code::Invalid, "it has no mode");
    if (!has_max_age_) return fail(Error::Code::Invalid, "it has no max_age");
    if (policy_.mode != Mode::None && policy_.mx.empty())
      return fail(Error::Code::Invalid, "it has no mx");
    return std::move(policy_);
  }

 private:
  StsPolicy policy_;
  bool has_version_ = false, has_mode_ = false, has_max_age_ = false;
};

}  // namespace

bool StsPolicy::allows(std::string_view host) const {
  const std::string name = to_lower(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
  const auto dot = name.find('.');
  return std::any_of(mx.begin(), mx.end(), [&](const std::string& pattern) {
    if (!pattern.starts_with("*.")) return pattern == name;
    return dot != std::string::npos && dot > 0 &&
           std::string_view(name).substr(dot) == std::string_view(pattern).substr(1);
  });
}

Result<StsPolicy> parse_sts_policy(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || is_space(text.back())))
    text.remove_suffix(1);
  PolicyReader reader;
  std::size_t number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    const bool is_good = colon != std::string_view::npos &&
                         reader.take(line.substr(0, colon), without_spaces(line.substr(colon + 1)));
    if (!is_good)
      return fail(Error::Code::Invalid,
                  "line " + std::to_string(number) + " is wrong: \"" + printable(line, 80) + "\"");
  }
  return reader.finish();
}

std::optional<std::string> sts_id(const std::vector<std::string>& records) {
  std::optional<std::string_view> fields;
  for (const auto& record : records) {
    const auto behind = behind_version(record, "v=STSv1");
    if (!behind) continue;
    if (fields) return std::nullopt;
    fields = behind;
  }
  return fields ? id_in(*fields) : std::nullopt;
}

}  // namespace waxwing::dns
