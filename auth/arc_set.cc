#include "auth/arc_set.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "protocols/mail/header.h"

namespace waxwing::arc {
namespace {

using dkim::Canonicalization;

struct Kind {
  std::string_view name;
  std::string_view Set::*field;
};
constexpr std::array<Kind, 3> kKinds = {{
    {"ARC-Authentication-Results", &Set::results_field},
    {"ARC-Message-Signature", &Set::message_field},
    {"ARC-Seal", &Set::seal_field},
}};

tl::unexpected<Error> wrong(std::string text) {
  return fail(Error::Code::Invalid, std::move(text));
}

std::string_view value_of(std::string_view raw) {
  return raw.substr(std::min(raw.find(':') + 1, raw.size()));
}

// The number of the set, from the first tag; 0 where it makes no sense. Only the two signatures are
// lists of tags as a whole.
std::size_t instance_of(std::string_view raw) {
  const std::string_view value = value_of(raw);
  const std::string_view first = value.substr(0, value.find(';'));
  const auto equals = first.find('=');
  if (equals == std::string_view::npos || trim(first.substr(0, equals)) != "i") return 0;
  return static_cast<std::size_t>(
      parse_number(trim(first.substr(equals + 1)), kMaxSets).value_or(0));
}

bool is_of_arc(std::string_view name) {
  return std::ranges::any_of(
      kKinds, [&](const Kind& kind) { return equals_ignoring_case(kind.name, name); });
}

Outcome read_message(Set& set) {
  const auto tags = TagList::parse(value_of(set.message_field));
  if (!tags) return wrong("it is no list of tags");
  auto signature = dkim::parse_signature_tags(*tags);
  if (!signature) return fail(signature.error());
  if (std::ranges::any_of(signature->headers, is_of_arc)) return wrong("it signs fields of ARC");
  set.message = *std::move(signature);
  return {};
}

Outcome read_seal(Set& set) {
  const auto tags = TagList::parse(value_of(set.seal_field));
  if (!tags) return wrong("it is no list of tags");
  if (tags->find("h")) return wrong("it has an h=");  // section 4.1.3
  auto signature = dkim::parse_signer_tags(*tags);
  if (!signature) return fail(signature.error());
  set.seal = *std::move(signature);
  set.chain = tags->find("cv").value_or("");
  return {};
}

Outcome read_set(std::size_t number, Set& set) {
  const std::string which = " of set " + std::to_string(number);
  for (const Kind& kind : kKinds)
    if ((set.*kind.field).empty()) return wrong("there is no " + std::string(kind.name) + which);
  if (const auto read = read_message(set); !read)
    return wrong("the ARC-Message-Signature" + which + ": " + read.error().text);
  if (const auto read = read_seal(set); !read)
    return wrong("the ARC-Seal" + which + ": " + read.error().text);
  return {};
}

}  // namespace

Result<std::vector<Set>> read_sets(std::string_view header) {
  std::map<std::size_t, Set> found;
  for (mail::HeaderWalker walker(header); const auto field = walker.next();) {
    for (const Kind& kind : kKinds) {
      if (!equals_ignoring_case(field->name, kind.name)) continue;
      const std::size_t number = instance_of(field->raw);
      if (number == 0) return wrong("the i= of an " + std::string(kind.name) + " makes no sense");
      std::string_view& place = found[number].*kind.field;
      if (!place.empty()) return wrong("set " + std::to_string(number) + " has a field twice");
      place = field->raw;
    }
  }
  std::vector<Set> sets;
  for (auto& [number, set] : found) {
    if (number != sets.size() + 1)
      return wrong("there is no set " + std::to_string(sets.size() + 1));
    if (const auto read = read_set(number, set); !read) return fail(read.error());
    sets.push_back(std::move(set));
  }
  return sets;
}

std::string sealed_text(const std::vector<Set>& sets) {
  std::string text;
  for (const Set& set : sets) {
    text += dkim::canonical_field(set.results_field, Canonicalization::Relaxed);
    text += dkim::canonical_field(set.message_field, Canonicalization::Relaxed);
    text += &set == &sets.back()
                ? dkim::canonical_signature(set.seal_field, Canonicalization::Relaxed)
                : dkim::canonical_field(set.seal_field, Canonicalization::Relaxed);
  }
  return text;
}

}  // namespace waxwing::arc
