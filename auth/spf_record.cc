#include "auth/spf_record.h"

#include <algorithm>
#include <array>

#include "base/ip.h"
#include "base/text.h"

namespace waxwing::spf {
namespace {

constexpr std::string_view kVersion = "v=spf1";

// What may stand behind the name of a mechanism.
enum class Domain { No, Maybe, Yes };
enum class Cidr { No, Yes };
struct Form {
  std::string_view name;
  Mechanism mechanism;
  Domain domain;
  Cidr cidr;
};
constexpr std::array<Form, 8> kForms = {{
    {"all", Mechanism::All, Domain::No, Cidr::No},
    {"include", Mechanism::Include, Domain::Yes, Cidr::No},
    {"a", Mechanism::A, Domain::Maybe, Cidr::Yes},
    {"mx", Mechanism::Mx, Domain::Maybe, Cidr::Yes},
    {"ptr", Mechanism::Ptr, Domain::Maybe, Cidr::No},
    {"ip4", Mechanism::Ip4, Domain::No, Cidr::No},
    {"ip6", Mechanism::Ip6, Domain::No, Cidr::No},
    {"exists", Mechanism::Exists, Domain::Yes, Cidr::No},
}};

std::optional<Qualifier> qualifier_of(char c) {
  switch (c) {
    case '+': return Qualifier::Pass;
    case '-': return Qualifier::Fail;
    case '~': return Qualifier::SoftFail;
    case '?': return Qualifier::Neutral;
    default: return std::nullopt;
  }
}

// "0", or digits that do not start with one.
std::optional<unsigned> prefix_length(std::string_view text, unsigned max) {
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  const auto number = parse_number(text, max);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

// Takes "/24" at the end of `text` away, when what follows the last slash is only digits.
std::optional<std::string_view> take_cidr(std::string_view& text, std::string_view slashes) {
  const auto digits_from = text.find_last_not_of("0123456789") + 1;
  const std::string_view before = text.substr(0, digits_from);
  if (digits_from == text.size() || !before.ends_with(slashes)) return std::nullopt;
  const std::string_view digits = text.substr(digits_from);
  text = before.substr(0, before.size() - slashes.size());
  return digits;
}

// Takes [ "/" number ] [ "//" number ] away.
bool read_dual_cidr(std::string_view& text, Directive& directive) {
  if (const auto digits = take_cidr(text, "//")) {
    const auto length = prefix_length(*digits, 128);
    if (!length) return false;
    directive.prefix6 = *length;
  }
  if (const auto digits = take_cidr(text, "/")) {
    const auto length = prefix_length(*digits, 32);
    if (!length) return false;
    directive.prefix4 = *length;
  }
  return true;
}

bool read_network(std::string_view text, Directive& directive) {
  const bool is_v4 = directive.mechanism == Mechanism::Ip4;
  if (!text.starts_with(':')) return false;
  text.remove_prefix(1);
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto length = prefix_length(text.substr(slash + 1), is_v4 ? 32 : 128);
    if (!length) return false;
    (is_v4 ? directive.prefix4 : directive.prefix6) = *length;
    text = text.substr(0, slash);
  }
  if (is_v4 != (text.find(':') == std::string_view::npos)) return false;
  const auto network = IpAddress::parse(text);
  if (!network) return false;
  directive.network = network->bytes();
  // An IPv4-mapped network is one of IPv6 all the same, and holds no client of IPv4.
  if (!is_v4 && network->is_v4()) directive.network.insert(0, std::string(10, 0) + "\xFF\xFF");
  return true;
}

bool read_arguments(std::string_view text, const Form& form, Directive& directive) {
  if (form.mechanism == Mechanism::Ip4 || form.mechanism == Mechanism::Ip6)
    return read_network(text, directive);
  if (form.cidr == Cidr::Yes && !read_dual_cidr(text, directive)) return false;
  if (text.empty()) return form.domain != Domain::Yes;
  if (form.domain == Domain::No || text[0] != ':') return false;
  directive.domain = MacroString::parse(text.substr(1), MacroString::Grammar::DomainSpec);
  return directive.domain.has_value();
}

std::optional<Directive> parse_directive(std::string_view term) {
  Directive directive;
  directive.text = term;
  if (const auto qualifier = qualifier_of(term[0])) {
    directive.qualifier = *qualifier;
    term.remove_prefix(1);
  }
  const std::string_view name = term.substr(0, term.find_first_of(":/"));
  const auto form = std::ranges::find_if(
      kForms, [&](const Form& known) { return equals_ignoring_case(known.name, name); });
  if (form == kForms.end()) return std::nullopt;
  directive.mechanism = form->mechanism;
  if (!read_arguments(term.substr(name.size()), *form, directive)) return std::nullopt;
  return directive;
}

bool is_modifier_name(std::string_view name) {
  return !name.empty() && is_alpha(name[0]) && std::ranges::all_of(name, [](char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
}

// What is wrong with it; nothing when it is good.
std::string read_modifier(std::string_view name, std::string_view value, Record& record) {
  std::optional<MacroString>* known = nullptr;
  if (equals_ignoring_case(name, "redirect")) known = &record.redirect;
  if (equals_ignoring_case(name, "exp")) known = &record.explanation;
  if (known && *known) return "is there twice";
  auto parsed = MacroString::parse(
      value, known ? MacroString::Grammar::DomainSpec : MacroString::Grammar::Modifier);
  if (!is_modifier_name(name) || !parsed) return "makes no sense";
  if (known) *known = std::move(parsed);
  return "";
}

}  // namespace

bool is_record(std::string_view text) {
  if (!starts_with_ignoring_case(text, kVersion)) return false;
  return text.size() == kVersion.size() || text[kVersion.size()] == ' ';
}

waxwing::Result<Record> parse_record(std::string_view text) {
  if (!is_record(text)) return fail(Error::Code::Invalid, "it does not start with v=spf1");
  Record record;
  for (const std::string_view term : split(text.substr(kVersion.size()), ' ')) {
    if (term.empty()) continue;
    const std::size_t mark = term.find_first_of("=:/");
    if (mark != std::string_view::npos && term[mark] == '=') {
      const std::string wrong = read_modifier(term.substr(0, mark), term.substr(mark + 1), record);
      if (!wrong.empty()) return fail(Error::Code::Invalid, "\"" + printable(term) + "\" " + wrong);
      continue;
    }
    auto directive = parse_directive(term);
    if (!directive) return fail(Error::Code::Invalid, "\"" + printable(term) + "\" makes no sense");
    if (record.has_all) continue;
    record.has_all = directive->mechanism == Mechanism::All;
    record.directives.push_back(*std::move(directive));
  }
  return record;
}

bool is_in_network(std::string_view address, std::string_view network, unsigned prefix) {
  if (address.size() != network.size()) return false;
  const std::size_t whole = prefix / 8;
  if (address.substr(0, whole) != network.substr(0, whole)) return false;
  const unsigned rest = prefix % 8;
  return rest == 0 || ((address[whole] ^ network[whole]) & (0xFF << (8 - rest)) & 0xFF) == 0;
}

}  // namespace waxwing::spf
